package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// A cluster that loses parts: traffic goes on, and everything converges afterwards.
@ExtendWith(SharedCluster.class)
final class FailureIT {
    /// The API promises an answer to a write within 5 s; the rest is for a busy machine.
    private static final Duration REFUSED_WITHIN = Duration.ofSeconds(8);

    private static final int KILLS = 3;

    /// Writes before and after each kill.
    private static final int WRITES = 10;

    @Test
    void anEdgeThatWasKilledConverges(Cluster cluster) {
        try (WordOrigin origin = new WordOrigin("edge-killed")) {
            int before = Cluster.port();
            int meanwhile = Cluster.port();
            String instance = cluster.door().instance("edge-killed");
            cluster.awaitOnline(
                    instance, cluster.door().rule(instance, Door.tcp(before, origin.port())));
            cluster.edge(2).kill();
            String rule = cluster.door().rule(instance, Door.tcp(meanwhile, origin.port()));
            Waiting.until(
                    "the killed node is down in the rollout",
                    Cluster.CONVERGE,
                    () ->
                            cluster.door()
                                    .rollout(instance, rule)
                                    .equals(List.of("edge-1 ack", "edge-2 down", "edge-3 ack")),
                    () -> cluster.door().rollout(instance, rule));
            Waiting.until(
                    "the rule is online without the killed node",
                    Cluster.CONVERGE,
                    () -> "online".equals(status(cluster, instance, rule)),
                    () -> status(cluster, instance, rule));
            cluster.edge(2).start();
            cluster.awaitWord("edge-killed", before, 2);
            cluster.awaitWord("edge-killed", meanwhile, 2);
            cluster.awaitOnline(instance, rule);
        }
    }

    @Test
    void edgesForwardWhileNoRuleServiceLivesAndConvergeAfter(Cluster cluster) {
        try (WordOrigin origin = new WordOrigin("rules-killed")) {
            int before = Cluster.port();
            int after = Cluster.port();
            String instance = cluster.door().instance("rules-killed");
            cluster.awaitOnline(
                    instance, cluster.door().rule(instance, Door.tcp(before, origin.port())));
            cluster.rules().forEach(ServiceProcess::kill);
            cluster.awaitWord("rules-killed", before, 1, 2, 3);
            long began = System.nanoTime();
            assertThat(cluster.door().addRule(instance, Door.tcp(after, origin.port())).status())
                    .isIn(503, 504);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(REFUSED_WITHIN);
            cluster.rules().forEach(ServiceProcess::start);
            cluster.rules().forEach(ServiceProcess::awaitReady);
            cluster.awaitWord("rules-killed", before, 1, 2, 3);
            String rule = acknowledged(cluster, instance, after, origin.port());
            cluster.awaitOnline(instance, rule);
            cluster.awaitWord("rules-killed", after, 1, 2, 3);
        }
    }

    private static String status(Cluster cluster, String instance, String rule) {
        return cluster.door().rule(instance, rule).getString("status");
    }

    /// Writes until it is acknowledged; answers the rule's id.
    private static String acknowledged(Cluster cluster, String instance, int port, int originPort) {
        Door.Reply[] last = new Door.Reply[1];
        Waiting.until(
                "a write is acknowledged",
                Cluster.CONVERGE,
                () -> {
                    last[0] = cluster.door().addRule(instance, Door.tcp(port, originPort));
                    return last[0].status() == 201;
                },
                () -> last[0]);
        return last[0].json().getString("id");
    }

    @Test
    void theGatewayMayBeRestartedAlone(Cluster cluster) {
        try (WordOrigin origin = new WordOrigin("gateway")) {
            int before = Cluster.port();
            int after = Cluster.port();
            String instance = cluster.door().instance("gateway-restarted");
            cluster.awaitOnline(
                    instance, cluster.door().rule(instance, Door.tcp(before, origin.port())));
            assertThat(cluster.gateway().stop()).isZero();
            cluster.awaitWord("gateway", before, 1, 2, 3);
            cluster.gateway().start();
            cluster.gateway().awaitReady();
            String rule = acknowledged(cluster, instance, after, origin.port());
            cluster.awaitOnline(instance, rule);
        }
    }

    /// One after the other, as in an upgrade, in a stream of changes.
    @Test
    void ruleServicesMayBeRestartedOneByOneWithoutARefusal(Cluster cluster) {
        long seed = Long.getLong("skerry.chaos.seed", new Random().nextLong());
        System.out.println("restarts with -Dskerry.chaos.seed=" + seed);
        try (ChaosWriter writer = new ChaosWriter(cluster, 1, new Random(seed))) {
            writer.write(WRITES);
            for (ServiceProcess restarted : cluster.rules()) {
                CompletableFuture<Integer> stopped =
                        CompletableFuture.supplyAsync(
                                restarted::stop, stop -> Thread.ofVirtual().start(stop));
                while (!stopped.isDone()) {
                    writer.write(1);
                }
                assertThat(stopped.join()).isZero();
                writer.write(WRITES);
                restarted.start();
                while (!restarted.isReady()) {
                    writer.write(1);
                }
                writer.write(WRITES);
                cluster.awaitWell();
            }
            System.out.println("restarts of rule services: " + writer);
            assertThat(writer.repeats()).as("refused changes").isZero();
            writer.everyNodeServesWhatWasAcknowledged();
        }
    }

    @Test
    void anEdgeThatStartsWithoutControlPlaneServesFromDisk(Cluster cluster) {
        try (WordOrigin origin = new WordOrigin("from disk")) {
            int port = Cluster.port();
            String instance = cluster.door().instance("from-disk");
            String rule = cluster.door().rule(instance, Door.tcp(port, origin.port()));
            cluster.awaitOnline(instance, rule);
            cluster.rules().forEach(ServiceProcess::kill);
            cluster.gateway().kill();
            cluster.edge(3).kill();
            assertThat(WordOrigin.heard(cluster.address(3), port)).isEmpty();
            cluster.edge(3).start();
            cluster.awaitWord("from disk", port, 3);
            cluster.rules().forEach(ServiceProcess::start);
            cluster.gateway().start();
            cluster.rules().forEach(ServiceProcess::awaitReady);
            cluster.gateway().awaitReady();
            cluster.awaitOnline(instance, rule);
        }
    }

    @Test
    void withoutPostgresWritesAreRefusedQuicklyAndTrafficGoesOn(Cluster cluster) throws Exception {
        try (WordOrigin origin = new WordOrigin("postgres gone")) {
            int before = Cluster.port();
            String instance = cluster.door().instance("postgres-gone");
            cluster.awaitOnline(
                    instance, cluster.door().rule(instance, Door.tcp(before, origin.port())));
            cluster.stopPostgres();
            for (int i = 0; i < 5; i++) {
                long began = System.nanoTime();
                Door.Reply refused =
                        cluster.door().addRule(instance, Door.tcp(Cluster.port(), origin.port()));
                assertThat(refused.status()).as(refused.text()).isEqualTo(503);
                assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(REFUSED_WITHIN);
            }
            cluster.awaitWord("postgres gone", before, 1, 2, 3);
            cluster.startPostgres();
            String rule = acknowledged(cluster, instance, Cluster.port(), origin.port());
            cluster.awaitOnline(instance, rule);
            assertThat(ports(cluster, instance)).hasSize(2);
        }
    }

    @Test
    void noAcknowledgedWriteIsLostWhenPostgresIsKilled(Cluster cluster) throws Exception {
        String instance = cluster.door().instance("postgres-killed");
        Set<String> acknowledged = new TreeSet<>();
        for (int round = 1; round <= KILLS; round++) {
            write(cluster, instance, WRITES * (2 * round - 1), acknowledged);
            new ProcessBuilder("kill", "-9", Long.toString(cluster.postgres().pid()))
                    .start()
                    .waitFor();
            write(cluster, instance, WRITES * 2 * round, acknowledged);
        }
        String last = acknowledged(cluster, instance, Cluster.port(), 9);
        cluster.awaitOnline(instance, last);
        assertThat(ports(cluster, instance)).containsAll(acknowledged);
    }

    /// Writes rules until so many ports were acknowledged in all; others may be refused.
    private static void write(
            Cluster cluster, String instance, int wanted, Set<String> acknowledged) {
        Waiting.until(
                wanted + " writes are acknowledged",
                Cluster.CONVERGE,
                () -> {
                    int port = Cluster.port();
                    Door.Reply reply = cluster.door().addRule(instance, Door.tcp(port, 9));
                    if (reply.status() == 201) {
                        acknowledged.add(Integer.toString(port));
                    } else {
                        assertThat(reply.status()).as(reply.text()).isIn(503, 504);
                    }
                    return acknowledged.size() >= wanted;
                },
                acknowledged::size);
    }

    private static Set<String> ports(Cluster cluster, String instance) {
        Set<String> ports = new TreeSet<>();
        cluster.door()
                .call("GET", "/v1/instances/" + instance + "/rules?limit=1000")
                .expect(200)
                .json()
                .getJsonArray("items")
                .forEach(rule -> ports.add(((JsonObject) rule).getJsonArray("ports").getString(0)));
        return ports;
    }
}
