package io.skerry.rules.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.node.StatusRule.Answer;
import io.skerry.rules.node.StatusRule.NodeAnswer;
import io.skerry.rules.node.StatusRule.Standing;
import io.skerry.rules.store.NodeTable;
import io.skerry.shared.rule.Status;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class StatusRuleTest {
    private static final NodeAnswer PENDING = new NodeAnswer("a", Answer.PENDING, "");
    private static final NodeAnswer DONE = new NodeAnswer("b", Answer.DONE, "");
    private static final NodeAnswer REFUSED =
            new NodeAnswer("c", Answer.REFUSED, "port_held: nginx has it");

    private static final List<Status> STATUSES = List.copyOf(EnumSet.allOf(Status.class));

    private static Standing standing(Status status) {
        return new Standing(status, null);
    }

    private static Standing wanted(Status before, NodeAnswer... answers) {
        return StatusRule.next(true, standing(before), List.of(answers));
    }

    private static Standing unwanted(Status before, NodeAnswer... answers) {
        return StatusRule.next(false, standing(before), List.of(answers));
    }

    @Test
    void isOnlineWhenEveryRequiredNodeAcknowledged() {
        assertThat(wanted(Status.PROGRESS, DONE, DONE)).isEqualTo(standing(Status.ONLINE));
        assertThat(wanted(Status.PROGRESS, DONE, PENDING)).isEqualTo(standing(Status.PROGRESS));
    }

    @Test
    void failsWithTheNodeAndItsReasonAndHealsByItself() {
        Standing failed = wanted(Status.PROGRESS, DONE, REFUSED, PENDING);
        assertThat(failed).isEqualTo(new Standing(Status.FAIL, "c: port_held: nginx has it"));
        assertThat(StatusRule.next(true, failed, List.of(DONE))).isEqualTo(standing(Status.ONLINE));
        assertThat(StatusRule.next(true, failed, List.of(DONE, PENDING)))
                .isEqualTo(standing(Status.PROGRESS));
    }

    @Test
    void staysOnlineWhenANodeComesAndHasNotAnsweredYet() {
        assertThat(wanted(Status.ONLINE, DONE, PENDING)).isEqualTo(standing(Status.ONLINE));
    }

    @Test
    void saysSoWhenThereIsNoNode() {
        assertThat(wanted(Status.PROGRESS)).isEqualTo(new Standing(Status.PROGRESS, "no_node"));
        assertThat(wanted(Status.FAIL)).isEqualTo(new Standing(Status.PROGRESS, "no_node"));
        assertThat(wanted(Status.ONLINE)).isEqualTo(new Standing(Status.ONLINE, "no_node"));
        assertThat(unwanted(Status.STOPPING)).isEqualTo(standing(Status.OFFLINE));
    }

    @Test
    void isOfflineWhenEveryRequiredNodeHasClosedAndDrained() {
        assertThat(unwanted(Status.STOPPING, DONE, PENDING)).isEqualTo(standing(Status.STOPPING));
        assertThat(unwanted(Status.STOPPING, DONE, DONE)).isEqualTo(standing(Status.OFFLINE));
        assertThat(unwanted(Status.OFFLINE, PENDING)).isEqualTo(standing(Status.OFFLINE));
    }

    @Test
    void anyAnswersGiveAStatusThatFitsAndStaysWhenAskedAgain() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            boolean on = random.nextBoolean();
            Status status = STATUSES.get(random.nextInt(STATUSES.size()));
            List<NodeAnswer> answers = new ArrayList<>();
            for (int n = random.nextInt(4); n > 0; n--) {
                answers.add(List.of(PENDING, DONE, REFUSED).get(random.nextInt(3)));
            }
            Standing now = StatusRule.next(on, standing(status), answers);
            String what = "seed " + seed + ": " + on + " " + status + " " + answers;
            assertThat(StatusRule.next(on, now, answers)).as(what).isEqualTo(now);
            if (status != Status.BANNED) {
                assertThat(now.status().isRunning()).as(what).isEqualTo(on);
                assertThat(now.status() == Status.FAIL)
                        .as(what)
                        .isEqualTo(on && answers.contains(REFUSED));
            } else {
                assertThat(now).as(what).isEqualTo(standing(Status.BANNED));
            }
        }
    }

    private static final StatusRule.Content NOW = new StatusRule.Content(20, "d20");

    private static NodeTable.Applied applied(long revision, String digest, String... draining) {
        return new NodeTable.Applied(
                "n", "sid-1", revision, digest, Map.of("bad", "why"), List.of(draining));
    }

    private static Answer rule(
            NodeTable.@org.jspecify.annotations.Nullable Applied applied, String rule, boolean on) {
        return StatusRule.ofRule("n", applied, "sid-1", rule, on, 17, NOW).answer();
    }

    @Test
    void aNodeHasAnsweredOnlyForTheRevisionItReached() {
        assertThat(rule(null, "r", true)).isEqualTo(Answer.PENDING);
        assertThat(rule(applied(16, "d16"), "r", true)).isEqualTo(Answer.PENDING);
        assertThat(rule(applied(17, "d17"), "r", true)).isEqualTo(Answer.DONE);
        assertThat(rule(applied(20, "d20"), "r", true)).isEqualTo(Answer.DONE);
        assertThat(rule(applied(20, "other"), "r", true)).isEqualTo(Answer.PENDING);
        assertThat(rule(applied(21, "d21"), "r", true)).isEqualTo(Answer.PENDING);
        assertThat(rule(applied(17, "d17"), "bad", true)).isEqualTo(Answer.REFUSED);
        assertThat(rule(applied(16, "d16"), "bad", true)).isEqualTo(Answer.PENDING);
    }

    @Test
    void whatANodeRefusesAsAWholeItNeitherServesNorHasStopped() {
        NodeTable.Applied whole =
                new NodeTable.Applied(
                        "n", "sid-1", 20, "d20", Map.of("sid-1", "unreadable"), List.of());
        assertThat(rule(whole, "r", true)).isEqualTo(Answer.REFUSED);
        assertThat(rule(whole, "r", false)).isEqualTo(Answer.PENDING);
        assertThat(StatusRule.ofInstance("n", whole, "sid-1", true, 17, NOW).answer())
                .isEqualTo(Answer.REFUSED);
        assertThat(StatusRule.ofInstance("n", whole, "sid-1", false, 17, NOW).answer())
                .isEqualTo(Answer.PENDING);
    }

    @Test
    void aNodeHasStoppedOnlyWhenItDrainsNoMore() {
        assertThat(rule(applied(16, "d16"), "r", false)).isEqualTo(Answer.PENDING);
        assertThat(rule(applied(18, "d18", "r"), "r", false)).isEqualTo(Answer.PENDING);
        assertThat(rule(applied(18, "d18", "s"), "r", false)).isEqualTo(Answer.DONE);
        assertThat(
                        StatusRule.ofInstance("n", applied(18, "d18", "s"), "i", false, 17, NOW)
                                .answer())
                .isEqualTo(Answer.PENDING);
        assertThat(StatusRule.ofInstance("n", applied(18, "d18"), "i", true, 17, NOW).answer())
                .as("a refused rule does not fail the instance")
                .isEqualTo(Answer.DONE);
    }
}
