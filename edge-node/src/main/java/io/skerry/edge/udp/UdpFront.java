package io.skerry.edge.udp;

import io.skerry.edge.listener.Front;
import io.skerry.edge.listener.SteeredPorts;
import io.skerry.edge.socket.SocketAddress;
import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// A socket of one event loop that takes the datagrams of all steered ports of a family; answers
/// leave through sockets of the ports themselves. For the loop's thread only.
final class UdpFront implements UdpLoop.Ports {
    private final UdpLoop loop;
    private final int number;
    private final boolean v6;
    private final SteeredPorts<UdpListener> ports;
    private final EpollSocket socket;
    private final InetSocketAddress at;

    /// @param number of the loop
    /// @param address where it is bound; the port is the system's choice
    UdpFront(UdpLoop loop, int number, InetAddress address, SteeredPorts<UdpListener> ports)
            throws IOException {
        this.loop = loop;
        this.number = number;
        this.ports = ports;
        v6 = SocketAddress.isV6(address);
        socket = loop.sockets.front(address);
        at = socket.boundTo(v6);
        socket.register(() -> loop.receive(socket, this), () -> {});
    }

    Front place() {
        int fd = socket.fd().intValue();
        return new Front(Protocol.UDP, number, at.getAddress(), at.getPort(), fd);
    }

    @Override
    public @Nullable UdpPort at(ReceiveBatch in, int i) {
        if (!in.isSteered(i, v6)) {
            return null;
        }
        UdpListener listener =
                ports.find(
                        OriginalDestination.high(in.controls(), in.control(i), v6),
                        OriginalDestination.low(in.controls(), in.control(i), v6),
                        OriginalDestination.port(in.controls(), in.control(i), v6));
        return listener == null ? null : listener.port(number);
    }

    void close() {
        loop.execute(socket::release);
    }
}
