package io.skerry.rules;

import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.process.Bus;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A bus with one rule service on it, which remembers what was published.
final class TestBus implements Bus {
    private final Map<String, Function<JsonObject, Future<JsonObject>>> handlers =
            new ConcurrentHashMap<>();
    private final List<JsonObject> published = new CopyOnWriteArrayList<>();
    private final List<String> addresses = new CopyOnWriteArrayList<>();

    @Override
    public Future<JsonObject> request(String address, JsonObject message, long timeoutMillis) {
        // As over a wire: nothing is shared.
        Function<JsonObject, Future<JsonObject>> handler = handlers.get(address);
        if (handler == null) {
            return Future.failedFuture(
                    Problem.of(Code.UNAVAILABLE, "nobody answers").toException());
        }
        return handler.apply(message.copy()).map(JsonObject::copy);
    }

    @Override
    public void publish(String address, JsonObject message) {
        addresses.add(address);
        published.add(message);
    }

    @Override
    public void serve(String address, Function<JsonObject, Future<JsonObject>> handler) {
        handlers.put(address, handler);
    }

    @Override
    public void subscribe(String address, Consumer<JsonObject> handler) {
        throw new UnsupportedOperationException("nobody subscribes here");
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }

    /// What was published at an address so far.
    List<JsonObject> published(String address) {
        List<JsonObject> found = new java.util.ArrayList<>();
        for (int i = 0; i < published.size(); i++) {
            if (addresses.get(i).equals(address)) {
                found.add(published.get(i));
            }
        }
        return found;
    }

    Future<RuleReply> send(RuleRequest request) {
        return request(
                        io.skerry.shared.bus.BusAddress.RULES,
                        request.print(),
                        request.operation().deadlineMillis())
                .map(RuleReply::read);
    }

    RuleReply ask(RuleRequest request) {
        try {
            return send(request)
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS);
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    RuleReply ask(Operation operation, Map<String, String> args, @Nullable Object body) {
        return ask(RuleRequest.of(operation, args, body));
    }
}
