package io.skerry.shared.process;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What a process serves and listens to on the bus, kept from one stay in the cluster to the next.
/// Belongs to one context.
final class Registrations {
    /// One handler, and the context on which it is called.
    sealed interface Registration {}

    /// Answers requests.
    record Serve(String address, Context context, Function<JsonObject, Future<JsonObject>> handler)
            implements Registration {
        /// Hands over a message that came another way than by its address.
        Future<JsonObject> apply(JsonObject message) {
            Promise<JsonObject> answer = Promise.promise();
            context.runOnContext(v ->
                    Future.future((Promise<JsonObject> done) ->
                                    handler.apply(message).onComplete(done))
                            .onComplete(answer));
            return answer.future();
        }
    }

    /// Hears what is published.
    record Subscribe(String address, Context context, Consumer<JsonObject> handler)
            implements Registration {}

    private final List<Registration> all = new ArrayList<>();

    /// Adds one.
    ///
    /// @param port the event bus now, where there is one
    void add(Registration registration, @Nullable EventBusPort port) {
        all.add(registration);
        if (port != null) {
            register(registration, port);
        }
    }

    /// A stay in the cluster begins: all are known there too.
    void enter(EventBusPort port) {
        all.forEach(registration -> register(registration, port));
    }

    private static void register(Registration registration, EventBusPort port) {
        switch (registration) {
            case Serve(var address, var on, var handler) -> port.serve(address, on, handler);
            case Subscribe(var address, var on, var handler) ->
                    port.subscribe(address, on, handler);
        }
    }

    /// Those that answer requests.
    List<Serve> serving() {
        return all.stream().filter(Serve.class::isInstance).map(Serve.class::cast).toList();
    }
}
