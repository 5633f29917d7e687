package io.skerry.gateway;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import java.util.IdentityHashMap;

/// Bounds what connections can hold: their number, and the time a caller takes to send a request.
///
/// A connection waits for its caller from the moment it is open or its last answer is out until a
/// whole request is in; head and body each have {@link #SEND_MILLIS}. However slowly bytes drip, it
/// then ends. Runs on the event loop of the server.
final class ConnectionGuard {
    /// Time for the head of a request, and again for its body, in milliseconds.
    static final long SEND_MILLIS = 30_000;

    private static final long NO_TIMER = -1;

    private final Vertx vertx;
    private final GatewayMetrics metrics;
    private final int connectionsMax;
    private final long sendMillis;
    private final IdentityHashMap<HttpConnection, Long> timers = new IdentityHashMap<>();

    ConnectionGuard(Vertx vertx, GatewayMetrics metrics, int connectionsMax, long sendMillis) {
        this.vertx = vertx;
        this.metrics = metrics;
        this.connectionsMax = connectionsMax;
        this.sendMillis = sendMillis;
    }

    void onConnection(HttpConnection connection) {
        if (timers.size() >= connectionsMax) {
            metrics.hit(GatewayMetrics.CONNECTIONS);
            connection.close();
            return;
        }
        timers.put(connection, NO_TIMER);
        await(connection);
        connection.closeHandler(closed -> {
            Long timer = timers.remove(connection);
            cancel(timer == null ? NO_TIMER : timer);
            metrics.connections(timers.size());
        });
        metrics.connections(timers.size());
    }

    /// The head of a request is in.
    void onRequest(HttpServerRequest request) {
        HttpConnection connection = request.connection();
        await(connection);
        request.end().onSuccess(whole -> rest(connection));
        request.response().bodyEndHandler(answered -> await(connection));
    }

    /// It is the caller's turn.
    private void await(HttpConnection connection) {
        set(connection, vertx.setTimer(sendMillis, late -> onLate(connection)));
    }

    /// It is our turn.
    private void rest(HttpConnection connection) {
        set(connection, NO_TIMER);
    }

    private void set(HttpConnection connection, long timer) {
        Long earlier = timers.replace(connection, timer);
        if (earlier == null) {
            // Closed already, or never counted.
            cancel(timer);
        } else {
            cancel(earlier);
        }
    }

    private void cancel(long timer) {
        if (timer != NO_TIMER) {
            vertx.cancelTimer(timer);
        }
    }

    private void onLate(HttpConnection connection) {
        metrics.hit(GatewayMetrics.SEND_TIME);
        connection.close();
    }
}
