package io.skerry.rules;

import io.skerry.shared.net.HostPort;
import io.skerry.shared.process.Bus;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;

/// A rule service that runs. Several on one database are replicas; none of them is special.
public final class RuleService {
    private final Vertx vertx;
    private final String deployment;
    private final RuleServiceVerticle verticle;

    private RuleService(Vertx vertx, String deployment, RuleServiceVerticle verticle) {
        this.vertx = vertx;
        this.deployment = deployment;
        this.verticle = verticle;
    }

    /// Starts one: brings the database up to date, serves nodes over HTTP and requests over the
    /// bus.
    public static Future<RuleService> start(Vertx vertx, Bus bus, RuleServiceSettings settings) {
        RuleServiceVerticle verticle = new RuleServiceVerticle(bus, settings);
        DeploymentOptions options =
                new DeploymentOptions().setThreadingModel(ThreadingModel.VIRTUAL_THREAD);
        return vertx.deployVerticle(verticle, options)
                .map(deployment -> new RuleService(vertx, deployment, verticle));
    }

    /// Where edge nodes pull and report over HTTP, with the real port.
    public HostPort address() {
        return verticle.address().orElseThrow();
    }

    /// Whether it can read and write the database now.
    public boolean isReady() {
        return verticle.isReady();
    }

    /// Its metrics in the Prometheus text format.
    public String metrics() {
        return verticle.metrics();
    }

    /// Stops: takes no more requests, lets those under way end, closes its connections.
    public Future<Void> stop() {
        return vertx.undeploy(deployment);
    }
}
