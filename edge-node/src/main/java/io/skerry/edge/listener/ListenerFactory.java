package io.skerry.edge.listener;

import io.vertx.core.Future;

/// Opens listeners; one for TCP, one for UDP.
public interface ListenerFactory {
    /// Opens a port. The future fails with a {@link java.net.BindException} or another {@link
    /// java.io.IOException} where the system refuses; then nothing is left open.
    ///
    /// @param loops on how many event loops it accepts: all of them, or 1 where there are many
    ///   ports
    Future<Listener> open(ListenerKey key, Route route, int loops);
}
