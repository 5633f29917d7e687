package io.skerry.gateway;

import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.process.Bus;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;

/// Whether the process lives, and whether a rule service can be reached through it.
final class HealthCalls {
    /// Time a rule service has to answer, in milliseconds.
    private static final long PING_MILLIS = 1_000;

    /// Time between the checks that {@link #isReady()} tells of, in milliseconds.
    private static final long CHECK_MILLIS = 2_000;

    private final Bus bus;
    private volatile boolean ready;
    private volatile boolean stopping;

    HealthCalls(Vertx vertx, Bus bus) {
        this.bus = bus;
        vertx.setPeriodic(0, CHECK_MILLIS, now -> check());
    }

    /// Answers `GET /health/live`.
    void live(RoutingContext context) {
        up(context);
    }

    /// Answers `GET /health/ready`, after asking a rule service.
    void ready(RoutingContext context) {
        check().onComplete(asked ->
                context.vertx()
                        .runOnContext(now -> {
                            if (asked.succeeded() && asked.result()) {
                                up(context);
                            } else {
                                notReady(context);
                            }
                        }));
    }

    /// Whether a rule service answered lately; from any thread.
    boolean isReady() {
        return ready && !stopping;
    }

    /// From now on unready.
    void stop() {
        stopping = true;
    }

    private Future<Boolean> check() {
        if (stopping) {
            return Future.succeededFuture(false);
        }
        RuleRequest ping = RuleRequest.of(Operation.PING, Map.of(), null);
        return bus.request(BusAddress.RULES, ping.print(), PING_MILLIS)
                .map(reply -> RuleReply.read(reply) instanceof RuleReply.Done)
                .otherwise(false)
                .onSuccess(up -> ready = up);
    }

    private static void up(RoutingContext context) {
        if (!context.response().closed()) {
            context.response()
                    .putHeader("Content-Type", "application/json")
                    .end(new JsonObject().put("status", "up").toBuffer());
        }
    }

    private void notReady(RoutingContext context) {
        ProblemResponse.send(
                context,
                Problem.of(
                        Code.UNAVAILABLE,
                        stopping
                                ? "the gateway is stopping"
                                : "no rule service answers that it can read and write"));
    }
}
