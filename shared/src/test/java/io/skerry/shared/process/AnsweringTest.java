package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Whom a request is sent to.
final class AnsweringTest {
    private final Answering answering = new Answering();

    private List<String> twice(String address, long nowMillis) {
        List<String> turns = new ArrayList<>();
        answering.next(address, nowMillis).ifPresent(turns::add);
        answering.next(address, nowMillis).ifPresent(turns::add);
        return turns;
    }

    @Test
    void everyoneWhoAnswersThereHasItsTurn() {
        answering.heard("one", Set.of("rules"), 0);
        answering.heard("two", Set.of("rules", "nodes"), 0);
        answering.heard("three", Set.of("nodes"), 0);
        assertThat(twice("rules", 1)).containsExactlyInAnyOrder("one", "two");
        assertThat(answering.next("probe", 1)).isEmpty();
    }

    @Test
    void oneThatFellSilentIsPassedOverUntilItIsHeardAgain() {
        answering.heard("silent", Set.of("rules"), 0);
        answering.heard("alive", Set.of("rules"), 1_000);
        long late = Answering.RECENT_MILLIS + 1;
        for (int i = 0; i < 4; i++) {
            assertThat(answering.next("rules", late)).contains("alive");
        }
        assertThat(answering.count(late)).isEqualTo(1);
        answering.heard("silent", Set.of("rules"), late);
        assertThat(answering.count(late)).isEqualTo(2);
        assertThat(twice("rules", late)).containsExactlyInAnyOrder("silent", "alive");
        assertThat(answering.next("rules", 2 * late + 1)).isEmpty();
    }

    @Test
    void oneThatIsForgottenIsPassedOverUntilItIsHeardAgain() {
        answering.heard("one", Set.of("rules"), 0);
        answering.forget("one");
        assertThat(answering.next("rules", 1)).isEmpty();
        answering.heard("one", Set.of("rules"), 2);
        assertThat(answering.next("rules", 2)).contains("one");
    }
}
