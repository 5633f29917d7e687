package io.skerry.edge.tcp;

import io.skerry.edge.listener.Route;
import java.net.InetSocketAddress;

/// Prepares sockets towards origins. Called on event loops; must neither wait nor throw.
@FunctionalInterface
public interface OriginSockets {
    /// Leaves them as they are.
    OriginSockets PLAIN = (descriptor, route, client) -> {};

    /// A socket is about to connect.
    ///
    /// @param descriptor its number, which stays the caller's; not called with transport NIO, which
    ///   does not tell it
    /// @param route where the session leads
    /// @param client the client's end of its connection
    void beforeConnect(int descriptor, Route route, InetSocketAddress client);
}
