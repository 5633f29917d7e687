package io.skerry.rules.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.store.RolloutRow;
import io.skerry.rules.store.RolloutTable;
import io.skerry.shared.content.RuleCounts;
import io.skerry.shared.instance.RolloutStrategy;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class GateTest {
    private static final RuleCounts NONE = RuleCounts.NONE;

    private static RolloutRow rollout(RolloutRow.State state, double seconds, List<String> lost) {
        return new RolloutRow(
                "sid-1",
                state,
                12,
                17,
                12,
                "ab",
                RolloutStrategy.DEFAULT,
                Map.of("a", "boot"),
                Set.of("rule-1", "rule-2"),
                Set.of("rule-2"),
                lost,
                null,
                OffsetDateTime.MIN,
                OffsetDateTime.MIN,
                seconds);
    }

    private static Canary canary(Canary.Standing standing, Map<String, String> refused) {
        return new Canary("a", standing, 30, refused, RolloutTable.Counted.NOTHING);
    }

    private static Canary counted(RuleCounts before, RuleCounts latest) {
        Map<String, RuleCounts> first = Map.of("rule-1", before);
        return new Canary(
                "a",
                Canary.Standing.APPLIED,
                30,
                Map.of(),
                new RolloutTable.Counted(first, first, Map.of("rule-1", latest)));
    }

    private static Gate.Verdict judge(RolloutRow.State state, double seconds, Canary... canaries) {
        return Gate.judge(rollout(state, seconds, List.of()), List.of(canaries));
    }

    private static String takenBack(Canary... canaries) {
        Gate.Verdict verdict = judge(RolloutRow.State.OBSERVING, 1, canaries);
        assertThat(verdict).isInstanceOf(Gate.Verdict.TakeBack.class);
        return ((Gate.Verdict.TakeBack) verdict).reason();
    }

    private static void waits(Canary... canaries) {
        assertThat(judge(RolloutRow.State.OBSERVING, 1, canaries))
                .isEqualTo(new Gate.Verdict.Wait());
    }

    @Test
    void observesWhenEveryCanaryHasAppliedIt() {
        Canary done = canary(Canary.Standing.APPLIED, Map.of());
        Canary late = canary(Canary.Standing.PENDING, Map.of());
        assertThat(judge(RolloutRow.State.CANARY, 1, done, late))
                .isEqualTo(new Gate.Verdict.Wait());
        assertThat(judge(RolloutRow.State.CANARY, 1, done, done))
                .isEqualTo(new Gate.Verdict.Observe());
        assertThat(judge(RolloutRow.State.CANARY, Gate.APPLY_SECONDS, late))
                .isEqualTo(new Gate.Verdict.Wait());
        assertThat(judge(RolloutRow.State.CANARY, Gate.APPLY_SECONDS + 0.1, done, late))
                .isEqualTo(
                        new Gate.Verdict.TakeBack(
                                "a has not applied it within 60 s", Limit.CANARY_APPLY_SECONDS));
    }

    @Test
    void promotesWhenEveryCanaryIsHeardOfAfterTheTimeOfObservation() {
        Canary done = canary(Canary.Standing.APPLIED, Map.of());
        Canary early =
                new Canary(
                        "b", Canary.Standing.APPLIED, 29.9, Map.of(), RolloutTable.Counted.NOTHING);
        Canary late = canary(Canary.Standing.PENDING, Map.of());
        RolloutRow.State observing = RolloutRow.State.OBSERVING;
        assertThat(judge(observing, 35, done, early)).isEqualTo(new Gate.Verdict.Wait());
        assertThat(judge(observing, 35, done, late)).isEqualTo(new Gate.Verdict.Wait());
        assertThat(judge(observing, 35, done, done)).isEqualTo(new Gate.Verdict.Promote());
    }

    @Test
    void aCanaryThatComesBackWhileOthersAreWatchedHasItsTimeToApplyItAndNoMore() {
        Canary done = canary(Canary.Standing.APPLIED, Map.of());
        Canary late = named("b", Canary.Standing.PENDING);
        double most = RolloutStrategy.DEFAULT.observeSeconds() + Gate.APPLY_SECONDS;
        RolloutRow.State observing = RolloutRow.State.OBSERVING;
        assertThat(judge(observing, most, done, late)).isEqualTo(new Gate.Verdict.Wait());
        assertThat(judge(observing, most + 0.1, done, late))
                .isEqualTo(
                        new Gate.Verdict.TakeBack(
                                "b has not applied it within 60 s", Limit.CANARY_APPLY_SECONDS));
    }

    private static Canary named(String node, Canary.Standing standing) {
        return new Canary(node, standing, 30, Map.of(), RolloutTable.Counted.NOTHING);
    }

    private static Gate.Verdict judge(List<String> lost, Canary... canaries) {
        return Gate.judge(rollout(RolloutRow.State.OBSERVING, 1, lost), List.of(canaries));
    }

    @Test
    void aCanaryIsAwaitedTheFirstTimeItIsLostAndClosesTheGateTheSecondTime() {
        Canary lost = named("a", Canary.Standing.LOST);
        Canary alsoLost = named("b", Canary.Standing.LOST);
        Canary done = named("c", Canary.Standing.APPLIED);
        assertThat(judge(List.of(), lost, done)).isEqualTo(new Gate.Verdict.Await(List.of("a")));
        assertThat(judge(List.of("a"), lost, done))
                .isEqualTo(
                        new Gate.Verdict.TakeBack(
                                "a went down or restarted again", Limit.CANARY_LOSSES));
        assertThat(judge(List.of("a"), alsoLost, done))
                .isEqualTo(
                        new Gate.Verdict.TakeBack(
                                "a and b went down or restarted", Limit.CANARY_LOSSES));
        assertThat(judge(List.of(), lost, alsoLost, done))
                .isEqualTo(
                        new Gate.Verdict.TakeBack(
                                "a and b went down or restarted", Limit.CANARY_LOSSES));
        assertThat(judge(List.of("a"), done)).isEqualTo(new Gate.Verdict.Wait());
    }

    @Test
    void aLostCanaryThatHadRefusedTheChangeClosesTheGateAtOnce() {
        assertThat(takenBack(canary(Canary.Standing.LOST, Map.of("rule-1", "port_in_use"))))
                .isEqualTo("a refuses rule-1: port_in_use");
    }

    @Test
    void whoIsMissingIsAwaitedForAsLongAsApplyingMayTakeAndThenTheOthersDecide() {
        Canary missing = named("a", Canary.Standing.MISSING);
        Canary done = named("b", Canary.Standing.APPLIED);
        Canary late = named("b", Canary.Standing.PENDING);
        double over = Gate.APPLY_SECONDS + 0.1;
        RolloutRow.State canary = RolloutRow.State.CANARY;
        assertThat(judge(canary, 1, missing, done)).isEqualTo(new Gate.Verdict.Wait());
        assertThat(judge(canary, over, missing, done)).isEqualTo(new Gate.Verdict.Observe());
        assertThat(judge(canary, over, missing, late))
                .isEqualTo(
                        new Gate.Verdict.TakeBack(
                                "b has not applied it within 60 s", Limit.CANARY_APPLY_SECONDS));
        assertThat(judge(canary, 1, missing)).isEqualTo(new Gate.Verdict.Wait());
        assertThat(judge(canary, over, missing)).isEqualTo(new Gate.Verdict.ChooseAnew());
        assertThat(judge(RolloutRow.State.OBSERVING, 30, missing, done))
                .isEqualTo(new Gate.Verdict.Promote());
    }

    @Test
    void aCanaryThatIsAwayIsNotWatched() {
        Canary away = canary(Canary.Standing.AWAY, Map.of());
        Canary done = canary(Canary.Standing.APPLIED, Map.of());
        waits(away, done);
        assertThat(judge(RolloutRow.State.OBSERVING, 1, away))
                .isEqualTo(new Gate.Verdict.ChooseAnew());
    }

    @Test
    void aRefusalClosesTheGateUnlessItIsOldOrOfAnotherRule() {
        assertThat(takenBack(canary(Canary.Standing.APPLIED, Map.of("rule-1", "port_in_use"))))
                .isEqualTo("a refuses rule-1: port_in_use");
        assertThat(takenBack(canary(Canary.Standing.APPLIED, Map.of("sid-1", "unreadable"))))
                .isEqualTo("a refuses sid-1: unreadable");
        waits(canary(Canary.Standing.APPLIED, Map.of("rule-2", "port_in_use")));
        waits(canary(Canary.Standing.APPLIED, Map.of("rule-3", "port_in_use")));
    }

    @Test
    void moreFailuresThanBeforeCloseTheGate() {
        assertThat(takenBack(counted(NONE, new RuleCounts(5, 5, 0))))
                .isEqualTo("rule-1: 100 % of 5 sessions without a connection, 0 % before");
        assertThat(takenBack(counted(new RuleCounts(100, 0, 10), new RuleCounts(200, 0, 40))))
                .isEqualTo("rule-1: 30 % of 100 sessions reset by the origin, 10 % before");
    }

    @Test
    void whatACanaryCountsInItsNextLifeIsNoLessThanNothing() {
        assertThat(takenBack(counted(new RuleCounts(100, 50, 0), new RuleCounts(10, 10, 0))))
                .isEqualTo("rule-1: 100 % of 10 sessions without a connection, 50 % before");
        waits(counted(new RuleCounts(100, 50, 0), new RuleCounts(10, 4, 0)));
    }

    @Test
    void fewFailuresOrAsManyAsBeforeDoNot() {
        waits(counted(NONE, new RuleCounts(4, 4, 4)));
        waits(counted(NONE, new RuleCounts(100, 10, 0)));
        waits(counted(new RuleCounts(100, 50, 0), new RuleCounts(200, 110, 0)));
        RuleCounts many = new RuleCounts(10, 10, 10);
        Map<String, RuleCounts> other = Map.of("rule-3", many);
        waits(
                new Canary(
                        "a",
                        Canary.Standing.APPLIED,
                        30,
                        Map.of(),
                        new RolloutTable.Counted(Map.of(), Map.of(), other)));
    }

    @Test
    void whatSeveralCanariesCountIsTakenTogether() {
        Canary few = counted(NONE, new RuleCounts(3, 3, 0));
        waits(few);
        assertThat(takenBack(few, few)).contains("6 sessions");
    }
}
