package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The promise of the product: no session is cut that no change concerned. Random changes of rules
/// and hot restarts of edge nodes, while sessions on other ports and on changed rules are open. One
/// of the edge nodes steers its ports, where the machine allows it; the others have sockets.
///
/// `-Dskerry.soak.minutes` runs it at full length, as `./skerry soak continuity` does;
/// `-Dskerry.chaos.seed` draws the same changes again, as far as they are accepted alike.
@ExtendWith(SharedCluster.class)
final class ContinuityIT {
    private static final int MINUTES = Integer.getInteger("skerry.soak.minutes", 0);
    private static final boolean FULL = MINUTES > 0;
    private static final int CONNECTIONS = FULL ? 10_000 : 300;
    private static final int UDP_SESSIONS = FULL ? 1_000 : 90;
    private static final int CHANGES = FULL ? 1_000 : 60;
    private static final int RESTARTS = 3;
    private static final int CHURN_PORTS = 30;
    private static final int STEERS = 1;

    /// What a process says when it has attached its program.
    private static final String ATTACHED = "steering through";

    private static final Executor THREADS = task -> Thread.ofVirtual().start(task);
    private static final Duration TIME_MAX = Duration.ofMinutes(FULL ? MINUTES : 5);

    private final long seed = Long.getLong("skerry.chaos.seed", new Random().nextLong());
    private final Random random = new Random(seed);
    private int descriptors;

    /// A rule that comes and goes.
    private record Passing(int port, String id) {}

    /// Makes random changes through the API.
    private final class Changes {
        private final Door door;
        private final String steady;
        private final String churn;
        private final List<String> steadyRules;
        private final SteadySessions sessions;
        private final List<Integer> free = new ArrayList<>();
        private final List<Passing> passing = new ArrayList<>();
        final AtomicInteger made = new AtomicInteger();

        Changes(Door door, String steady, List<String> steadyRules, SteadySessions sessions) {
            this.door = door;
            this.steady = steady;
            this.steadyRules = steadyRules;
            this.sessions = sessions;
            this.churn = door.instance("churn");
            for (int i = 0; i < CHURN_PORTS; i++) {
                free.add(Cluster.port());
            }
        }

        void make(int count, long end) {
            while (made.get() < count && System.nanoTime() < end) {
                if (one()) {
                    made.incrementAndGet();
                }
            }
        }

        /// Answers whether it was a change: some are refused, as deleting what is still open.
        private boolean one() {
            int kind = random.nextInt(6);
            if (kind == 0 || passing.isEmpty()) {
                return add();
            }
            Passing some = passing.get(random.nextInt(passing.size()));
            String path = Door.path(churn, some.id());
            return switch (kind) {
                case 1 -> accepted(door.call("PATCH", path, origin()));
                case 2 -> accepted(door.call("POST", path + "/disable"));
                case 3 -> accepted(door.call("POST", path + "/enable"));
                case 4 -> delete(some, path);
                default -> changeSteady();
            };
        }

        private JsonObject origin() {
            int port = sessions.tcpOrigin(random.nextInt(2));
            return new JsonObject().put("originPort", Integer.toString(port));
        }

        private boolean add() {
            if (free.isEmpty()) {
                return false;
            }
            int port = free.removeLast();
            JsonObject rule = Door.tcp(port, sessions.tcpOrigin(0));
            if (random.nextBoolean()) {
                rule.put("protocol", "UDP");
            }
            passing.add(new Passing(port, door.rule(churn, rule)));
            return true;
        }

        private boolean delete(Passing some, String path) {
            if (!accepted(door.call("DELETE", path))) {
                return false;
            }
            passing.remove(some);
            free.add(some.port());
            return true;
        }

        /// What concerns new sessions only.
        private boolean changeSteady() {
            int rule = random.nextInt(steadyRules.size());
            JsonObject patch = new JsonObject();
            switch (random.nextInt(rule == 0 ? 4 : 3)) {
                case 0 -> patch.put("tag", "tag-" + random.nextInt(1_000));
                case 1 -> patch.put("maxConnections", 100_000 + random.nextInt(1_000));
                case 2 -> patch.put("idleSeconds", 600 + random.nextInt(1_000));
                default -> patch = origin();
            }
            return accepted(door.call("PATCH", Door.path(steady, steadyRules.get(rule)), patch));
        }

        private static boolean accepted(Door.Reply reply) {
            if (reply.status() / 100 != 2 && reply.status() != 409) {
                throw new AssertionError(reply.status() + ": " + reply.text());
            }
            return reply.status() != 409;
        }
    }

    @Test
    void noSessionIsCutThatNoChangeConcerned(Cluster cluster) throws Exception {
        System.out.println("continuity with -Dskerry.chaos.seed=" + seed);
        ServiceProcess edge = cluster.edge(STEERS);
        Optional<String> missing = cluster.door().missing(edge.name(), "steering");
        if (missing.isPresent()) {
            assertThat(System.getenv("CI")).as(missing.get()).isNotEqualTo("true");
            System.out.println("continuity: no edge steers: " + missing.get());
            sessionsLast(cluster);
            return;
        }
        long attached = edge.count(ATTACHED);
        edge.restart("SKERRY_EDGE_STEERING", "on");
        try {
            sessionsLast(cluster);
            assertThat(edge.count(ATTACHED) - attached)
                    .as("one program before and one after its hot restart")
                    .isEqualTo(2);
            System.out.println("continuity: " + edge.name() + " steered");
        } finally {
            edge.restart("SKERRY_EDGE_STEERING", "auto");
            cluster.awaitNodes();
        }
    }

    private void sessionsLast(Cluster cluster) throws Exception {
        try (SteadySessions sessions = new SteadySessions(cluster.folder())) {
            int tcp = Cluster.port();
            int udp = Cluster.port();
            String instance = cluster.door().instance("steady");
            String tcpRule = cluster.door().rule(instance, Door.tcp(tcp, sessions.tcpOrigin(0)));
            JsonObject udpBody = Door.tcp(udp, sessions.udpOrigin()).put("protocol", "UDP");
            String udpRule = cluster.door().rule(instance, udpBody.put("idleSeconds", 600));
            cluster.awaitOnline(instance, tcpRule);
            cluster.awaitOnline(instance, udpRule);
            sessions.open(cluster, tcp, CONNECTIONS, udp, UDP_SESSIONS);
            assertThat(sessions.round()).isEmpty();
            Changes changes =
                    new Changes(cluster.door(), instance, List.of(tcpRule, udpRule), sessions);
            int rounds = changeAndRestart(cluster, changes, sessions);
            assertThat(sessions.round()).isEmpty();
            cluster.awaitOnline(instance, tcpRule);
            cluster.awaitOnline(instance, udpRule);
            assertThat(cluster.door().nodes())
                    .containsExactly("edge-1 up", "edge-2 up", "edge-3 up");
            System.out.printf(
                    "continuity: %,d connections and %,d UDP sessions through %,d changes and %d hot"
                            + " restarts, asked %d times each; at most %,d descriptors in an edge"
                            + " process%n",
                    CONNECTIONS,
                    UDP_SESSIONS,
                    changes.made.get(),
                    RESTARTS,
                    rounds + 2,
                    descriptors);
        }
    }

    /// Asks every session without a pause while rules change and edge nodes are restarted; answers
    /// how often.
    private int changeAndRestart(Cluster cluster, Changes changes, SteadySessions sessions) {
        int rounds = 0;
        long end = System.nanoTime() + TIME_MAX.toNanos();
        for (int part = 1; part <= RESTARTS + 1; part++) {
            int until = CHANGES * part / (RESTARTS + 1);
            int edge = part;
            CompletableFuture<Void> changing =
                    CompletableFuture.allOf(
                            CompletableFuture.runAsync(() -> changes.make(until, end), THREADS),
                            CompletableFuture.runAsync(
                                    () -> {
                                        if (edge <= RESTARTS) {
                                            cluster.edge(edge).hotRestart();
                                        }
                                    },
                                    THREADS));
            do {
                assertThat(sessions.round()).as("after %s changes", changes.made).isEmpty();
                rounds++;
                noteDescriptors(cluster);
            } while (!changing.isDone());
            changing.join();
        }
        return rounds;
    }

    private void noteDescriptors(Cluster cluster) {
        for (int edge = 1; edge <= 3; edge++) {
            descriptors = Math.max(descriptors, cluster.edge(edge).descriptors());
        }
    }
}
