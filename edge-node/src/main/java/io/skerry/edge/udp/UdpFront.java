package io.skerry.edge.udp;

import io.skerry.edge.listener.Front;
import io.skerry.edge.listener.SteeredPorts;
import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.shared.net.Protocol;
import java.io.IOException;
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
    private final SessionMetrics metrics;

    /// @param number of the front, from 0
    /// @param socket the front's from now on; not read before {@link #read}
    UdpFront(
            UdpLoop loop,
            int number,
            boolean v6,
            EpollSocket socket,
            SteeredPorts<UdpListener> ports,
            SessionMetrics metrics) {
        this.metrics = metrics;
        this.loop = loop;
        this.number = number;
        this.ports = ports;
        this.v6 = v6;
        this.socket = socket;
        at = socket.boundTo(v6);
    }

    UdpLoop loop() {
        return loop;
    }

    /// Reads what arrives.
    void read() throws IOException {
        socket.register(
                () -> {
                    if (loop.receive(socket, this)) {
                        countOverflow();
                    }
                },
                () -> {});
    }

    /// Reads nothing, and leaves the socket to another process.
    void hold() {
        socket.leave();
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
        if (listener == null) {
            // Its port has been closed while it waited.
            metrics.dropped(DropReason.PORT_CLOSED);
            return null;
        }
        return listener.port(number);
    }

    private void countOverflow() {
        long dropped = socket.overflow();
        if (dropped > 0) {
            metrics.dropped(DropReason.RECEIVE_BUFFER_FULL, dropped);
        }
    }

    void close() {
        loop.execute(() -> {
            countOverflow();
            socket.release();
        });
    }
}
