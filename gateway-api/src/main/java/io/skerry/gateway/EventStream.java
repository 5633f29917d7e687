package io.skerry.gateway;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Server-sent events for everyone who watches. What happened while nobody watched, or while a
/// watcher was too slow, is not told again. Runs on the event loop of the server.
///
/// @spec https://html.spec.whatwg.org/multipage/server-sent-events.html Server-sent events
final class EventStream {
    /// Bytes that may wait for one watcher; it is dropped when the next event finds more.
    static final int BACKLOG_BYTES_MAX = 256 * 1024;

    /// Time between comments that keep the connection alive, in milliseconds.
    static final long KEEP_ALIVE_MILLIS = 15_000;

    private static final Buffer KEEP_ALIVE = Buffer.buffer(": still here\n\n");

    private final GatewayMetrics metrics;
    private final int watchersMax;
    private final Set<RoutingContext> watchers = new LinkedHashSet<>();

    EventStream(Vertx vertx, GatewayMetrics metrics, int watchersMax, long keepAliveMillis) {
        this.metrics = metrics;
        this.watchersMax = watchersMax;
        vertx.setPeriodic(keepAliveMillis, now -> send(KEEP_ALIVE));
    }

    /// Answers `GET /v1/events`: the response stays open.
    void watch(RoutingContext context) {
        if (watchers.size() >= watchersMax) {
            metrics.hit(GatewayMetrics.WATCHERS);
            ProblemResponse.send(
                    context,
                    Problem.of(
                            Code.UNAVAILABLE,
                            "all " + watchersMax + " event streams are in use; try again later"));
            return;
        }
        HttpServerResponse response =
                context.response()
                        .setChunked(true)
                        .setWriteQueueMaxSize(BACKLOG_BYTES_MAX)
                        .putHeader("Content-Type", "text/event-stream");
        if (HttpMethod.HEAD.equals(context.request().method())) {
            response.end();
            return;
        }
        watchers.add(context);
        metrics.watchers(watchers.size());
        context.addEndHandler(ended -> forget(context));
        response.write("retry: 2000\n\n");
    }

    /// Passes an event of the bus on.
    void publish(JsonObject event) {
        String type = event.getString("type", "");
        JsonObject data = event.getJsonObject("data", new JsonObject());
        if (type.chars().anyMatch(Character::isISOControl)) {
            return;
        }
        send(Buffer.buffer("event: " + type + "\ndata: " + data.encode() + "\n\n"));
    }

    /// Ends every stream.
    void stop() {
        List.copyOf(watchers).forEach(watcher -> watcher.response().end());
    }

    private void send(Buffer text) {
        for (RoutingContext watcher : List.copyOf(watchers)) {
            if (watcher.response().writeQueueFull()) {
                metrics.hit(GatewayMetrics.BACKLOG);
                forget(watcher);
                watcher.request().connection().close();
            } else {
                watcher.response().write(text);
            }
        }
    }

    private void forget(RoutingContext watcher) {
        if (watchers.remove(watcher)) {
            metrics.watchers(watchers.size());
        }
    }
}
