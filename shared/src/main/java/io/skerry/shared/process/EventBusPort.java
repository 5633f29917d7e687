package io.skerry.shared.process;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.json.JsonObject;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Speaks to one Vert.x event bus in the terms of {@link Bus}.
final class EventBusPort {
    private static final Logger log = LoggerFactory.getLogger(EventBusPort.class);

    /// The failure code of one that did nothing with a request and may be asked again.
    private static final int NOT_NOW = 503;

    private static final int FAILED = 500;

    private final EventBus events;

    EventBusPort(EventBus events) {
        this.events = events;
    }

    Future<JsonObject> request(String address, JsonObject message, long timeoutMillis) {
        return events.<JsonObject>request(
                        address, message, new DeliveryOptions().setSendTimeout(timeoutMillis))
                .map(Message::body)
                .recover(failure -> Future.failedFuture(problem(address, failure)));
    }

    /// Whether somebody answers there; fails where nobody does.
    Future<Void> reaches(String address, long timeoutMillis) {
        return events.request(
                        address,
                        new JsonObject(),
                        new DeliveryOptions().setSendTimeout(timeoutMillis))
                .mapEmpty();
    }

    /// Nothing was done, and it may be tried again.
    static ProblemException nobody(String address) {
        return Problem.of(Code.UNAVAILABLE, "nobody answers at " + address + " now; try again")
                .toException();
    }

    private static ProblemException problem(String address, Throwable failure) {
        ReplyFailure type =
                failure instanceof ReplyException reply
                        ? reply.failureType()
                        : ReplyFailure.RECIPIENT_FAILURE;
        return switch (type) {
            case NO_HANDLERS -> nobody(address);
            case TIMEOUT ->
                    Problem.of(
                                    Code.OUTCOME_UNKNOWN,
                                    "no answer in time; repeat with the same Idempotency-Key")
                            .toException();
            case RECIPIENT_FAILURE, ERROR -> {
                if (failure instanceof ReplyException reply && reply.failureCode() == NOT_NOW) {
                    yield Problem.of(Code.UNAVAILABLE, String.valueOf(reply.getMessage()))
                            .toException();
                }
                log.error("request to {} failed", address, failure);
                yield Problem.of(Code.INTERNAL, "the service failed; see its log").toException();
            }
        };
    }

    void publish(String address, JsonObject message) {
        events.publish(address, message);
    }

    /// Completes when requests come.
    Future<Void> serve(
            String address, Context context, Function<JsonObject, Future<JsonObject>> handler) {
        return events.<JsonObject>consumer(
                        address,
                        message ->
                                context.runOnContext(v ->
                                        answer(handler, message.body())
                                                .onSuccess(message::reply)
                                                .onFailure(failure ->
                                                        refuse(address, message, failure))))
                .completion();
    }

    private static void refuse(String address, Message<JsonObject> message, Throwable failure) {
        if (isUnavailable(failure)) {
            message.fail(NOT_NOW, failure.getMessage());
        } else {
            log.error("handler of {} failed", address, failure);
            message.fail(FAILED, "handler failed");
        }
    }

    /// Whether it says that nothing was done, and that another may be asked.
    static boolean isUnavailable(Throwable failure) {
        return failure instanceof ProblemException known
                && known.problem().code() == Code.UNAVAILABLE;
    }

    private static Future<JsonObject> answer(
            Function<JsonObject, Future<JsonObject>> handler, JsonObject message) {
        try {
            return handler.apply(message);
        } catch (RuntimeException bug) {
            return Future.failedFuture(bug);
        }
    }

    void subscribe(String address, Context context, Consumer<JsonObject> handler) {
        events.<JsonObject>consumer(
                address, message -> context.runOnContext(v -> handler.accept(message.body())));
    }
}
