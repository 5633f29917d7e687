package io.skerry.edge.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.health.Health.Change;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class HealthTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private final Health health = new Health(2, 3, true);
    private long number;

    private Change result(boolean good) {
        return health.count(number++, good, 0);
    }

    @Test
    void isDownAfterFailuresInARowOnly() {
        assertThat(result(false)).isEqualTo(Change.NONE);
        assertThat(result(true)).isEqualTo(Change.NONE);
        assertThat(result(false)).isEqualTo(Change.NONE);
        assertThat(health.up()).isTrue();
        assertThat(result(false)).isEqualTo(Change.WENT_DOWN);
        assertThat(health.up()).isFalse();
        assertThat(result(false)).isEqualTo(Change.NONE);
    }

    @Test
    void isUpAgainAfterSuccessesInARowOnly() {
        result(false);
        result(false);
        result(true);
        result(true);
        result(false);
        result(true);
        result(true);
        assertThat(health.up()).isFalse();
        assertThat(result(true)).isEqualTo(Change.CAME_UP);
        assertThat(health.up()).isTrue();
    }

    @Test
    void aResultOfAnEarlierCheckComesTooLate() {
        health.count(0, true, 0);
        health.count(3, true, 0);
        health.count(1, false, 0);
        assertThat(health.count(2, false, 0)).isEqualTo(Change.NONE);
        assertThat(health.up()).isTrue();
        health.count(4, false, 0);
        assertThat(health.count(5, false, 0)).isEqualTo(Change.WENT_DOWN);
    }

    @Test
    void aRecoveredWeightGrowsOverTheSlowStart() {
        assertThat(health.grown(1_000, 10 * SECOND, 0)).isEqualTo(1_000);
        result(false);
        result(false);
        long since = 7 * SECOND;
        for (int i = 0; i < 3; i++) {
            health.count(number++, true, since);
        }
        assertThat(health.grown(1_000, 10 * SECOND, since)).isEqualTo(1);
        assertThat(health.grown(1_000, 10 * SECOND, since + SECOND)).isBetween(99, 100);
        assertThat(health.grown(1_000, 10 * SECOND, since + 5 * SECOND)).isBetween(499, 500);
        assertThat(health.grown(1_000, 10 * SECOND, since + 11 * SECOND)).isEqualTo(1_000);
        assertThat(health.grown(1_000, 0, since + SECOND)).as("off").isEqualTo(1_000);
    }

    @Test
    void nothingIsKnownOnceTheChecksHaveEnded() {
        result(false);
        result(false);
        health.forget();
        assertThat(health.up()).isTrue();
        assertThat(health.grown(1_000, 10 * SECOND, 0)).isEqualTo(1_000);
    }
}
