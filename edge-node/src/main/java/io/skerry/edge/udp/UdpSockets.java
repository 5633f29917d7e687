package io.skerry.edge.udp;

import java.io.IOException;
import java.net.InetAddress;

/// Opens the UDP sockets of one event loop. For its thread only.
sealed interface UdpSockets permits EpollSockets, NioSockets {
    /// When a socket begins to share its address and port with others of ours.
    enum Sharing {
        /// Once bound: so binding fails where another socket is, even one that would share.
        ONCE_BOUND,
        FROM_THE_START
    }

    /// Whether several loops can listen on one port, the system spreading clients over them.
    boolean sharesPorts();

    /// A socket that listens, and tells the dialled address where that may be one of many.
    ///
    /// @throws java.net.BindException naming address and port
    UdpSocket listening(InetAddress address, int port, Sharing sharing) throws IOException;

    /// A socket on a free port that tells the address and port each datagram was sent to.
    ///
    /// @throws IOException where the system has no such
    EpollSocket front(InetAddress address) throws IOException;

    /// A socket of a free port that talks to a peer alone.
    UdpSocket connected(InetAddress peer, int port) throws SocketRefused;

    /// The same from an address and port that other sockets of ours may have too.
    UdpSocket connected(InetAddress own, int ownPort, InetAddress peer, int port)
            throws IOException;

    /// A socket that another process opened, as one of the others here. With epoll alone.
    ///
    /// @param descriptor the socket's from now on
    default EpollSocket of(int descriptor) {
        throw new IllegalStateException("only sockets of epoll come from another process");
    }
}
