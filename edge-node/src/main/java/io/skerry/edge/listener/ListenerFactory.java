package io.skerry.edge.listener;

import io.vertx.core.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;

/// Opens listeners; one for TCP, one for UDP.
public interface ListenerFactory {
    /// Opens a port. The future fails with a {@link java.net.BindException} or another {@link
    /// java.io.IOException} where the system refuses; then nothing is left open.
    ///
    /// @param loops on how many event loops it accepts: all of them, or 1 where there are many
    ///   ports
    Future<Listener> open(ListenerKey key, Route route, int loops);

    /// Opens the sockets that steered traffic is led to, one for each event loop and address; they
    /// stay open until the factory is closed. Further calls answer the same.
    ///
    /// @param addresses of loopback, one for each family that is served
    default Future<List<Front>> fronts(Collection<InetAddress> addresses) {
        return Future.succeededFuture(List.of());
    }

    /// Opens a port without a socket of its own, on all event loops: it serves what comes to the
    /// fronts for it. Which ports are led there is decided elsewhere.
    default Future<Listener> openSteered(ListenerKey key, Route route) {
        return Future.failedFuture(new IOException("ports cannot be steered here"));
    }

    /// Completes when the sessions of all listeners that drain by now go on without their
    /// listener's sockets.
    default Future<Void> settled() {
        return Future.succeededFuture();
    }
}
