package io.skerry.edge.tcp;

import io.skerry.edge.listener.Route;
import java.net.InetSocketAddress;

/// Looks at every socket towards an origin before it connects. Called on event loops; only by
/// transports whose sockets have a descriptor.
@FunctionalInterface
public interface BeforeConnect {
    /// Leaves every socket as it is.
    BeforeConnect NOTHING = (fd, route, client) -> true;

    /// @param fd of the socket
    /// @param client the client's end of its connection
    /// @return whether the socket may connect
    boolean prepare(int fd, Route route, InetSocketAddress client);
}
