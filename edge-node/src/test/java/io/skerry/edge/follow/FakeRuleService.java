package io.skerry.edge.follow;

import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.Targets;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// Speaks the HTTP side of a rule service on loopback, and misbehaves where a test asks.
public final class FakeRuleService implements AutoCloseable {
    /// A raw answer.
    public record Raw(int status, String body) {}

    private final HttpServer server;
    private final Map<String, InstanceContent> contents = new ConcurrentHashMap<>();
    private final Map<String, Targets.Target> forced = new ConcurrentHashMap<>();
    private final Map<String, Function<Long, Raw>> pulls = new ConcurrentHashMap<>();
    private final Map<String, List<ContentChange>> steps = new ConcurrentHashMap<>();
    public final List<NodeReport> reports = new CopyOnWriteArrayList<>();
    public final List<String> pulled = new CopyOnWriteArrayList<>();
    public final List<String> tokens = new CopyOnWriteArrayList<>();
    private volatile Optional<Raw> syncAnswer = Optional.empty();
    private volatile boolean silent;
    private volatile boolean drain;
    private volatile boolean watch;
    private volatile long head;

    public FakeRuleService(Vertx vertx) throws Exception {
        server =
                vertx.createHttpServer()
                        .requestHandler(this::answer)
                        .listen(0, "127.0.0.1")
                        .toCompletionStage()
                        .toCompletableFuture()
                        .get(10, TimeUnit.SECONDS);
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + server.actualPort());
    }

    public void put(InstanceContent content) {
        InstanceContent before = contents.put(content.instance(), content);
        steps.computeIfAbsent(content.instance(), i -> new CopyOnWriteArrayList<>())
                .add(ContentChange.between(Optional.ofNullable(before), content));
        head = Math.max(head, content.revision());
    }

    public void remove(String instance, long revision) {
        contents.remove(instance);
        head = revision;
    }

    public void head(long revision) {
        head = revision;
    }

    /// Answers every report so until told otherwise.
    public void syncAnswer(Optional<Raw> raw) {
        syncAnswer = raw;
    }

    /// A target whose content cannot be had the ordinary way.
    public void force(String instance, Targets.Target target, Function<Long, Raw> pull) {
        forced.put(instance, target);
        pulls.put(instance, pull);
        head = Math.max(head, target.revision());
    }

    public void unforce(String instance) {
        forced.remove(instance);
        pulls.remove(instance);
    }

    /// Tells the node to serve nobody, or to serve again.
    public void drain(boolean on) {
        drain = on;
    }

    /// Asks to count what becomes of sessions.
    public void watch(boolean on) {
        watch = on;
    }

    /// Takes requests and answers none.
    public void silence(boolean on) {
        silent = on;
    }

    public NodeReport lastReport() {
        return reports.getLast();
    }

    /// What the last report says of an instance.
    public NodeReport.Applied applied(String instance) {
        return Objects.requireNonNull(lastReport().instances().get(instance), instance);
    }

    private void answer(HttpServerRequest request) {
        request.body()
                .onSuccess(body -> {
                    if (silent) {
                        return;
                    }
                    tokens.add(String.valueOf(request.getHeader("Authorization")));
                    String path = Objects.requireNonNull(request.path());
                    if (path.equals("/node/v1/sync")) {
                        reports.add(NodeReport.read(body.toJsonObject()));
                        Raw raw =
                                syncAnswer.orElseGet(
                                        () -> new Raw(200, targets().print().encode()));
                        request.response().setStatusCode(raw.status()).end(raw.body());
                        return;
                    }
                    String instance = path.substring("/node/v1/instances/".length());
                    long have = Long.parseLong(request.getParam("have"));
                    pulled.add(instance + "@" + have);
                    Raw raw =
                            pulls.getOrDefault(instance, from -> pull(instance, from)).apply(have);
                    request.response().setStatusCode(raw.status()).end(raw.body());
                });
    }

    private Targets targets() {
        Map<String, Targets.Target> targets = new TreeMap<>();
        contents.forEach(
                (id, c) -> targets.put(id, new Targets.Target(c.revision(), c.digest(), watch)));
        targets.putAll(forced);
        return new Targets(head, drain, targets);
    }

    private Raw pull(String instance, long from) {
        InstanceContent content = contents.get(instance);
        if (content == null) {
            return new Raw(404, "{}");
        }
        JsonArray changes = new JsonArray();
        for (ContentChange step : steps.getOrDefault(instance, List.of())) {
            if (step.previous() >= from && from > 0) {
                changes.add(step.print());
            }
        }
        return new Raw(
                200,
                changes.isEmpty()
                        ? new JsonObject().put("v", 1).put("content", content.print()).encode()
                        : new JsonObject().put("v", 1).put("changes", changes).encode());
    }

    @Override
    public void close() {
        server.close()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }
}
