package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A network that loses everything between some processes, without telling anybody.
final class PartitionIT {
    private static final List<String> CONTROL = List.of("rules-1", "rules-2", "gateway");
    private static final List<String> EDGES = List.of("edge-1", "edge-2", "edge-3");

    private static final Duration BY_PULL = Cluster.AT_TARGET;

    /// A request that was lost is given up after 5 s, a new connection tried after 2 s more.
    private static final Duration AFTER_HEALING = Duration.ofSeconds(15);

    /// The product's promise for the bus.
    private static final Duration BUS_HEALED = Duration.ofSeconds(45);

    /// The API promises an answer to a write within 5 s; the rest is for a busy machine.
    private static final Duration REFUSED_WITHIN = Duration.ofSeconds(9);

    private static final long MINUTES = Long.getLong("skerry.soak.minutes", 0);
    private static final int ROUNDS = 3;

    private static Namespaces network;
    private static Cluster cluster;

    private WordOrigin origin;
    private EchoSession.Origin echo;
    private EchoSession session;
    private String instance = "";

    @BeforeAll
    static void start() throws IOException {
        network =
                Namespaces.make(
                        Files.createTempDirectory(Path.of("target").toAbsolutePath(), "keys-"));
        cluster = Cluster.start(network);
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    /// Every test keeps a session through every cut: no change concerns it.
    @BeforeEach
    void begin() throws IOException {
        origin = new WordOrigin("here", network.home());
        echo = new EchoSession.Origin(network.home());
        instance = cluster.door().instance("net-" + UUID.randomUUID().toString().substring(0, 8));
        int port = Cluster.port();
        String rule = cluster.door().rule(instance, Door.tcp(port, network.home(), echo.port()));
        cluster.awaitOnline(instance, rule);
        session = new EchoSession(cluster.address(1), port);
        session.beat();
    }

    @AfterEach
    void healAndFindAllWell() throws IOException {
        network.heal();
        cluster.awaitNodes();
        cluster.awaitBus(BUS_HEALED);
        session.beat();
        session.close();
        echo.close();
        origin.close();
    }

    private int write() {
        int port = Cluster.port();
        cluster.door().rule(instance, Door.tcp(port, network.home(), origin.port()));
        return port;
    }

    /// Writes with one key until it is acknowledged; answers the port.
    private int writeUntilAcknowledged() {
        int port = Cluster.port();
        String key = UUID.randomUUID().toString();
        String path = "/v1/instances/" + instance + "/rules";
        Door.Reply[] last = new Door.Reply[1];
        Waiting.until(
                "a write is acknowledged",
                BUS_HEALED,
                () -> {
                    last[0] =
                            cluster.door()
                                    .call(
                                            "POST",
                                            path,
                                            Door.tcp(port, network.home(), origin.port()),
                                            key);
                    return last[0].status() == 201;
                },
                () -> last[0] + cluster.said());
        return port;
    }

    private void awaitServed(int port, Duration within, int... edges) {
        for (int edge : edges) {
            Waiting.until(
                    "edge-" + edge + " forwards " + port,
                    within,
                    () -> WordOrigin.heard(cluster.address(edge), port).isPresent(),
                    cluster::said);
        }
    }

    @Test
    void anEdgeCutOffFromTheControlPlaneServesOnAndConvergesWhenItHeals() {
        network.cut("edge-1", CONTROL);
        int port = write();
        awaitServed(port, BY_PULL, 2, 3);
        Waiting.until(
                "it is down",
                Cluster.CONVERGE,
                () -> cluster.door().nodes().contains("edge-1 down"),
                () -> cluster.door().nodes());
        session.beat();
        assertThat(WordOrigin.heard(cluster.address(1), port)).isEmpty();
        network.heal();
        awaitServed(port, AFTER_HEALING, 1);
    }

    @Test
    void edgesWithoutTheBusConvergeByPullsAlone() {
        EDGES.forEach(edge -> network.cutAllBut(edge, CONTROL, cluster.rulesPorts()));
        for (int i = 0; i < 3; i++) {
            awaitServed(write(), BY_PULL, 1, 2, 3);
        }
        assertThat(cluster.door().nodes()).contains("edge-1 up", "edge-2 up", "edge-3 up");
        session.beat();
    }

    @Test
    void edgesWithoutPullsAreDownAndServeOn() {
        EDGES.forEach(edge -> network.cutPorts(edge, CONTROL, cluster.rulesPorts()));
        Waiting.until(
                "all are down",
                Cluster.CONVERGE,
                () ->
                        cluster.door()
                                .nodes()
                                .containsAll(List.of("edge-1 down", "edge-2 down", "edge-3 down")),
                () -> cluster.door().nodes());
        session.beat();
        // Small changes of instances that run already still come by the bus, on connections that
        // may
        // still wait to send again after what happened to them before.
        awaitServed(write(), AFTER_HEALING, 1, 2, 3);
    }

    @Test
    void ruleServicesThatDoNotSeeEachOtherGoOnThroughTheDatabase() {
        network.cut("rules-1", List.of("rules-2"));
        for (int i = 0; i < 5; i++) {
            awaitServed(writeUntilAcknowledged(), Cluster.CONVERGE, 1, 2, 3);
        }
        session.beat();
        network.heal();
        awaitServed(writeUntilAcknowledged(), Cluster.CONVERGE, 1, 2, 3);
    }

    @Test
    void withTheDatabaseOutOfReachWritesAreRefusedInTimeAndComeBackByThemselves() {
        network.cutHome("rules-1");
        network.cutHome("rules-2");
        for (int i = 0; i < 3; i++) {
            long began = System.nanoTime();
            int status =
                    cluster.door()
                            .addRule(
                                    instance,
                                    Door.tcp(Cluster.port(), network.home(), origin.port()))
                            .status();
            assertThat(status).isIn(503, 504);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(REFUSED_WITHIN);
        }
        session.beat();
        network.heal();
        awaitServed(writeUntilAcknowledged(), Cluster.CONVERGE, 1, 2, 3);
    }

    @Test
    void aGatewayThatIsCutOffAnswers503AndComesBackByItself() {
        network.cut("gateway", List.of("rules-1", "rules-2"));
        Waiting.until(
                "it says so",
                Cluster.CONVERGE,
                () -> cluster.door().call("GET", "/v1/nodes").status() == 503,
                () -> cluster.door().call("GET", "/v1/nodes"));
        session.beat();
        network.heal();
        awaitServed(writeUntilAcknowledged(), Cluster.CONVERGE, 1, 2, 3);
    }

    /// Cuts of any kind, one or two at a time, for a while; `-Dskerry.soak.minutes` goes on with
    /// them, `-Dskerry.chaos.seed` draws the same cuts again.
    @Test
    void whateverIsCutNoSessionEndsAndNothingAcknowledgedIsLost() {
        long seed = Long.getLong("skerry.chaos.seed", new Random().nextLong());
        System.out.println("partition with -Dskerry.chaos.seed=" + seed);
        Random random = new Random(seed);
        CutWriter writer = new CutWriter();
        Duration slowest = Duration.ZERO;
        int rounds = 0;
        long end = System.nanoTime() + Duration.ofMinutes(MINUTES).toNanos();
        for (; rounds < ROUNDS || System.nanoTime() < end; rounds++) {
            List<RandomCut> cuts = RandomCut.draw(random);
            System.out.println("partition: " + cuts);
            cuts.forEach(cut -> cut.apply(network, cluster.rulesPorts()));
            long heal = System.nanoTime() + RandomCut.duration(random).toNanos();
            do {
                writer.tryOne();
                session.beat();
            } while (System.nanoTime() < heal);
            network.heal();
            long healed = System.nanoTime();
            writer.finish();
            writer.awaitServed();
            cluster.awaitNodes();
            cluster.awaitTargets();
            Duration took = Duration.ofNanos(System.nanoTime() - healed);
            slowest = took.compareTo(slowest) > 0 ? took : slowest;
            System.out.println("partition: all is well after " + took);
            session.beat();
            writer.beginAnewWhenFull();
        }
        System.out.printf(
                "partition: %d partitions, %s; well again at most %d ms after healing%n",
                rounds, writer, slowest.toMillis());
    }

    /// Makes rules, each with a key of its own, whatever is answered.
    private final class CutWriter {
        /// An instance has at most 2,000 rules, and a long run makes more.
        private static final int FULL = 500;

        private final Map<Integer, String> open = new LinkedHashMap<>();
        private final List<Integer> acknowledged = new ArrayList<>();
        private String filled = anInstance();
        private int served;
        private int writes;
        private int unanswered;

        private String anInstance() {
            String name = "cut-" + UUID.randomUUID().toString().substring(0, 8);
            return cluster.door().instance(name);
        }

        void tryOne() {
            int port = Cluster.port();
            String key = UUID.randomUUID().toString();
            if (isStored(port, key)) {
                acknowledged.add(port);
            } else {
                open.put(port, key);
                unanswered++;
            }
            writes++;
        }

        private boolean isStored(int port, String key) {
            JsonObject rule = Door.tcp(port, network.home(), origin.port());
            return isDone("POST", "/rules", rule, key, 201);
        }

        private boolean isDone(
                String method, String path, @Nullable JsonObject body, String key, int wanted) {
            Door.Reply reply =
                    cluster.door().call(method, "/v1/instances/" + filled + path, body, key);
            assertThat(reply.status()).as(reply.text()).isIn(wanted, 503, 504);
            return reply.status() == wanted;
        }

        /// Asks again, with its key, for each that was refused or got no answer.
        void finish() {
            open.forEach((port, key) -> {
                Waiting.until(
                        "the write of port " + port + " is acknowledged",
                        BUS_HEALED,
                        () -> isStored(port, key),
                        cluster::said);
                acknowledged.add(port);
            });
            open.clear();
        }

        /// What was acknowledged is served by all, and nothing is stored twice.
        void awaitServed() {
            for (; served < acknowledged.size(); served++) {
                PartitionIT.this.awaitServed(acknowledged.get(served), AFTER_HEALING, 1, 2, 3);
            }
            assertThat(shown("/rules?limit=1").getInteger("total")).isEqualTo(acknowledged.size());
        }

        private JsonObject shown(String path) {
            return cluster.door().call("GET", "/v1/instances/" + filled + path).expect(200).json();
        }

        /// Takes another instance once the rules of this one are many; gives their ports back.
        void beginAnewWhenFull() {
            if (acknowledged.size() < FULL) {
                return;
            }
            untilDone("POST", "/disable", 202);
            Waiting.until(
                    "it is offline",
                    Cluster.CONVERGE,
                    () -> "offline".equals(shown("").getString("status")),
                    cluster::said);
            untilDone("DELETE", "", 204);
            acknowledged.clear();
            served = 0;
            filled = anInstance();
        }

        private void untilDone(String method, String path, int wanted) {
            String key = UUID.randomUUID().toString();
            Waiting.until(
                    method + path + " is acknowledged",
                    BUS_HEALED,
                    () -> isDone(method, path, null, key, wanted),
                    cluster::said);
        }

        @Override
        public String toString() {
            return writes + " writes, " + unanswered + " of them refused at first";
        }
    }
}
