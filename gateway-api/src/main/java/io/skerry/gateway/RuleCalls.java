package io.skerry.gateway;

import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.skerry.shared.process.Bus;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks the rule service what a request asks, and answers what it answers.
final class RuleCalls {
    /// Who asks, as long as nobody needs a key.
    private static final String ACTOR = "anonymous";

    /// A read without an answer by then is asked of the next rule service as well, and so on: one
    /// that is frozen or cut off costs its callers this much and no failure.
    static final long ASK_ANOTHER_MILLIS = 500;

    /// Most such questions that wait at a time: where every read is slow, asking twice would make
    /// it worse.
    static final int ASK_ANOTHER_MAX = 32;

    private static final Logger log = LoggerFactory.getLogger(RuleCalls.class);

    private final Vertx vertx;
    private final Bus bus;
    private final GatewayMetrics metrics;
    private final AtomicInteger askedAgain = new AtomicInteger();

    RuleCalls(Vertx vertx, Bus bus, GatewayMetrics metrics) {
        this.vertx = vertx;
        this.bus = bus;
        this.metrics = metrics;
    }

    void handle(RoutingContext context, Operation operation, Takes takes) {
        Map<String, String> args = new HashMap<>(RequestHead.query(context));
        args.putAll(RequestHead.names(context));
        RequestHead.Conditions conditions = RequestHead.conditions(context.request(), operation);
        String source = context.request().remoteAddress().hostAddress();
        new RequestBody(vertx, context.request(), takes, metrics::hit)
                .read()
                .compose(body -> ask(request(operation, args, body, conditions, source)))
                .onComplete(
                        reply -> answer(context, reply),
                        failure -> ProblemResponse.send(context, failure));
    }

    private static RuleRequest request(
            Operation operation,
            Map<String, String> args,
            @Nullable Object body,
            RequestHead.Conditions conditions,
            String source) {
        return new RuleRequest(
                operation,
                args,
                body,
                ACTOR,
                source == null ? "" : source,
                conditions.idempotencyKey(),
                conditions.ifMatch());
    }

    /// One request to any rule service, with the operation's deadline, a read also to others where
    /// the first is slow; what became of it arrives on the context of the caller.
    Future<RuleReply> ask(RuleRequest request) {
        Context caller = vertx.getOrCreateContext();
        Promise<RuleReply> reply = Promise.promise();
        Operation operation = request.operation();
        long millis = operation.deadlineMillis();
        (operation.isWrite() ? send(request, millis) : sendUntilAnswered(request, millis))
                .onFailure(failure -> countLate(failure, operation))
                .map(json -> read(json, operation))
                .onComplete(result -> caller.runOnContext(now -> settle(reply, result, operation)));
        return reply.future();
    }

    private Future<JsonObject> send(RuleRequest request, long millis) {
        return bus.request(BusAddress.RULES, request.print(), millis);
    }

    /// The first answer of those whose turn it is, the next of them every {@link
    /// #ASK_ANOTHER_MILLIS}.
    private Future<JsonObject> sendUntilAnswered(RuleRequest read, long millis) {
        Future<JsonObject> first = send(read, millis);
        long rest = millis - ASK_ANOTHER_MILLIS;
        if (rest <= 0) {
            return first;
        }
        Promise<JsonObject> either = Promise.promise();
        long timer =
                vertx.setTimer(
                        ASK_ANOTHER_MILLIS,
                        late -> orOfAnother(first, read, rest).onComplete(either));
        first.onComplete(answer -> {
            if (vertx.cancelTimer(timer)) {
                either.handle(answer);
            }
        });
        return either.future();
    }

    private Future<JsonObject> orOfAnother(
            Future<JsonObject> first, RuleRequest read, long millis) {
        if (askedAgain.incrementAndGet() > ASK_ANOTHER_MAX) {
            askedAgain.decrementAndGet();
            metrics.hit(GatewayMetrics.READS_AGAIN);
            return first;
        }
        return Future.any(first, sendUntilAnswered(read, millis))
                .onComplete(done -> askedAgain.decrementAndGet())
                .map(any -> any.<JsonObject>resultAt(any.succeeded(0) ? 0 : 1));
    }

    private void countLate(Throwable failure, Operation operation) {
        if (failure instanceof ProblemException known
                && known.problem().code() == Code.OUTCOME_UNKNOWN) {
            metrics.hit(operation.isWrite() ? GatewayMetrics.WRITE_TIME : GatewayMetrics.READ_TIME);
        }
    }

    private static void settle(
            Promise<RuleReply> reply,
            io.vertx.core.AsyncResult<RuleReply> result,
            Operation operation) {
        if (result.succeeded()) {
            reply.complete(result.result());
        } else if (result.cause() instanceof ProblemException known
                && known.problem().code() == Code.OUTCOME_UNKNOWN
                && !operation.isWrite()) {
            reply.fail(
                    Problem.of(
                                    Code.UNAVAILABLE,
                                    "no rule service answered within "
                                            + operation.deadlineMillis()
                                            + " ms; try again")
                            .toException());
        } else {
            reply.fail(result.cause());
        }
    }

    /// A reply that cannot be read says nothing of what was done.
    private static RuleReply read(JsonObject json, Operation operation) {
        try {
            return RuleReply.read(json);
        } catch (RuntimeException unreadable) {
            log.error("the answer to {} cannot be read", operation, unreadable);
            throw Problem.of(
                            operation.isWrite() ? Code.OUTCOME_UNKNOWN : Code.UNAVAILABLE,
                            "the rule service's answer cannot be read; is it of another version?")
                    .toException();
        }
    }

    private static void answer(RoutingContext context, RuleReply reply) {
        switch (reply) {
            case RuleReply.Refused(Problem problem) -> ProblemResponse.send(context, problem);
            case RuleReply.Done done -> {
                HttpServerResponse response = context.response();
                if (!response.ended() && !response.closed()) {
                    send(response.setStatusCode(done.status()), done);
                }
            }
        }
    }

    private static void send(HttpServerResponse response, RuleReply.Done done) {
        Long revision = done.revision();
        if (revision != null) {
            response.putHeader("ETag", "\"" + revision + "\"");
        }
        String location = done.location();
        if (location != null) {
            response.putHeader("Location", "/v1" + location);
        }
        if (done.status() == 204) {
            response.end();
        } else if (done.body().getValue("text") instanceof String text) {
            response.putHeader("Content-Type", "text/plain; charset=utf-8")
                    .putHeader("Skerry-Export-Lossy", String.valueOf(done.body().getValue("lossy")))
                    .end(text);
        } else {
            response.putHeader("Content-Type", "application/json").end(done.body().toBuffer());
        }
    }
}
