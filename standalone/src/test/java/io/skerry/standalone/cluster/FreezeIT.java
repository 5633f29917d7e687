package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Processes that stop for a while without dying (SIGSTOP), for longer than the 10 s after which
/// the cluster drops a member, in a stream of changes.
@ExtendWith(SharedCluster.class)
final class FreezeIT {
    /// `-Dskerry.freeze.seconds`, 16 by default; a long run takes 90.
    private static final Duration FREEZE =
            Duration.ofSeconds(Integer.getInteger("skerry.freeze.seconds", 16));

    /// `-Dskerry.freeze.times`, 1 by default: how often a rule service is frozen, each after the
    /// other had woken.
    private static final int TIMES = Integer.getInteger("skerry.freeze.times", 1);

    /// The longest that a write and its repetitions may be refused while a rule service is frozen:
    /// 5 s where it meets the frozen one, and twice as much again on a busy machine.
    private static final Duration REFUSED = Duration.ofSeconds(15);

    /// Changes are made for so long at least, however long the first one took.
    private static final Duration WRITING = Duration.ofSeconds(1);

    @Test
    void aFrozenEdgeIsDownAndKeepsItsSessionsAndConvergesWhenItWakes(Cluster cluster)
            throws IOException {
        try (EchoSession.Origin echo = new EchoSession.Origin("127.0.0.1");
                WordOrigin origin = new WordOrigin("thawed");
                ChaosWriter writer = writer(cluster)) {
            int held = Cluster.port();
            int changed = Cluster.port();
            String instance = cluster.door().instance("frozen-edge");
            cluster.awaitOnline(
                    instance, cluster.door().rule(instance, Door.tcp(held, echo.port())));
            try (EchoSession session = new EchoSession(cluster.address(2), held)) {
                session.beat();
                long wake = System.nanoTime() + FREEZE.toNanos();
                cluster.edge(2).signal("STOP");
                String rule = cluster.door().rule(instance, Door.tcp(changed, origin.port()));
                cluster.awaitWord("thawed", changed, 1, 3);
                Waiting.until(
                        "the frozen node is down",
                        Cluster.CONVERGE,
                        () -> cluster.door().nodes().contains("edge-2 down"),
                        () -> cluster.door().nodes());
                writer.writeUntil(wake);
                cluster.edge(2).signal("CONT");
                cluster.awaitNodes();
                report("an edge", writer, cluster.awaitTargets());
                assertThat(WordOrigin.heard(cluster.address(2), changed)).contains("thawed");
                cluster.awaitOnline(instance, rule);
                writer.everyNodeServesWhatWasAcknowledged();
                session.beat();
            }
        }
    }

    @Test
    void aFrozenRuleServiceStopsNobodyAndTakesPartWhenItWakes(Cluster cluster) {
        for (int i = 0; i < TIMES; i++) {
            freezeRuleService(cluster, i);
        }
    }

    private static void freezeRuleService(Cluster cluster, int time) {
        try (WordOrigin origin = new WordOrigin("wrote on");
                ChaosWriter writer = writer(cluster)) {
            String instance = cluster.door().instance("frozen-rules-" + time);
            ServiceProcess frozen = cluster.rules().get(time % 2);
            long began = System.nanoTime();
            long wake = began + FREEZE.toNanos();
            frozen.signal("STOP");
            int port = Cluster.port();
            Door.Reply[] last = new Door.Reply[1];
            Waiting.until(
                    "a write is acknowledged by the other",
                    Cluster.CONVERGE,
                    () -> {
                        last[0] =
                                cluster.door()
                                        .call(
                                                "POST",
                                                "/v1/instances/" + instance + "/rules",
                                                Door.tcp(port, origin.port()),
                                                "frozen-rules-" + time);
                        return last[0].status() == 201;
                    },
                    () -> last[0]);
            Duration first = Duration.ofNanos(System.nanoTime() - began);
            cluster.awaitWord("wrote on", port, 1, 2, 3);
            writer.writeUntil(Math.max(wake, System.nanoTime() + WRITING.toNanos()));
            frozen.signal("CONT");
            cluster.awaitWell();
            report("a rule service", writer, cluster.awaitTargets());
            cluster.awaitBus();
            assertThat(List.of(first, writer.longestRefused()))
                    .as("time until a change was acknowledged, with all repetitions")
                    .allSatisfy(took -> assertThat(took).isLessThan(REFUSED));
            cluster.awaitOnline(instance, last[0].json().getString("id"));
            writer.everyNodeServesWhatWasAcknowledged();
        }
    }

    private static ChaosWriter writer(Cluster cluster) {
        long seed = Long.getLong("skerry.chaos.seed", new Random().nextLong());
        System.out.println("freeze with -Dskerry.chaos.seed=" + seed);
        return new ChaosWriter(cluster, 1, new Random(seed));
    }

    private static void report(String what, ChaosWriter writer, Duration late) {
        System.out.printf(
                "freeze: %s for %d s, %s; at its target %d ms after it was well%n",
                what, FREEZE.toSeconds(), writer, late.toMillis());
    }
}
