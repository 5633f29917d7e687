package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Whom a request is sent to.
final class AnsweringTest {
    private final Answering answering = new Answering();

    private List<String> at(String address, long nowMillis) {
        return answering.at(address, nowMillis, member -> true);
    }

    @Test
    void oneThatTheClusterDroppedIsAskedLastAndNotWhenItFellSilent() {
        answering.heard("dropped", true, Set.of("rules"), 0);
        answering.heard("kept", true, Set.of("rules"), 0);
        for (int i = 0; i < 4; i++) {
            assertThat(answering.at("rules", 1, "kept"::equals)).containsExactly("kept", "dropped");
        }
        assertThat(answering.at("rules", 1, member -> false)).hasSize(2);
        long late = Answering.RECENT_MILLIS + 1;
        assertThat(answering.at("rules", late, "kept"::equals)).containsExactly("kept");
        assertThat(answering.at("rules", late, member -> false)).isEmpty();
    }

    @Test
    void everyoneWhoAnswersThereIsFirstInTurn() {
        answering.heard("one", true, Set.of("rules"), 0);
        answering.heard("two", true, Set.of("rules", "nodes"), 0);
        answering.heard("three", true, Set.of("nodes"), 0);
        assertThat(List.of(at("rules", 1), at("rules", 1)))
                .containsExactlyInAnyOrder(List.of("one", "two"), List.of("two", "one"));
        assertThat(at("probe", 1)).isEmpty();
    }

    @Test
    void oneThatFellSilentIsPassedOverUntilItIsHeardAgain() {
        answering.heard("silent", true, Set.of("rules"), 0);
        answering.heard("alive", true, Set.of("rules"), 1_000);
        assertThat(at("rules", Answering.RECENT_MILLIS)).hasSize(2);
        long late = Answering.RECENT_MILLIS + 1;
        for (int i = 0; i < 4; i++) {
            assertThat(at("rules", late)).containsExactly("alive");
        }
        assertThat(answering.count(late)).isEqualTo(1);
        answering.heard("silent", true, Set.of("rules"), late);
        assertThat(answering.count(late)).isEqualTo(2);
        assertThat(at("rules", late)).containsExactlyInAnyOrder("silent", "alive");
    }

    @Test
    void whereNobodyWasHeardLatelyTheLastOneIsAskedFirst() {
        answering.heard("first", true, Set.of("rules"), 0);
        answering.heard("last", true, Set.of("rules"), 1_000);
        for (int i = 0; i < 4; i++) {
            assertThat(at("rules", Answering.KEPT_MILLIS)).containsExactly("last", "first");
        }
        assertThat(at("rules", Answering.KEPT_MILLIS + 1)).containsExactly("last");
        assertThat(at("rules", Answering.KEPT_MILLIS + 1_001)).isEmpty();
    }

    @Test
    void oneThatIsForgottenIsPassedOverUntilItIsHeardAgain() {
        answering.heard("one", true, Set.of("rules"), 0);
        answering.forget("one");
        assertThat(at("rules", 1)).isEmpty();
        answering.heard("one", true, Set.of("rules"), 2);
        assertThat(at("rules", 2)).containsExactly("one");
    }

    @Test
    void onlyFullMembersAreCounted() {
        answering.heard("edge", false, Set.of("probe"), 0);
        assertThat(at("probe", 1)).containsExactly("edge");
        assertThat(answering.count(1)).isZero();
    }
}
