package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// A revision of which an edge process dies as soon as it has applied it.
@ExtendWith(SharedCluster.class)
final class CrashLoopIT {
    private static final int DEATHS = 2;

    @Test
    void isTriedTwiceThenTheContentBeforeServesAndTheRolloutSaysWhy(Cluster cluster) {
        try (WordOrigin origin = new WordOrigin("still here")) {
            int good = Cluster.port();
            int deadly = Cluster.port();
            Door door = cluster.door();
            String instance = door.instance("crash-loop");
            cluster.awaitOnline(instance, door.rule(instance, Door.tcp(good, origin.port())));
            awaitTrusted(cluster, instance);

            String rule = door.rule(instance, Door.tcp(deadly, origin.port()));
            for (int death = 1; death <= DEATHS; death++) {
                // What a crash of the process does is done to it: it serves the revision and is
                // gone.
                cluster.awaitWord("still here", deadly, 3);
                cluster.edge(3).kill();
                cluster.edge(3).start();
            }
            cluster.awaitWord("still here", good, 3);
            Waiting.until(
                    "edge-3 refuses the revision",
                    Cluster.CONVERGE,
                    () ->
                            door.rollout(instance, rule)
                                    .equals(List.of("edge-1 ack", "edge-2 ack", "edge-3 nack")),
                    () -> door.rollout(instance, rule) + cluster.edge(3).said());
            assertThat(reason(door, instance, rule)).contains("crash_loop: revision ");
            assertThat(WordOrigin.heard(cluster.address(3), deadly)).isEmpty();
            assertThat(WordOrigin.heard(cluster.address(1), deadly)).contains("still here");
            Waiting.until(
                    "the node says so",
                    Cluster.CONVERGE,
                    () -> missing(door).contains(instance),
                    () -> missing(door));

            JsonObject patch = new JsonObject().put("tag", "a new attempt");
            door.call("PATCH", Door.path(instance, rule), patch).expect(200);
            cluster.awaitOnline(instance, rule);
            cluster.awaitWord("still here", deadly, 3);
        }
    }

    /// Waits until the node has no content on trial, so that this test counts its own deaths only.
    private static void awaitTrusted(Cluster cluster, String instance) {
        Waiting.until(
                "the first revision is trusted",
                Cluster.CONVERGE,
                () -> !cluster.isOnTrial(3, instance),
                () -> cluster.edge(3).said());
    }

    private static String reason(Door door, String instance, String rule) {
        return door.call("GET", Door.path(instance, rule) + "/rollout").expect(200).text();
    }

    private static String missing(Door door) {
        return door
                .call("GET", "/v1/nodes?limit=1000")
                .expect(200)
                .json()
                .getJsonArray("items")
                .stream()
                .map(JsonObject.class::cast)
                .filter(node -> node.getString("node").equals("edge-3"))
                .map(node -> node.getJsonObject("missing").getString("crash-loop", ""))
                .findFirst()
                .orElse("");
    }
}
