package io.skerry.edge.tcp;

import io.netty.channel.EventLoop;
import io.skerry.edge.listener.Route;
import io.skerry.edge.session.EndReason;
import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.net.InetSocketAddress;

/// One listener's share on one event loop: accepts there and owns the sessions it began. Runs on
/// that event loop; {@link #open()} may be asked from anywhere.
final class TcpAcceptor implements ListeningSocket.Owner {
    private final TcpListener listener;
    private final TcpLoop tcpLoop;
    private final Entrance entrance;
    private final boolean steered;
    private final SessionList sessions = new SessionList();
    private volatile int open;
    private boolean closed;

    private TcpAcceptor(TcpListener listener, TcpLoop tcpLoop, Entrance entrance, boolean steered) {
        this.listener = listener;
        this.tcpLoop = tcpLoop;
        this.entrance = entrance;
        this.steered = steered;
    }

    /// With a socket of the port's own.
    TcpAcceptor(TcpListener listener, TcpLoop tcpLoop) {
        this(listener, tcpLoop, new Entrance(listener.parts(), tcpLoop, listener.key()), false);
    }

    /// With the clients that a front leads here.
    ///
    /// @param entrance the front's, which outlives the port
    static TcpAcceptor steered(TcpListener listener, TcpLoop tcpLoop, Entrance entrance) {
        return new TcpAcceptor(listener, tcpLoop, entrance, true);
    }

    TcpParts parts() {
        return listener.parts();
    }

    EventLoop loop() {
        return tcpLoop.loop();
    }

    TcpSockets sockets() {
        return tcpLoop.sockets();
    }

    long now() {
        return tcpLoop.now();
    }

    /// Open sessions, about.
    int open() {
        return open;
    }

    /// The port is open.
    void opened(ListeningSocket listening) {
        entrance.opened(listening);
    }

    @Override
    public void accepted(TcpSocket client) {
        InetSocketAddress address = client.peer();
        if (address == null) {
            // Reset while it waited in the backlog: the system no longer knows who it was.
            refuse(client, EndReason.CLIENT_RESET);
            return;
        }
        Route route = listener.route();
        int max = route.rule().spec().maxConnections();
        int place = route.counters().open.incrementAndGet();
        if (max > 0 && place > max) {
            route.counters().open.decrementAndGet();
            refuse(client, EndReason.MAX_CONNECTIONS);
        } else if (!parts().limits().enter()) {
            route.counters().open.decrementAndGet();
            refuse(client, EndReason.SESSION_LIMIT);
        } else {
            new TcpSession(this, route, client, address).begin();
        }
    }

    private void refuse(TcpSocket client, EndReason reason) {
        parts().metrics().refused(Protocol.TCP, reason);
        client.close(true);
    }

    @Override
    public void failed(IOException why) {
        entrance.pause(String.valueOf(why.getMessage()));
    }

    /// Accepts nobody, and leaves the socket to another process if one wants it.
    void hold() {
        entrance.hold();
    }

    /// Accepts again.
    void accept() {
        entrance.accept();
    }

    /// The descriptor of the socket; -1 where it has none.
    int descriptor() {
        return entrance.descriptor();
    }

    /// A session ended because no socket could be opened towards its origin.
    void outOfDescriptors() {
        entrance.pause("no descriptor towards an origin");
    }

    void add(TcpSession session) {
        if (sessions.size() == 0) {
            tcpLoop.join(this);
        }
        sessions.add(session);
        open = sessions.size();
    }

    void remove(TcpSession session) {
        sessions.remove(session);
        open = sessions.size();
        if (sessions.size() == 0) {
            tcpLoop.leave(this);
            tellIfDrained();
        }
    }

    /// Closes the port, if it was opened; when the last session is gone, the listener is told.
    void closePort() {
        if (steered) {
            portClosed();
        } else {
            entrance.close(this::portClosed);
        }
    }

    private void portClosed() {
        closed = true;
        tellIfDrained();
    }

    private void tellIfDrained() {
        if (closed && sessions.size() == 0) {
            listener.shareDrained();
        }
    }

    void endSessions(EndReason reason) {
        sessions.each(session -> session.close(reason));
    }

    void tick(long now) {
        sessions.each(session -> session.tick(now));
    }
}
