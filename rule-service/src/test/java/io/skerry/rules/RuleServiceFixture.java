package io.skerry.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.Targets;
import io.skerry.shared.instance.NodeArea;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.process.SettingsReader;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// One running rule service, spoken to as the gateway and the edges speak to it.
final class RuleServiceFixture implements AutoCloseable {
    static final String TOKEN = "node-token";
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    final Vertx vertx = Vertx.vertx();
    final TestBus bus = new TestBus();
    final RuleService service;
    private final HttpClient http = HttpClient.newHttpClient();
    private @Nullable Future<Void> stopping;

    RuleServiceFixture(PostgresAddress database, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>();
        settings.put(
                "postgres",
                "postgresql://"
                        + database.user()
                        + ":"
                        + database.password()
                        + "@127.0.0.1:"
                        + database.port()
                        + "/"
                        + database.database());
        settings.put("rules-bind", "127.0.0.1:0");
        settings.put("node-token", TOKEN);
        settings.put("instance-quota", "1000");
        settings.putAll(more);
        SettingsReader reader = SettingsReader.of(settings);
        RuleServiceSettings read = RuleServiceSettings.read(reader);
        reader.finish();
        try {
            service =
                    RuleService.start(vertx, bus, read)
                            .toCompletionStage()
                            .toCompletableFuture()
                            .get(90, TimeUnit.SECONDS);
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    static RuleServiceFixture start() {
        return new RuleServiceFixture(TestPostgres.shared().newDatabase(), Map.of());
    }

    /// How often a limit was met; -1 where it is not counted.
    double hits(Limit limit) {
        String start = "skerry_limit_hits_total{name=\"" + limit.word() + "\"} ";
        return service.metrics()
                .lines()
                .filter(line -> line.startsWith(start))
                .mapToDouble(line -> Double.parseDouble(line.substring(start.length())))
                .findFirst()
                .orElse(-1);
    }

    JsonObject ok(Operation operation, Map<String, String> args, @Nullable Object body) {
        return done(operation, args, body).body();
    }

    RuleReply.Done done(Operation operation, Map<String, String> args, @Nullable Object body) {
        RuleReply reply = bus.ask(operation, args, body);
        assertThat(reply).as(reply.print().encodePrettily()).isInstanceOf(RuleReply.Done.class);
        return (RuleReply.Done) reply;
    }

    Problem refused(Operation operation, Map<String, String> args, @Nullable Object body) {
        RuleReply reply = bus.ask(operation, args, body);
        assertThat(reply).as(reply.print().encodePrettily()).isInstanceOf(RuleReply.Refused.class);
        return ((RuleReply.Refused) reply).problem();
    }

    /// Checks that a call is refused with these `field code` pairs and no others.
    void refuses(
            Operation operation,
            Map<String, String> args,
            @Nullable Object body,
            int status,
            String... mistakes) {
        Problem problem = refused(operation, args, body);
        assertThat(problem.mistakes().stream().map(m -> m.field() + " " + m.code().word()).toList())
                .containsExactlyInAnyOrder(mistakes);
        assertThat(problem.status()).isEqualTo(status);
    }

    String newInstance(String name) {
        return ok(Operation.CREATE_INSTANCE, Map.of(), new JsonObject().put("name", name))
                .getString("id");
    }

    JsonObject newRule(String instance, String... ports) {
        return ok(Operation.CREATE_RULES, Map.of("instance", instance), rule(ports));
    }

    static JsonObject rule(String... ports) {
        return new JsonObject()
                .put("protocol", "TCP")
                .put("ports", new JsonArray(List.of(ports)))
                .put("origin", new JsonObject().put("type", "single").put("address", "10.0.0.5"))
                .put("originPort", "80");
    }

    static JsonObject groupRule(String group, String... ports) {
        return rule(ports).put("origin", new JsonObject().put("type", "group").put("name", group));
    }

    static JsonObject group(String name, String... addresses) {
        JsonArray origins = new JsonArray();
        for (String address : addresses) {
            origins.add(new JsonObject().put("address", address));
        }
        return new JsonObject().put("name", name).put("origins", origins);
    }

    JsonObject instance(String id) {
        return ok(Operation.GET_INSTANCE, Map.of("instance", id), null);
    }

    JsonObject rule(String instance, String id) {
        return ok(Operation.GET_RULE, Map.of("instance", instance, "rule", id), null);
    }

    void awaitStatus(String instance, String status) {
        await(
                () -> instance(instance).getString("status").equals(status),
                () -> instance(instance).encode());
    }

    void awaitStatus(String instance, String rule, String status) {
        await(
                () -> rule(instance, rule).getString("status").equals(status),
                () -> rule(instance, rule).encode());
    }

    static void await(BooleanSupplier condition, java.util.function.Supplier<String> now) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not in time: " + now.get());
            }
            LockSupport.parkNanos(20_000_000);
        }
    }

    /// An edge node that says it runs whatever it is told to.
    final class Node {
        final String name;
        final String boot;
        NodeArea area = NodeArea.OVERSEAS;
        NodeReport.State state = NodeReport.State.UP;
        List<List<String>> slots = List.of(List.of("192.0.2.1", "2001:db8::1"));
        List<String> labels = List.of();
        final Map<String, NodeReport.Applied> applied = new TreeMap<>();

        Node(String name, String boot) {
            this.name = name;
            this.boot = boot;
        }

        NodeReport report() {
            return new NodeReport(
                    name,
                    boot,
                    area,
                    state,
                    slots,
                    labels,
                    List.of("steering"),
                    Map.of("toa", "no privilege"),
                    3,
                    4,
                    applied);
        }

        HttpResponse<String> send() {
            return post("/node/v1/sync", report().print().encode(), TOKEN);
        }

        /// Reports and answers the targets.
        Targets sync() {
            HttpResponse<String> response = send();
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            return Targets.read(new JsonObject(response.body()));
        }

        Targets.Target target(String instance) {
            return Objects.requireNonNull(sync().instances().get(instance));
        }

        /// Applies all targets, with these refusals and draining rules, and reports that.
        void follow(Map<String, String> refused, List<String> draining) {
            Targets targets = sync();
            applied.keySet().retainAll(targets.instances().keySet());
            targets.instances()
                    .forEach((id, target) ->
                            applied.put(
                                    id,
                                    new NodeReport.Applied(
                                            target.revision(),
                                            target.digest(),
                                            refused,
                                            draining)));
            sync();
        }

        void follow() {
            follow(Map.of(), List.of());
        }
    }

    Node node(String name) {
        return new Node(name, "boot-" + name);
    }

    HttpResponse<String> post(String path, String body, @Nullable String token) {
        return send(request(path, token).POST(HttpRequest.BodyPublishers.ofString(body)).build());
    }

    HttpResponse<String> get(String path, @Nullable String token) {
        return send(request(path, token).GET().build());
    }

    HttpResponse<String> send(HttpRequest request) {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException | InterruptedException failure) {
            throw new IllegalStateException(failure);
        }
    }

    HttpRequest.Builder request(String path, @Nullable String token) {
        HttpRequest.Builder builder =
                HttpRequest.newBuilder(URI.create("http://" + service.address() + path))
                        .timeout(Duration.ofSeconds(20));
        return token == null ? builder : builder.header("Authorization", "Bearer " + token);
    }

    /// Codes of a problem's mistakes.
    static List<Code> codes(Problem problem) {
        List<Code> codes = new ArrayList<>();
        problem.mistakes().forEach(each -> codes.add(each.code()));
        return codes;
    }

    /// Stops the service; once.
    Future<Void> stop() {
        if (stopping == null) {
            stopping = service.stop();
        }
        return stopping;
    }

    @Override
    public void close() {
        stop().toCompletionStage().toCompletableFuture().join();
        http.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
