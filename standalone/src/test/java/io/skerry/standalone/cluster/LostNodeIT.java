package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// A node that dies without a word: how soon that is known, and whose answers count then.
@ExtendWith(SharedCluster.class)
final class LostNodeIT {
    /// From the kill until everybody can read that the node is down.
    private static final Duration KNOWN_WITHIN = Duration.ofSeconds(10);

    private static JsonObject rule(Cluster cluster, String instance, String rule) {
        return cluster.door().rule(instance, rule);
    }

    private static void awaitStatus(Cluster cluster, String instance, String rule, String status) {
        Waiting.until(
                "the rule is " + status,
                Cluster.CONVERGE,
                () -> rule(cluster, instance, rule).getString("status").equals(status),
                () -> rule(cluster, instance, rule));
    }

    @Test
    void isDownWithinTenSecondsAndRulesAreJudgedByTheNodesThatMustServe(Cluster cluster)
            throws IOException {
        int port = Cluster.port();
        InetAddress second = InetAddress.ofLiteral(cluster.address(2));
        String instance = cluster.door().instance("lost-node");
        try (WordOrigin origin = new WordOrigin("lost")) {
            String rule = loseEdge(cluster, instance, origin, port, second);
            awaitStatus(cluster, instance, rule, "online");
            cluster.awaitWord("lost", port, 1, 2, 3);
        }
    }

    /// Kills edge-2 while another program there holds the rule's port; the rule.
    private static String loseEdge(
            Cluster cluster, String instance, WordOrigin origin, int port, InetAddress second)
            throws IOException {
        try (ServerSocket held = new ServerSocket(port, 1, second)) {
            String rule =
                    cluster.door().rule(instance, Door.tcp(held.getLocalPort(), origin.port()));
            awaitStatus(cluster, instance, rule, "fail");
            assertThat(rule(cluster, instance, rule).getString("statusReason"))
                    .startsWith("edge-2: port_in_use");

            long killed = System.nanoTime();
            cluster.edge(2).kill();
            Waiting.until(
                    "edge-2 is known to be down",
                    Cluster.CONVERGE,
                    () -> cluster.door().nodes().contains("edge-2 down"),
                    () -> cluster.door().nodes());
            Duration known = Duration.ofNanos(System.nanoTime() - killed);
            System.out.println(
                    "a killed edge was known to be down after " + known.toMillis() + " ms");
            assertThat(known).isLessThan(KNOWN_WITHIN);
            awaitStatus(cluster, instance, rule, "online");
            assertThat(cluster.door().rollout(instance, rule))
                    .isEqualTo(List.of("edge-1 ack", "edge-2 down", "edge-3 ack"));
            assertThat(cluster.door().nodes()).contains("edge-1 up", "edge-3 up");
            cluster.awaitWord("lost", port, 1, 3);

            cluster.edge(2).start();
            cluster.edge(2).awaitReady();
            awaitStatus(cluster, instance, rule, "fail");
            return rule;
        }
    }

    @Test
    void aCanaryThatIsKilledComesBackAndTheRolloutGoesOn(Cluster cluster) {
        try (WordOrigin origin = new WordOrigin("killed canary")) {
            String instance = cluster.door().instance("killed-canary");
            String first = cluster.door().rule(instance, Door.tcp(Cluster.port(), origin.port()));
            cluster.awaitOnline(instance, first);
            int canary = begin(cluster, instance, origin.port());
            cluster.edge(canary).kill();
            Waiting.until(
                    "the loss is noticed",
                    Cluster.CONVERGE,
                    () ->
                            String.valueOf(rollout(cluster, instance).getString("reason"))
                                    .contains("edge-" + canary + " went down"),
                    () -> rollout(cluster, instance));
            assertThat(rollout(cluster, instance).getString("state")).isEqualTo("canary");
            cluster.edge(canary).start();
            awaitDone(cluster, instance);
            cluster.awaitNodes();
        }
    }

    @Test
    void aCanaryThatIsStoppedInOrderTakesNothingBack(Cluster cluster) {
        try (WordOrigin origin = new WordOrigin("stopped canary")) {
            String instance = cluster.door().instance("stopped-canary");
            String first = cluster.door().rule(instance, Door.tcp(Cluster.port(), origin.port()));
            cluster.awaitOnline(instance, first);
            int canary = begin(cluster, instance, origin.port());
            assertThat(cluster.edge(canary).stop()).isZero();
            awaitDone(cluster, instance);
            cluster.edge(canary).start();
            cluster.awaitNodes();
        }
    }

    /// Begins a rollout; answers the number of the canary.
    private static int begin(Cluster cluster, String instance, int originPort) {
        JsonObject waves =
                new JsonObject()
                        .put("strategy", "waves")
                        .put("canaryPercent", 1)
                        .put("observeSeconds", 5);
        JsonObject patch = new JsonObject().put("rollout", waves);
        cluster.door().call("PATCH", "/v1/instances/" + instance, patch).expect(200);
        cluster.door().rule(instance, Door.tcp(Cluster.port(), originPort));
        Waiting.until(
                "the canary is watched",
                Cluster.CONVERGE,
                () -> rollout(cluster, instance).getString("state").equals("observing"),
                () -> rollout(cluster, instance));
        return rollout(cluster, instance).getJsonArray("nodes").stream()
                .map(JsonObject.class::cast)
                .filter(node -> node.getBoolean("canary"))
                .map(node -> Integer.parseInt(node.getString("node").substring("edge-".length())))
                .findFirst()
                .orElseThrow();
    }

    private static JsonObject rollout(Cluster cluster, String instance) {
        return cluster.door()
                .call("GET", "/v1/instances/" + instance + "/rollout")
                .expect(200)
                .json();
    }

    private static void awaitDone(Cluster cluster, String instance) {
        Waiting.until(
                "the rollout is done",
                Cluster.CONVERGE,
                () -> {
                    JsonObject now = rollout(cluster, instance);
                    assertThat(now.getString("state")).as(now.encode()).isNotEqualTo("rolled_back");
                    return now.getString("state").equals("done");
                },
                () -> rollout(cluster, instance));
    }
}
