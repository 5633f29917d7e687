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
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A listening socket of one event loop that takes the clients of all steered ports: what a client
/// has dialled is read from its connection. Runs on that event loop.
///
/// To the ports it is the socket they listen with, which they may pause, and which outlives them.
final class TcpFront implements ListeningSocket, ListeningSocket.Owner {
    private static final Logger LOG = LoggerFactory.getLogger(TcpFront.class);

    private final TcpParts parts;
    private final TcpLoop loop;
    private final int number;
    private final SteeredPorts<TcpListener> ports;
    private @Nullable EpollListening socket;
    private boolean paused;
    private boolean held;

    private TcpFront(TcpParts parts, TcpLoop loop, int number, SteeredPorts<TcpListener> ports) {
        this.parts = parts;
        this.loop = loop;
        this.number = number;
        this.ports = ports;
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

    /// Accepts nobody, and leaves the socket to another process; whatever its ports want.
    void hold() {
        held = true;
        if (socket != null) {
            socket.leave();
        }
    }

    /// Accepts again.
    void accept() {
        held = false;
        if (!paused) {
            resume();
        }
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
        if (!paused) {
            paused = true;
            parts.acceptPauses().increment();
            LOG.warn("accepting on steered ports pauses: {}", why.getMessage());
            pause();
            var _ =
                    loop.loop()
                            .schedule(
                                    () -> {
                                        paused = false;
                                        resume();
                                    },
                                    TcpAcceptor.ACCEPT_PAUSE_MILLIS,
                                    TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void pause() {
        if (socket != null) {
            socket.pause();
        }
    }

    @Override
    public void resume() {
        if (socket != null && !held) {
            socket.resume();
        }
    }

    /// A port is closed; the socket stays.
    @Override
    public void close(Runnable closed) {
        closed.run();
    }

    /// Closes the socket. From any thread.
    void end() {
        loop.loop()
                .execute(() -> {
                    if (socket != null) {
                        socket.close();
                    }
                });
    }
}
