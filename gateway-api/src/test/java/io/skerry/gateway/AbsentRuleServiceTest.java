package io.skerry.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AbsentRuleServiceTest {
    private Door door;

    @BeforeEach
    void open() throws Exception {
        door = new Door();
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    private static Duration since(long startNanos) {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }

    @Test
    void answersUnavailableAtOnceWhenNobodyServes() throws Exception {
        door.call("GET", "/v1/instances");
        long start = System.nanoTime();

        Wire.Answer read = door.call("GET", "/v1/instances");
        Wire.Answer write = door.call("POST", "/v1/instances", "{}");

        assertThat(read.status()).isEqualTo(503);
        assertThat(read.header("Retry-After")).isEqualTo("1");
        assertThat(write.status()).isEqualTo(503);
        assertThat(write.code()).isEqualTo("unavailable");
        // Deadlines are 2 s for the read and 5 s for the write.
        assertThat(since(start)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void answersUnavailableWhenAReadTimesOut() throws Exception {
        FakeRuleService.on(door.bus).fallSilent();
        long start = System.nanoTime();

        Wire.Answer answer = door.call("GET", "/v1/instances");

        assertThat(answer.status()).isEqualTo(503);
        assertThat(since(start)).isBetween(Duration.ofMillis(1_900), Duration.ofMillis(4_500));
    }

    @Test
    void asksAnotherRuleServiceWhereOneDoesNotAnswerARead() throws Exception {
        FakeRuleService.on(door.bus).fallSilent();
        FakeRuleService.on(door.bus);

        // Each has its turn, so one of two calls in a row meets the silent one first.
        for (int i = 0; i < 4; i++) {
            assertThat(door.call("GET", "/v1/instances").status()).isEqualTo(200);
        }
    }

    @Test
    void asksNobodyElseToWriteWhatOneMayHaveWritten() throws Exception {
        FakeRuleService silent = FakeRuleService.on(door.bus);
        silent.fallSilent();
        FakeRuleService other = FakeRuleService.on(door.bus);
        int unknown = 0;
        for (int i = 0; i < 2; i++) {
            unknown += door.call("DELETE", "/v1/instances/sid-1").status() == 504 ? 1 : 0;
        }

        assertThat(unknown).isEqualTo(1);
        other.next();
        assertThat(other.wasAsked()).isFalse();
    }

    @Test
    void asksNobodyElseWhereManyReadsAreSlow() throws Exception {
        FakeRuleService.on(door.bus).fallSilent();
        String none = "skerry_limit_hits_total{name=\"reads_asked_again\"} 0.0";
        assertThat(door.call("GET", "/v1/instances").status()).isEqualTo(503);
        assertThat(door.gateway.metricsText()).contains(none);

        List<CompletableFuture<Integer>> many = new ArrayList<>();
        for (int i = 0; i <= RuleCalls.ASK_ANOTHER_MAX; i++) {
            many.add(
                    CompletableFuture.supplyAsync(
                            this::list, task -> Thread.startVirtualThread(task)));
        }
        for (CompletableFuture<Integer> each : many) {
            assertThat(each.get(30, TimeUnit.SECONDS)).isEqualTo(503);
        }

        assertThat(door.gateway.metricsText()).doesNotContain(none);
    }

    private int list() {
        try {
            return door.call("GET", "/v1/instances").status();
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Test
    void saysThatTheOutcomeIsUnknownWhenAWriteTimesOut() throws Exception {
        FakeRuleService.on(door.bus).fallSilent();
        long start = System.nanoTime();

        Wire.Answer answer = door.call("DELETE", "/v1/instances/sid-1");

        assertThat(answer.status()).isEqualTo(504);
        assertThat(answer.code()).isEqualTo("outcome_unknown");
        assertThat(since(start)).isBetween(Duration.ofMillis(4_900), Duration.ofMillis(8_000));
    }

    @Test
    void isLiveButNotReadyUntilARuleServiceAnswers() throws Exception {
        assertThat(door.call("GET", "/health/live").status()).isEqualTo(200);
        assertThat(door.call("GET", "/health/ready").status()).isEqualTo(503);
        assertThat(door.gateway.isReady()).isFalse();

        FakeRuleService.on(door.bus);

        assertThat(door.call("GET", "/health/ready").json().getString("status")).isEqualTo("up");
        assertThat(door.gateway.isReady()).isTrue();
    }

    @Test
    void isNotReadyWhileTheRuleServiceIsSilent() throws Exception {
        FakeRuleService.on(door.bus).fallSilent();
        long start = System.nanoTime();

        assertThat(door.call("GET", "/health/ready").status()).isEqualTo(503);
        assertThat(since(start)).isLessThan(Duration.ofSeconds(3));
    }
}
