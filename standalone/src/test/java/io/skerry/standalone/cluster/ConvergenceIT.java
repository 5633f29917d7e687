package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// A cluster that is well: changes reach every node, and what conflicts is refused.
@ExtendWith(SharedCluster.class)
final class ConvergenceIT {
    private static final int CHANGES = 50;
    private static final int ROUNDS = 20;

    /// The product promises a second on a machine that is not busy with other builds.
    private static final Duration MEDIAN_MAX = Duration.ofSeconds(1);

    private static final Duration WORST_MAX = Duration.ofSeconds(10);

    @Test
    void aRuleReachesAllEdgesAndForwards(Cluster cluster) {
        try (WordOrigin origin = new WordOrigin("hello")) {
            int port = Cluster.port();
            String instance = cluster.door().instance("reaches-all");
            String rule = cluster.door().rule(instance, Door.tcp(port, origin.port()));
            cluster.awaitOnline(instance, rule);
            assertThat(cluster.door().rule(instance, rule).getString("status")).isEqualTo("online");
            for (int edge = 1; edge <= 3; edge++) {
                assertThat(WordOrigin.heard(cluster.address(edge), port)).contains("hello");
            }
            JsonArray addresses =
                    cluster.door()
                            .call("GET", "/v1/instances/" + instance)
                            .expect(200)
                            .json()
                            .getJsonArray("addresses");
            assertThat(addresses.encode())
                    .contains(cluster.address(1), cluster.address(2), cluster.address(3));
        }
    }

    @Test
    void everyChangeIsLiveOnAllEdgesWithinASecond(Cluster cluster) {
        try (WordOrigin first = new WordOrigin("first");
                WordOrigin second = new WordOrigin("second")) {
            int port = Cluster.port();
            String instance = cluster.door().instance("latency");
            String rule = cluster.door().rule(instance, Door.tcp(port, first.port()));
            cluster.awaitOnline(instance, rule);
            long[] micros = new long[CHANGES];
            for (int i = 0; i < CHANGES; i++) {
                WordOrigin wanted = i % 2 == 0 ? second : first;
                String word = i % 2 == 0 ? "second" : "first";
                JsonObject patch =
                        new JsonObject().put("originPort", Integer.toString(wanted.port()));
                long began = System.nanoTime();
                cluster.door().call("PATCH", Door.path(instance, rule), patch).expect(200);
                for (int edge = 1; edge <= 3; edge++) {
                    while (!WordOrigin.heard(cluster.address(edge), port)
                            .filter(word::equals)
                            .isPresent()) {
                        assertThat(Duration.ofNanos(System.nanoTime() - began))
                                .isLessThan(Cluster.CONVERGE);
                    }
                }
                micros[i] = (System.nanoTime() - began) / 1_000;
            }
            Arrays.sort(micros);
            Duration median = Duration.ofNanos(micros[CHANGES / 2] * 1_000);
            Duration worst = Duration.ofNanos(micros[CHANGES - 1] * 1_000);
            System.out.println("a change at three edges: median " + median + ", worst " + worst);
            assertThat(median).isLessThan(MEDIAN_MAX);
            assertThat(worst).isLessThan(WORST_MAX);
        }
    }

    @Test
    void ofTwoWritersWithTheSamePortExactlyOneWins(Cluster cluster) throws Exception {
        String first = cluster.door().instance("writer-one");
        String second = cluster.door().instance("writer-two");
        try (ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int round = 0; round < ROUNDS; round++) {
                int port = Cluster.port();
                CyclicBarrier start = new CyclicBarrier(2);
                List<Future<Integer>> answers = new ArrayList<>();
                for (String instance : List.of(first, second)) {
                    Callable<Integer> write =
                            () -> {
                                start.await(10, TimeUnit.SECONDS);
                                return cluster.door().addRule(instance, Door.tcp(port, 9)).status();
                            };
                    answers.add(writers.submit(write));
                }
                assertThat(List.of(answers.get(0).get(), answers.get(1).get()))
                        .as("round %s, port %s", round, port)
                        .containsExactlyInAnyOrder(201, 409);
            }
        }
        int rules = 0;
        for (String instance : List.of(first, second)) {
            rules +=
                    cluster.door()
                            .call("GET", "/v1/instances/" + instance + "/rules")
                            .expect(200)
                            .json()
                            .getInteger("total");
        }
        assertThat(rules).isEqualTo(ROUNDS);
    }

    @Test
    void aNodeWithTheNameOfALiveOneIsRefused(Cluster cluster) {
        try (WordOrigin origin = new WordOrigin("not by you");
                ServiceProcess twin = cluster.edge("twin", "edge-1", "127.0.0.14")) {
            int port = Cluster.port();
            String instance = cluster.door().instance("twins");
            String rule = cluster.door().rule(instance, Door.tcp(port, origin.port()));
            cluster.awaitOnline(instance, rule);
            twin.start();
            Waiting.until(
                    "the twin is told that its name is taken",
                    Cluster.CONVERGE,
                    () -> twin.said().contains("another live node is called edge-1"),
                    twin::said);
            assertThat(WordOrigin.heard("127.0.0.14", port)).isEmpty();
            assertThat(twin.isReady()).isFalse();
            assertThat(cluster.door().nodes())
                    .containsExactly("edge-1 up", "edge-2 up", "edge-3 up");
            assertThat(WordOrigin.heard(cluster.address(1), port)).contains("not by you");
        }
    }
}
