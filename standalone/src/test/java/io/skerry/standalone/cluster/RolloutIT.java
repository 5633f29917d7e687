package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Rollouts in waves and drains, with real nodes and real sessions.
@ExtendWith(SharedCluster.class)
final class RolloutIT {
    private static void inWaves(Cluster cluster, String instance, int observeSeconds) {
        JsonObject strategy =
                new JsonObject()
                        .put("strategy", "waves")
                        .put("canaryPercent", 1)
                        .put("observeSeconds", observeSeconds);
        JsonObject patch = new JsonObject().put("rollout", strategy);
        cluster.door().call("PATCH", "/v1/instances/" + instance, patch).expect(200);
    }

    private static String state(Cluster cluster, String instance) {
        return rollout(cluster, instance).getString("state");
    }

    private static JsonObject rollout(Cluster cluster, String instance) {
        return cluster.door()
                .call("GET", "/v1/instances/" + instance + "/rollout")
                .expect(200)
                .json();
    }

    private static void awaitState(Cluster cluster, String instance, String state) {
        Waiting.until(
                "the rollout is " + state,
                Cluster.CONVERGE,
                () -> state(cluster, instance).equals(state),
                () -> rollout(cluster, instance));
    }

    /// Numbers of the edges whose port says a word.
    private static List<Integer> saying(Cluster cluster, String word, int port) {
        return IntStream.rangeClosed(1, 3)
                .filter(edge ->
                        WordOrigin.heard(cluster.address(edge), port).equals(Optional.of(word)))
                .boxed()
                .toList();
    }

    @Test
    void aChangeIsServedByTheCanaryFirstAndByAllAfterTheObservation(Cluster cluster) {
        try (WordOrigin first = new WordOrigin("first");
                WordOrigin second = new WordOrigin("second")) {
            int port = Cluster.port();
            String instance = cluster.door().instance("in-waves");
            String rule = cluster.door().rule(instance, Door.tcp(port, first.port()));
            cluster.awaitOnline(instance, rule);
            JsonObject patch = new JsonObject().put("originPort", Integer.toString(second.port()));
            inWaves(cluster, instance, 5);
            cluster.door().call("PATCH", Door.path(instance, rule), patch).expect(200);
            awaitState(cluster, instance, "observing");
            assertThat(saying(cluster, "second", port)).hasSize(1);
            assertThat(saying(cluster, "first", port)).hasSize(2);
            assertThat(cluster.door().rule(instance, rule).getString("status"))
                    .isEqualTo("progress");
            awaitState(cluster, instance, "done");
            cluster.awaitOnline(instance, rule);
            assertThat(saying(cluster, "second", port)).containsExactly(1, 2, 3);
        }
    }

    @Test
    void aChangeThatBreaksConnectionsOfTheCanaryIsTakenBack(Cluster cluster) throws IOException {
        try (WordOrigin good = new WordOrigin("good")) {
            int dead;
            try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
                dead = closed.getLocalPort();
            }
            int port = Cluster.port();
            String instance = cluster.door().instance("breaks");
            String rule = cluster.door().rule(instance, Door.tcp(port, good.port()));
            cluster.awaitOnline(instance, rule);
            inWaves(cluster, instance, 600);
            JsonObject patch = new JsonObject().put("originPort", Integer.toString(dead));
            cluster.door().call("PATCH", Door.path(instance, rule), patch).expect(200);
            awaitState(cluster, instance, "observing");
            Waiting.until(
                    "clients meet it and the gate closes",
                    Cluster.CONVERGE,
                    () -> {
                        assertThat(saying(cluster, "good", port)).hasSizeGreaterThanOrEqualTo(2);
                        return state(cluster, instance).equals("rolled_back");
                    },
                    () -> rollout(cluster, instance));
            assertThat(rollout(cluster, instance).getString("reason"))
                    .contains(rule, "without a connection");
            cluster.awaitWord("good", port, 1, 2, 3);
            assertThat(cluster.door().rule(instance, rule).getString("originPort"))
                    .isEqualTo(Integer.toString(good.port()));
        }
    }

    @Test
    void aDryRunAsksTheNodesAndStoresNothing(Cluster cluster) throws IOException {
        String instance = cluster.door().instance("rehearsed");
        int port = Cluster.port();
        InetAddress second = InetAddress.ofLiteral(cluster.address(2));
        try (ServerSocket held = new ServerSocket(port, 1, second)) {
            JsonObject answer =
                    cluster.door()
                            .call(
                                    "POST",
                                    "/v1/instances/" + instance + "/rules?dryRun=true",
                                    Door.tcp(held.getLocalPort(), 9))
                            .expect(200)
                            .json();
            List<String> probes =
                    answer.getJsonArray("nodes").stream()
                            .map(JsonObject.class::cast)
                            .map(node -> node.getString("node") + " " + node.getString("probe"))
                            .toList();
            assertThat(probes).containsExactly("edge-1 free", "edge-2 taken", "edge-3 free");
            assertThat(answer.getJsonArray("nodes").getJsonObject(1).encode())
                    .contains("port_in_use", "java (pid " + ProcessHandle.current().pid() + ")");
        }
        assertThat(
                        cluster.door()
                                .call("GET", "/v1/instances/" + instance)
                                .expect(200)
                                .json()
                                .getInteger("ruleCount"))
                .isZero();
    }

    @Test
    void aDrainedNodeServesNobodyAndIsNotMissed(Cluster cluster) {
        try (WordOrigin origin = new WordOrigin("drains")) {
            int port = Cluster.port();
            String instance = cluster.door().instance("drained-node");
            String rule = cluster.door().rule(instance, Door.tcp(port, origin.port()));
            cluster.awaitOnline(instance, rule);
            cluster.door().call("POST", "/v1/nodes/edge-2/drain").expect(202);
            Waiting.until(
                    "edge-2 is unready and closed",
                    Cluster.CONVERGE,
                    () -> !cluster.edge(2).isReady() && saying(cluster, "drains", port).size() == 2,
                    () -> cluster.door().nodes());
            assertThat(cluster.door().nodes()).contains("edge-2 draining");
            int another = Cluster.port();
            String next = cluster.door().rule(instance, Door.tcp(another, origin.port()));
            Waiting.until(
                    "the others are enough",
                    Cluster.CONVERGE,
                    () -> cluster.door().rule(instance, next).getString("status").equals("online"),
                    () -> cluster.door().rollout(instance, next));
            assertThat(saying(cluster, "drains", another)).containsExactly(1, 3);
            cluster.door().call("POST", "/v1/nodes/edge-2/undrain").expect(202);
            Waiting.until(
                    "edge-2 serves again",
                    Cluster.CONVERGE,
                    () ->
                            cluster.edge(2).isReady()
                                    && saying(cluster, "drains", another).size() == 3,
                    () -> cluster.door().nodes());
            cluster.awaitNodes();
        }
    }
}
