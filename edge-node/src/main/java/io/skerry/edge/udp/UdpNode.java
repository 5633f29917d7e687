package io.skerry.edge.udp;

import static io.skerry.edge.socket.SystemCalls.SOL_IP;
import static io.skerry.edge.socket.SystemCalls.SOL_IPV6;
import static io.skerry.edge.socket.SystemCalls.SOL_SOCKET;

import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.socket.SocketAddress;
import io.skerry.edge.socket.SystemCalls;
import io.skerry.shared.net.IpText;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.BindException;
import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;

/// What all UDP listeners of a node share. Safe for all threads, but for {@link #bind}.
final class UdpNode {
    private final OwnPorts ownPorts;
    private final SessionMetrics metrics;
    private final Admission admission;
    private final UdpSettings settings;
    private final ConcurrentHashMap<Integer, Integer> clientSides = new ConcurrentHashMap<>();

    UdpNode(OwnPorts own, SessionMetrics metrics, Admission admission, UdpSettings settings) {
        this.ownPorts = own;
        this.metrics = metrics;
        this.admission = admission;
        this.settings = settings;
    }

    /// When a socket begins to share its address and port with others of ours.
    enum Sharing {
        /// Once bound: so binding fails where another socket is, even one that would share.
        ONCE_BOUND,
        FROM_THE_START
    }

    OwnPorts ownPorts() {
        return ownPorts;
    }

    SessionMetrics metrics() {
        return metrics;
    }

    Admission admission() {
        return admission;
    }

    /// Counts sockets of draining sessions, which hold on to their port.
    void clientSides(int port, int change) {
        clientSides.merge(port, change, (a, b) -> a + b == 0 ? null : Integer.valueOf(a + b));
    }

    /// How the first socket of a new listener shares: not at once, unless sessions of ours that
    /// drain are on the port.
    Sharing sharing(int port) {
        return clientSides.containsKey(port) ? Sharing.FROM_THE_START : Sharing.ONCE_BOUND;
    }

    /// A bound socket; on the loop's thread.
    int bind(UdpLoop loop, InetAddress address, int port, Sharing sharing) throws IOException {
        SystemCalls calls = loop.calls;
        boolean v6 = SocketAddress.isV6(address);
        int fd = calls.socket(SocketAddress.family(v6));
        if (fd < 0) {
            throw new IOException(SystemCalls.text(-fd));
        }
        if (v6) {
            calls.option(fd, SOL_IPV6, SystemCalls.IPV6_V6ONLY, 1);
        }
        if (sharing == Sharing.FROM_THE_START) {
            calls.option(fd, SOL_SOCKET, SystemCalls.SO_REUSEPORT, 1);
        }
        MemorySegment name = loop.memory.take();
        int length = SocketAddress.write(name, 0, address, port);
        int bound = calls.bind(fd, name.address(), length);
        loop.memory.give(name);
        if (bound < 0) {
            calls.close(fd);
            String where = IpText.print(address) + " port " + port;
            throw new BindException("udp " + where + ": " + SystemCalls.text(-bound));
        }
        if (sharing == Sharing.ONCE_BOUND) {
            calls.option(fd, SOL_SOCKET, SystemCalls.SO_REUSEPORT, 1);
        }
        return fd;
    }

    /// Asks for the dialled address of each datagram, and room for many.
    void makeListening(SystemCalls calls, int fd, InetAddress address) {
        if (address.isAnyLocalAddress() && SocketAddress.isV6(address)) {
            calls.option(fd, SOL_IPV6, SystemCalls.IPV6_RECVPKTINFO, 1);
        } else if (address.isAnyLocalAddress()) {
            calls.option(fd, SOL_IP, SystemCalls.IP_PKTINFO, 1);
        }
        makeRoom(calls, fd);
    }

    /// Gives a socket its receive buffer.
    void makeRoom(SystemCalls calls, int fd) {
        int bytes = settings.receiveBufferBytes();
        if (calls.option(fd, SOL_SOCKET, SystemCalls.SO_RCVBUFFORCE, bytes) < 0) {
            calls.option(fd, SOL_SOCKET, SystemCalls.SO_RCVBUF, bytes);
        }
    }
}
