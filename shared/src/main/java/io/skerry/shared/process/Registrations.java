package io.skerry.shared.process;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What a process serves and listens to on the bus, kept from one stay in the cluster to the next.
/// All threads may use it.
final class Registrations {
    /// Answers requests, on a context.
    private record Serve(Context context, Function<JsonObject, Future<JsonObject>> handler) {
        Future<JsonObject> apply(JsonObject message) {
            Promise<JsonObject> answer = Promise.promise();
            context.runOnContext(v ->
                    Future.future((Promise<JsonObject> done) ->
                                    handler.apply(message).onComplete(done))
                            .onComplete(answer));
            return answer.future();
        }
    }

    /// Hears what is published, on a context.
    private record Subscribe(String address, Context context, Consumer<JsonObject> handler) {
        void enter(EventBusPort port) {
            port.subscribe(address, context, handler);
        }
    }

    private final Map<String, Serve> serves = new ConcurrentHashMap<>();
    private final List<Subscribe> subscribes = new CopyOnWriteArrayList<>();

    /// Answers requests from now on, whatever bus they come from.
    void serve(String address, Context context, Function<JsonObject, Future<JsonObject>> handler) {
        serves.put(address, new Serve(context, handler));
    }

    /// The addresses at which requests are answered.
    Set<String> served() {
        return Set.copyOf(serves.keySet());
    }

    /// Answers a request; `unavailable` where nobody here serves its address.
    Future<JsonObject> answer(String address, JsonObject message) {
        Serve serve = serves.get(address);
        return serve == null
                ? Future.failedFuture(EventBusPort.nobody(address))
                : serve.apply(message);
    }

    /// Hears what is published on this bus, and on those that come after it.
    ///
    /// @param port the event bus now, where there is one
    void subscribe(
            String address,
            Context context,
            Consumer<JsonObject> handler,
            @Nullable EventBusPort port) {
        Subscribe subscribe = new Subscribe(address, context, handler);
        subscribes.add(subscribe);
        if (port != null) {
            subscribe.enter(port);
        }
    }

    /// A stay in the cluster begins: what is published there is heard.
    void enter(EventBusPort port) {
        subscribes.forEach(subscribe -> subscribe.enter(port));
    }
}
