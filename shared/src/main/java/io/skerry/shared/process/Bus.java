package io.skerry.shared.process;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.function.Consumer;
import java.util.function.Function;

/// The event bus as services see it: JSON messages, best effort, nothing promised but speed.
///
/// Handlers run on the Vert.x context that registered them and stay registered when the process
/// leaves the cluster and joins again.
public interface Bus {
    /// Asks one of those that {@link #serve} the address. Fails with a {@link
    /// io.skerry.shared.problem.ProblemException}: `unavailable` at once where nobody serves it,
    /// `outcome_unknown` when the time is over.
    Future<JsonObject> request(String address, JsonObject message, long timeoutMillis);

    /// Tells everyone who {@link #subscribe subscribed}; may be lost.
    void publish(String address, JsonObject message);

    /// Answers requests.
    void serve(String address, Function<JsonObject, Future<JsonObject>> handler);

    /// Hears what is published.
    void subscribe(String address, Consumer<JsonObject> handler);

    /// How the bus does, in the Prometheus text format; empty where there is nothing to say.
    default String metrics() {
        return "";
    }

    Future<Void> close();
}
