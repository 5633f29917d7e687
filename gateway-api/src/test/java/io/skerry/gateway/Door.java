package io.skerry.gateway;

import io.skerry.shared.net.HostPort;
import io.skerry.shared.process.LocalBus;
import io.skerry.shared.process.SettingsReader;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A gateway on a free loopback port, with a bus of one process.
final class Door implements AutoCloseable {
    final Vertx vertx = Vertx.vertx();
    final LocalBus bus = new LocalBus(vertx);
    final Gateway gateway;
    final HostPort api;

    Door(String... keysAndValues) {
        this(GatewayVerticle.Times.DEFAULT, keysAndValues);
    }

    Door(GatewayVerticle.Times times, String... keysAndValues) {
        Map<String, String> settings = new HashMap<>(Map.of("api", "127.0.0.1:0"));
        for (int i = 0; i < keysAndValues.length; i += 2) {
            settings.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        GatewaySettings read = GatewaySettings.read(SettingsReader.of(settings));
        gateway = await(Gateway.start(vertx, bus, read, times));
        api = gateway.api();
    }

    Wire.Answer call(String method, String target, String... headersThenBody) throws Exception {
        return Wire.call(api, method, target, headersThenBody);
    }

    /// Waits until the gateway's metrics hold a line.
    void awaitMetric(String line) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
        while (gateway.metricsText().lines().noneMatch(line::equals)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("no '" + line + "' in\n" + gateway.metricsText());
            }
            Thread.onSpinWait();
        }
    }

    /// The value of a future, within 20 s; for the test's own thread.
    static <T> T await(Future<T> future) {
        return future.toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    @Override
    public void close() {
        await(gateway.stop());
        await(vertx.close());
    }
}
