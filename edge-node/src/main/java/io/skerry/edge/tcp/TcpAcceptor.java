package io.skerry.edge.tcp;

import io.netty.channel.EventLoop;
import io.skerry.edge.listener.Route;
import io.skerry.edge.session.EndReason;
import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One listener's share on one event loop: accepts there and owns the sessions it began. Runs on
/// that event loop; {@link #open()} may be asked from anywhere.
///
/// When the process has no descriptor left, `accept` fails again and again without taking anything
/// off the queue, or a client is accepted and has to be turned away for want of a socket towards
/// its origin. Accepting then pauses and is tried again by a timer, and the clients wait in the
/// backlog.
final class TcpAcceptor implements ListeningSocket.Owner {
    static final long ACCEPT_PAUSE_MILLIS = 250;

    private static final long SAY_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final Logger LOG = LoggerFactory.getLogger(TcpAcceptor.class);

    private final TcpListener listener;
    private final TcpLoop tcpLoop;
    private final SessionList sessions = new SessionList();
    private @Nullable ListeningSocket socket;
    private volatile int open;
    private boolean closed;
    private boolean paused;
    private boolean held;
    private boolean said;
    private long saidAt;

    TcpAcceptor(TcpListener listener, TcpLoop tcpLoop) {
        this.listener = listener;
        this.tcpLoop = tcpLoop;
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
        socket = listening;
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
        pause(String.valueOf(why.getMessage()));
    }

    private void pause(String why) {
        ListeningSocket listening = socket;
        if (paused || listening == null) {
            return;
        }
        paused = true;
        parts().acceptPauses().increment();
        // Said once in a while, not four times a second.
        if (!said || now() - saidAt >= SAY_AGAIN_NANOS) {
            said = true;
            saidAt = now();
            LOG.warn("accepting on {} pauses: {}", listener.key(), why);
        }
        listening.pause();
        var _ = loop().schedule(this::resume, ACCEPT_PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void resume() {
        paused = false;
        ListeningSocket listening = socket;
        if (listening != null && !held) {
            listening.resume();
        }
    }

    /// Accepts nobody, and leaves the socket to another process if one wants it.
    void hold() {
        held = true;
        ListeningSocket listening = socket;
        if (listening != null) {
            listening.leave();
        }
    }

    /// Accepts again.
    void accept() {
        held = false;
        if (!paused) {
            resume();
        }
    }

    /// The descriptor of the socket; -1 where it has none.
    int descriptor() {
        ListeningSocket listening = socket;
        return listening == null ? -1 : listening.descriptor();
    }

    /// A session ended because no socket could be opened towards its origin.
    void outOfDescriptors() {
        pause("no descriptor towards an origin");
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
        ListeningSocket listening = socket;
        socket = null;
        if (listening == null) {
            portClosed();
        } else {
            listening.close(this::portClosed);
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
