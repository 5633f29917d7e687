package io.skerry.edge.tcp;

import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.transport.Channels;
import io.skerry.edge.transport.Transport;
import io.vertx.core.Future;
import java.io.IOException;
import java.net.InetAddress;

/// Makes the TCP sockets of one event loop. Everything is called there.
sealed interface TcpSockets permits EpollSockets, ChannelSockets {
    /// The way of the loop's transport.
    static TcpSockets on(Transport transport, EventLoop loop, TcpSettings settings) {
        return switch (transport) {
            case EPOLL -> new EpollSockets((IoEventLoop) loop, settings);
            case IO_URING -> new ChannelSockets(Channels.IO_URING, loop, settings);
            case NIO -> new ChannelSockets(Channels.NIO, loop, settings);
        };
    }

    /// Listens on an address and port, exact in its family; the port is shared with others that do
    /// so where the transport can.
    Future<ListeningSocket> listen(ListenerKey key, ListeningSocket.Owner owner);

    /// Listens with a socket that listens already. Its clients may have dialled any port.
    Future<ListeningSocket> adopt(int descriptor, ListeningSocket.Owner owner);

    /// A socket to connect to an origin with.
    ///
    /// @throws IOException where the system has no descriptor left
    TcpSocket open(InetAddress origin) throws IOException;
}
