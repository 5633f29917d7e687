package io.skerry.gateway;

import io.skerry.shared.net.HostPort;
import io.skerry.shared.process.Bus;
import io.vertx.core.Future;
import io.vertx.core.Vertx;

/// The HTTP door of a deployment, running.
public final class Gateway {
    private final Vertx vertx;
    private final String deployment;
    private final GatewayVerticle verticle;

    private Gateway(Vertx vertx, String deployment, GatewayVerticle verticle) {
        this.vertx = vertx;
        this.deployment = deployment;
        this.verticle = verticle;
    }

    /// Starts a gateway. It serves as soon as its port is open, whether or not a rule service
    /// answers yet.
    ///
    /// @param bus where rule services answer; stays the caller's, who closes it after the gateway
    public static Future<Gateway> start(Vertx vertx, Bus bus, GatewaySettings settings) {
        return start(vertx, bus, settings, GatewayVerticle.Times.DEFAULT);
    }

    static Future<Gateway> start(
            Vertx vertx, Bus bus, GatewaySettings settings, GatewayVerticle.Times times) {
        GatewayVerticle verticle = new GatewayVerticle(bus, settings, times);
        return vertx.deployVerticle(verticle).map(id -> new Gateway(vertx, id, verticle));
    }

    /// Where the API listens, with the real port where 0 was asked.
    public HostPort api() {
        return verticle.api();
    }

    /// Whether a rule service answered lately and the gateway is not stopping; from any thread.
    public boolean isReady() {
        return verticle.isReady();
    }

    /// Everything the gateway counts, as Prometheus text; from any thread.
    public String metricsText() {
        return verticle.metricsText();
    }

    /// Stops: unready, streams ended, no new requests, up to 5 s for open ones.
    public Future<Void> stop() {
        return vertx.undeploy(deployment);
    }
}
