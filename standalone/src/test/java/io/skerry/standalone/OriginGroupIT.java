package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.IdOrigins;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Rules;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// How connections fall on the origins of a group.
final class OriginGroupIT {
    private static final int AT_ONCE = 64;
    private static final List<String> ADDRESSES =
            List.of("127.0.4.1", "127.0.4.2", "127.0.4.3", "127.0.4.4", "127.0.4.5");

    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    @Test
    void tenThousandConnectionsFallWithinThreePercentOfTheWeights() throws Exception {
        int port = Ports.free();
        List<Integer> weights = List.of(50, 30, 20, 0);
        try (IdOrigins origins = new IdOrigins(Ports.free(), ADDRESSES.subList(0, 4))) {
            Api api = product.api();
            api.createGroup("weighted", weighted(weights));
            api.serve(
                    api.createInstance("weighted"), Rules.group(port, "weighted", origins.port()));

            List<Integer> chosen = askAll(10_000, i -> "127.0.3." + (1 + i % 200), port);

            for (int origin = 0; origin < weights.size(); origin++) {
                int id = origin;
                long count = chosen.stream().filter(each -> each == id).count();
                assertThat(count / 100.0)
                        .as("percent of origin %d", origin)
                        .isCloseTo(weights.get(origin), Offset.offset(3.0));
            }
            assertThat(chosen).doesNotContain(3, -1).hasSize(10_000);
        }
    }

    @Test
    void persistentClientsKeepTheirOriginAndAFifthMovesAtMostAQuarter() throws Exception {
        int port = Ports.free();
        try (IdOrigins origins = new IdOrigins(Ports.free(), ADDRESSES)) {
            Api api = product.api();
            String group = api.createGroup("persistent", plain(4));
            String instance = api.createInstance("persistent");
            JsonObject persistent =
                    Rules.group(port, "persistent", origins.port()).put("sessionPersistence", true);
            final String rule = api.serve(instance, persistent);

            List<Integer> first = askClients(port);
            assertThat(askClients(port)).as("the second time").isEqualTo(first);
            assertThat(first).containsOnly(0, 1, 2, 3);
            restart();
            awaitOnline(instance, rule);
            assertThat(askClients(port)).as("after a restart").isEqualTo(first);

            JsonObject five = new JsonObject().put("name", "persistent").put("origins", plain(5));
            product.api().put("/v1/origin-groups/" + group, five).expect(200);
            awaitOnline(instance, rule);
            // A node remembers where a client was; a restarted one knows only the hash.
            restart();
            awaitOnline(instance, rule);
            List<Integer> moved = askClients(port);

            long changed =
                    IntStream.range(0, first.size())
                            .filter(i -> !first.get(i).equals(moved.get(i)))
                            .count();
            assertThat(changed * 100.0 / first.size()).isBetween(8.0, 25.0);
            assertThat(moved).contains(4);
            assertThat(askClients(port)).isEqualTo(moved);
        }
    }

    private static void awaitOnline(String instance, String rule) {
        product.api().awaitStatus(instance, rule, "online");
    }

    private static void restart() {
        product.skerry().stop();
        product.skerry().start();
    }

    private static List<Integer> askClients(int port) throws Exception {
        return askAll(500, i -> "127.0." + (1 + i / 250) + "." + (1 + i % 250), port);
    }

    private static List<Integer> askAll(int count, IntFunction<String> source, int port)
            throws Exception {
        Semaphore places = new Semaphore(AT_ONCE);
        List<Future<Integer>> asked = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < count; i++) {
                String address = source.apply(i);
                places.acquire();
                asked.add(
                        threads.submit(() -> {
                            try {
                                return IdOrigins.ask(address, "127.0.0.1", port);
                            } finally {
                                places.release();
                            }
                        }));
            }
        }
        List<Integer> answers = new ArrayList<>();
        for (Future<Integer> each : asked) {
            answers.add(each.get());
        }
        return answers;
    }

    private static JsonArray weighted(List<Integer> weights) {
        JsonArray origins = plain(weights.size());
        for (int i = 0; i < weights.size(); i++) {
            origins.getJsonObject(i).put("weight", weights.get(i));
        }
        return origins;
    }

    private static JsonArray plain(int count) {
        JsonArray origins = new JsonArray();
        ADDRESSES
                .subList(0, count)
                .forEach(address -> origins.add(new JsonObject().put("address", address)));
        return origins;
    }
}
