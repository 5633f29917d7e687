package io.skerry.edge.udp;

import static io.skerry.edge.socket.SystemCalls.SOL_IP;
import static io.skerry.edge.socket.SystemCalls.SOL_IPV6;
import static io.skerry.edge.socket.SystemCalls.SOL_SOCKET;

import io.skerry.edge.socket.SocketAddress;
import io.skerry.edge.socket.SystemCalls;
import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.shared.net.IpText;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.BindException;
import java.net.InetAddress;

/// Sockets by Linux's own calls, on a loop of Netty's that waits with epoll.
final class EpollSockets implements UdpSockets {
    private final UdpLoop loop;
    private final int receiveBuffer;
    private final OutgoingPorts outgoing;
    private final SystemCalls calls = new SystemCalls();
    private final MemorySegment name = Arena.ofAuto().allocate(SocketAddress.ROOM, 8);

    /// @param receiveBuffer bytes, of each socket
    /// @param outgoing from which ports sockets towards origins may leave
    EpollSockets(UdpLoop loop, int receiveBuffer, OutgoingPorts outgoing) {
        this.loop = loop;
        this.outgoing = outgoing;
        this.receiveBuffer = receiveBuffer;
    }

    @Override
    public boolean sharesPorts() {
        return true;
    }

    @Override
    public UdpSocket listening(InetAddress address, int port, Sharing sharing) throws IOException {
        int fd = bound(address, port, sharing);
        if (address.isAnyLocalAddress() && SocketAddress.isV6(address)) {
            calls.option(fd, SOL_IPV6, SystemCalls.IPV6_RECVPKTINFO, 1);
        } else if (address.isAnyLocalAddress()) {
            calls.option(fd, SOL_IP, SystemCalls.IP_PKTINFO, 1);
        }
        makeRoom(fd);
        return new EpollSocket(loop, calls, fd);
    }

    @Override
    public EpollSocket front(InetAddress address) throws IOException {
        int fd = bound(address, 0, Sharing.ONCE_BOUND);
        if (SocketAddress.isV6(address)) {
            calls.option(fd, SOL_IPV6, SystemCalls.IPV6_ORIGDSTADDR, 1);
        } else {
            calls.option(fd, SOL_IP, SystemCalls.IP_ORIGDSTADDR, 1);
        }
        makeRoom(fd);
        return new EpollSocket(loop, calls, fd);
    }

    @Override
    public UdpSocket connected(InetAddress peer, int port) throws SocketRefused {
        int fd = calls.socket(SocketAddress.family(SocketAddress.isV6(peer)));
        if (fd < 0) {
            throw new SocketRefused(SocketRefused.Cause.DESCRIPTORS);
        }
        int from = outgoing.range();
        if (from != 0) {
            calls.option(fd, OutgoingPorts.LEVEL, OutgoingPorts.OPTION, from);
        }
        return connect(fd, peer, port);
    }

    @Override
    public UdpSocket connected(InetAddress own, int ownPort, InetAddress peer, int port)
            throws IOException {
        return connect(bound(own, ownPort, Sharing.FROM_THE_START), peer, port);
    }

    @Override
    public EpollSocket of(int descriptor) {
        EpollSocket socket = new EpollSocket(loop, calls, descriptor);
        // What was dropped before is the other process's, which has counted it.
        socket.overflow();
        return socket;
    }

    private UdpSocket connect(int fd, InetAddress peer, int port) throws SocketRefused {
        int length = SocketAddress.write(name, 0, peer, port);
        if (calls.connect(fd, name.address(), length) < 0) {
            calls.close(fd);
            throw new SocketRefused(SocketRefused.Cause.UNREACHABLE);
        }
        makeRoom(fd);
        return new EpollSocket(loop, calls, fd);
    }

    private int bound(InetAddress address, int port, Sharing sharing) throws IOException {
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
        int length = SocketAddress.write(name, 0, address, port);
        int bound = calls.bind(fd, name.address(), length);
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

    private void makeRoom(int fd) {
        if (calls.option(fd, SOL_SOCKET, SystemCalls.SO_RCVBUFFORCE, receiveBuffer) < 0) {
            calls.option(fd, SOL_SOCKET, SystemCalls.SO_RCVBUF, receiveBuffer);
        }
    }
}
