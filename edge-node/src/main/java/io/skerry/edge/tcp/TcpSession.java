package io.skerry.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.skerry.edge.listener.Route;
import io.skerry.edge.origin.Choice;
import io.skerry.edge.origin.Origin;
import io.skerry.edge.session.EndReason;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One client connection and its origin connection. Runs on the event loop of both.
///
/// ```
///                 an origin accepts          one side ends             both ended
///  CONNECTING ───────────────────► RELAYING ───────────► HALF_CLOSED ───────────► CLOSED
///      │  ▲ │                          │                      │                     ▲
///      │  └─┘ next origin, or name     └──────────────────────┴── reset, idle, ─────┤
///      │      still being resolved                                drain deadline    │
///      └── no origin left, client gone ─────────────────────────────────────────────┘
/// ```
///
/// The session, and nobody else, closes its sockets; places and counters taken in {@link #begin}
/// are given back in {@link #close}, once, with exactly one {@link EndReason}.
final class TcpSession {
    private enum State {
        /// The client is not read.
        CONNECTING,
        RELAYING,
        /// One side has sent its end; the other may go on.
        HALF_CLOSED,
        CLOSED
    }

    private static final Logger LOG = LoggerFactory.getLogger(TcpSession.class);
    private static final Set<Origin> NONE_TRIED = Set.of();

    /// How often within the idle time a quiet session's peers are looked at.
    private static final int LOOKS = 8;

    private final TcpAcceptor acceptor;
    private final Route route;
    private final TcpSocket client;
    private final InetSocketAddress clientAddress;
    private final Relay toOrigin;
    private State state = State.CONNECTING;
    private @Nullable TcpSocket origin;
    private @Nullable Relay toClient;
    private @Nullable Origin chosen;
    private Set<Origin> tried = NONE_TRIED;
    private EndReason failure = EndReason.NO_ORIGIN;
    private boolean opened;
    private @Nullable Side endedFirst;
    private final long began;
    private long deadline;
    private long lastByte;
    private long looked;
    private long acknowledged;
    private long countedToOrigin;
    private long countedToClient;

    /// Links of {@link SessionList}.
    @Nullable TcpSession previous;

    @Nullable TcpSession next;

    TcpSession(
            TcpAcceptor acceptor, Route route, TcpSocket client, InetSocketAddress clientAddress) {
        this.acceptor = acceptor;
        this.route = route;
        this.client = client;
        this.clientAddress = clientAddress;
        this.toOrigin = new Relay(this, Side.CLIENT, client);
        this.began = acceptor.parts().nanoClock().getAsLong();
        this.lastByte = acceptor.now();
        this.looked = lastByte;
    }

    /// Takes over an accepted socket. The places under the limits were taken by the acceptor and
    /// are given back by {@link #close}.
    void begin() {
        route.counters().sessions.increment();
        acceptor.parts().metrics().opened(Protocol.TCP);
        acceptor.add(this);
        deadline = began + acceptor.parts().settings().connectTimeout().toNanos();
        try {
            client.begin(toOrigin);
            tryOrigin();
        } catch (RuntimeException bug) {
            broke(bug);
        }
    }

    private void tryOrigin() {
        if (state != State.CONNECTING) {
            return;
        }
        switch (route.origins().choose(clientAddress.getAddress(), tried)) {
            case Choice.Chosen(Origin next) -> dial(next);
            // Asked again by the tick.
            case Choice.Resolving() -> failure = EndReason.ORIGIN_UNRESOLVED;
            case Choice.Unresolved() -> close(EndReason.ORIGIN_UNRESOLVED);
            case Choice.None() -> close(failure);
        }
    }

    private void dial(Origin next) {
        chosen = next;
        InetSocketAddress address = new InetSocketAddress(next.address(), route.originPort());
        TcpParts parts = acceptor.parts();
        if (parts.own().contains(Protocol.TCP, address.getAddress(), address.getPort())) {
            close(EndReason.LOOP);
            return;
        }
        TcpSocket socket;
        try {
            socket = acceptor.sockets().open(next.address());
        } catch (IOException noSocket) {
            close(ConnectFailure.reason(noSocket));
            return;
        }
        Relay relay = new Relay(this, Side.ORIGIN, socket);
        origin = socket;
        toClient = relay;
        deadline = parts.nanoClock().getAsLong() + parts.settings().connectTimeout().toNanos();
        int descriptor = socket.descriptor();
        if (descriptor >= 0 && !parts.beforeConnect().prepare(descriptor, route, clientAddress)) {
            close(EndReason.INTERNAL);
            return;
        }
        // The deadline is the tick's: no timer for each connection.
        socket.connect(address, relay);
    }

    void connected(Relay relay) {
        TcpSocket socket = origin;
        Origin target = chosen;
        if (socket != null && target != null) {
            opened = true;
            route.origins().opened(clientAddress.getAddress(), target);
            relay(socket, relay);
        }
    }

    void connectFailed(Relay relay, EndReason reason) {
        TcpSocket socket = origin;
        Origin target = chosen;
        if (relay.equals(toClient) && socket != null && target != null) {
            failed(target, socket, reason);
        }
    }

    private void failed(Origin target, TcpSocket socket, EndReason reason) {
        origin = null;
        toClient = null;
        chosen = null;
        socket.close(false);
        if (reason == EndReason.DESCRIPTORS) {
            route.origins().unused(target);
            close(reason);
            return;
        }
        route.origins().failed(target);
        failure = reason;
        if (tried.isEmpty()) {
            tried = new HashSet<>();
        }
        tried.add(target);
        if (tried.size() >= TcpSettings.ORIGINS_TRIED_MAX) {
            close(reason);
        } else {
            tryOrigin();
        }
    }

    private void relay(TcpSocket socket, Relay relay) {
        state = State.RELAYING;
        ByteBuf header = header();
        if (header != null) {
            socket.hold(header);
        }
        toOrigin.start(socket);
        if (header != null && !isClosed()) {
            socket.flushSoon();
        }
        if (!isClosed()) {
            relay.start(client);
        }
    }

    private @Nullable ByteBuf header() {
        if (route.rule().spec().clientIp() == ClientIp.OFF || origin == null) {
            return null;
        }
        InetSocketAddress to = origin.peer();
        return to == null
                ? null
                : acceptor.parts().headers().header(route, clientAddress, client.local(), to);
    }

    /// A byte moved.
    void touch() {
        lastByte = acceptor.now();
    }

    boolean isClosed() {
        return state == State.CLOSED;
    }

    /// The relay that writes to the side.
    @Nullable Relay towards(Side side) {
        return switch (side) {
            case CLIENT -> toClient;
            case ORIGIN -> toOrigin;
        };
    }

    /// A side has sent its end.
    void sourceEnded(Side side) {
        if (endedFirst == null) {
            endedFirst = side;
        }
        if (state == State.RELAYING) {
            state = State.HALF_CLOSED;
        }
    }

    /// A relay has passed on everything and the end.
    void relayDone() {
        if (toOrigin.isDone() && toClient != null && toClient.isDone()) {
            close(endedFirst == Side.ORIGIN ? EndReason.ORIGIN_CLOSED : EndReason.CLIENT_CLOSED);
        }
    }

    /// A side reset its connection, or it broke.
    void reset(Side side) {
        switch (side) {
            case CLIENT -> close(EndReason.CLIENT_RESET);
            case ORIGIN -> {
                // While connecting, the attempt's own future tells.
                if (state != State.CONNECTING) {
                    close(EndReason.ORIGIN_RESET);
                }
            }
        }
    }

    void broke(Throwable bug) {
        if (state != State.CLOSED) {
            LOG.error("tcp session of rule {} broke", route.rule().id(), bug);
            close(EndReason.INTERNAL);
        }
    }

    void tick(long now) {
        try {
            count();
            switch (state) {
                case CONNECTING -> tickConnecting(now);
                case RELAYING, HALF_CLOSED -> tickOpen(now);
                case CLOSED -> {}
            }
        } catch (RuntimeException bug) {
            broke(bug);
        }
    }

    private void tickOpen(long now) {
        long idle = TimeUnit.SECONDS.toNanos(route.rule().spec().idleSeconds());
        boolean over = now - lastByte >= idle;
        if (over || now - lastByte >= idle / LOOKS && now - looked >= idle / LOOKS) {
            look(now);
        }
        if (now - lastByte >= idle) {
            close(EndReason.IDLE);
        }
    }

    /// The system may hold megabytes that a slow peer takes one by one, while nothing passes here:
    /// a peer that has acknowledged some since the last look is not idle.
    private void look(long now) {
        TcpSocket socket = origin;
        long all = client.acknowledged() + (socket == null ? 0 : socket.acknowledged());
        if (looked - lastByte > 0 && all != acknowledged) {
            touch();
        }
        acknowledged = all;
        looked = now;
    }

    private void tickConnecting(long now) {
        boolean late = now - deadline >= 0;
        TcpSocket socket = origin;
        Origin target = chosen;
        if (socket != null && target != null) {
            if (late) {
                failed(target, socket, EndReason.ORIGIN_TIMEOUT);
            }
        } else if (late) {
            close(EndReason.ORIGIN_UNRESOLVED);
        } else {
            tryOrigin();
        }
    }

    private void count() {
        long up = toOrigin.bytes();
        long down = toClient == null ? 0 : toClient.bytes();
        if (up != countedToOrigin) {
            route.counters().bytesToOrigin.add(up - countedToOrigin);
            countedToOrigin = up;
        }
        if (down != countedToClient) {
            route.counters().bytesToClient.add(down - countedToClient);
            countedToClient = down;
        }
    }

    /// Ends the session; the only place where what {@link #begin} took is given back.
    void close(EndReason reason) {
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        count();
        boolean abrupt = isAbrupt(reason) || (reason == EndReason.IDLE && waits());
        client.close(abrupt);
        if (origin != null) {
            origin.close(abrupt);
        }
        if (chosen != null) {
            leave(chosen);
        }
        route.counters().open.decrementAndGet();
        acceptor.parts().limits().leave();
        acceptor.parts().metrics().ended(Protocol.TCP, reason);
        route.counters().ended(reason);
        log(reason);
        if (reason == EndReason.DESCRIPTORS) {
            acceptor.outOfDescriptors();
        }
        acceptor.remove(this);
    }

    /// Whether bytes are left that a side did not take. A session that ended in order has passed on
    /// everything, although a channel may only just be counting its last bytes off.
    private boolean waits() {
        return client.hasWaiting() || (origin != null && origin.hasWaiting());
    }

    private void leave(Origin target) {
        if (opened) {
            route.origins().closed(clientAddress.getAddress(), target);
        } else {
            route.origins().unused(target);
        }
    }

    /// Whether both sides get a reset, so that neither takes half a stream for a whole one.
    private static boolean isAbrupt(EndReason reason) {
        return switch (reason) {
            case CLIENT_CLOSED, ORIGIN_CLOSED, IDLE -> false;
            case CLIENT_RESET,
                    ORIGIN_RESET,
                    ORIGIN_REFUSED,
                    ORIGIN_TIMEOUT,
                    ORIGIN_UNREACHABLE,
                    ORIGIN_UNRESOLVED,
                    NO_ORIGIN,
                    LOOP,
                    DRAIN_DEADLINE,
                    SHUTDOWN,
                    HANDED_OVER,
                    MAX_CONNECTIONS,
                    SESSION_LIMIT,
                    DESCRIPTORS,
                    ORIGIN_CHANGED,
                    BAD_REPLY,
                    INTERNAL ->
                    true;
        };
    }

    private void log(EndReason reason) {
        if (LOG.isDebugEnabled()) {
            LOG.debug(
                    "session ended rule={} client={} origin={} reason={} to_origin={} to_client={}"
                            + " ms={}",
                    route.rule().id(),
                    clientAddress,
                    chosen == null ? "none" : chosen.address().getHostAddress(),
                    reason.word(),
                    countedToOrigin,
                    countedToClient,
                    TimeUnit.NANOSECONDS.toMillis(
                            acceptor.parts().nanoClock().getAsLong() - began));
        }
    }
}
