package io.skerry.shared.process;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.function.Consumer;
import java.util.function.Function;

/// The bus of services that live in one process.
public final class LocalBus implements Bus {
    private final Vertx vertx;
    private final EventBusPort port;

    public LocalBus(Vertx vertx) {
        this.vertx = vertx;
        this.port = new EventBusPort(vertx.eventBus());
    }

    @Override
    public Future<JsonObject> request(String address, JsonObject message, long timeoutMillis) {
        return port.request(address, message, timeoutMillis);
    }

    @Override
    public void publish(String address, JsonObject message) {
        port.publish(address, message);
    }

    @Override
    public void serve(String address, Function<JsonObject, Future<JsonObject>> handler) {
        port.serve(address, vertx.getOrCreateContext(), handler);
    }

    @Override
    public void subscribe(String address, Consumer<JsonObject> handler) {
        port.subscribe(address, vertx.getOrCreateContext(), handler);
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }
}
