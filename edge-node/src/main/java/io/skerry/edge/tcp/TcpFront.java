package io.skerry.edge.tcp;

import io.skerry.edge.listener.Front;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.SteeredPorts;
import io.skerry.edge.session.EndReason;
import io.skerry.shared.net.Protocol;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A listening socket of one event loop that takes the clients of all steered ports: what a client
/// has dialled is read from its connection. Runs on that event loop.
final class TcpFront implements ListeningSocket.Owner {
    private final TcpParts parts;
    private final TcpLoop loop;
    private final int number;
    private final SteeredPorts<TcpListener> ports;
    private final Entrance entrance;
    private @Nullable EpollListening socket;

    private TcpFront(TcpParts parts, TcpLoop loop, int number, SteeredPorts<TcpListener> ports) {
        this.parts = parts;
        this.loop = loop;
        this.number = number;
        this.ports = ports;
        this.entrance = new Entrance(parts, loop, "steered ports");
    }

    /// Listens on a port of the system's choice.
    ///
    /// @param number of the loop; the front's number
    static Future<TcpFront> open(
            TcpParts parts,
            TcpLoop loop,
            int number,
            InetAddress address,
            SteeredPorts<TcpListener> ports) {
        TcpFront front = new TcpFront(parts, loop, number, ports);
        ListenerKey anyPort = new ListenerKey(Protocol.TCP, address, 0);
        return front.opening(() -> loop.sockets().listen(anyPort, front).map(front::opened));
    }

    /// Takes over the front of another process; accepts nobody before {@link #accept}.
    ///
    /// @param descriptor of its socket, which is closed where this fails
    /// @param number that it had there
    static Future<TcpFront> inherit(
            TcpParts parts,
            TcpLoop loop,
            int number,
            int descriptor,
            SteeredPorts<TcpListener> ports) {
        TcpFront front = new TcpFront(parts, loop, number, ports);
        return front.opening(() -> {
            Future<TcpFront> adopted = loop.sockets().adopt(descriptor, front).map(front::opened);
            front.hold();
            return adopted;
        });
    }

    private Future<TcpFront> opening(Supplier<Future<TcpFront>> how) {
        Promise<TcpFront> opened = Promise.promise();
        loop.loop().execute(() -> how.get().onComplete(opened));
        return opened.future();
    }

    private TcpFront opened(ListeningSocket listening) {
        if (!(listening instanceof EpollListening epoll)) {
            throw new IllegalStateException("steering needs epoll");
        }
        socket = epoll;
        entrance.opened(epoll);
        return this;
    }

    /// Where it is; once open, on its event loop.
    Front place() {
        EpollListening open = socket;
        if (open == null) {
            throw new IllegalStateException("not open");
        }
        InetSocketAddress at = open.boundTo();
        int fd = open.fd().intValue();
        return new Front(Protocol.TCP, number, at.getAddress(), at.getPort(), fd);
    }

    int number() {
        return number;
    }

    TcpLoop loop() {
        return loop;
    }

    /// Of all its ports.
    Entrance entrance() {
        return entrance;
    }

    /// Accepts nobody, and leaves the socket to another process; whatever its ports want.
    void hold() {
        entrance.hold();
    }

    /// Accepts again.
    void accept() {
        entrance.accept();
    }

    @Override
    public void accepted(TcpSocket client) {
        InetSocketAddress dialled = client.local();
        TcpListener listener = ports.find(dialled.getAddress(), dialled.getPort());
        if (listener == null) {
            // Its port has been closed while it waited.
            parts.metrics().refused(Protocol.TCP, EndReason.SHUTDOWN);
            client.close(true);
        } else {
            listener.acceptor(number).accepted(client);
        }
    }

    @Override
    public void failed(IOException why) {
        entrance.pause(String.valueOf(why.getMessage()));
    }

    /// Closes the socket. From any thread.
    void end() {
        loop.loop().execute(() -> entrance.close(() -> {}));
    }
}
