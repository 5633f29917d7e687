package io.skerry.edge.udp;

import io.skerry.edge.listener.InheritedSockets;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.Route;
import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.origin.Choice;
import io.skerry.edge.origin.Origin;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.socket.SocketAddress;
import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A port on one event loop: finds or begins the session of each datagram. All but the constructor
/// is for the loop's thread only.
///
/// A steered port has a socket while it has sessions, for their answers to leave from. Nothing
/// arrives there while the port is steered; when it no longer is, the socket takes over until every
/// session has one of its own.
final class UdpPort implements UdpLoop.Ports {
    private static final Logger LOG = LoggerFactory.getLogger(UdpPort.class);

    private final UdpListener listener;
    private final UdpNode node;
    private final UdpLoop loop;
    private final int number;
    private final boolean v6;
    private final boolean wildcard;
    private final InetAddress own;
    private final long ownHigh;
    private final long ownLow;
    private final boolean steered;
    private @Nullable UdpSocket socket;
    private int open;
    private boolean draining;

    /// @param socket a listening one; the port closes it; null where the port is steered
    /// @param number tells this port from all others of the loop
    UdpPort(
            UdpListener listener,
            UdpNode node,
            UdpLoop loop,
            @Nullable UdpSocket socket,
            int number) {
        this.listener = listener;
        this.node = node;
        this.loop = loop;
        this.number = number;
        own = listener.key().address();
        v6 = SocketAddress.isV6(own);
        wildcard = own.isAnyLocalAddress();
        ownHigh = SocketAddress.high(own);
        ownLow = SocketAddress.low(own);
        this.socket = socket;
        steered = socket == null;
    }

    /// Has the loop watch its socket, if it has one.
    void register() throws IOException {
        UdpSocket own = socket;
        if (own != null) {
            own.register(
                    () -> {
                        if (loop.receive(own, this)) {
                            countOverflow(own);
                        }
                    },
                    () -> {});
        }
    }

    void close() {
        if (socket != null) {
            countOverflow(socket);
            socket.release();
            socket = null;
        }
    }

    @Override
    public UdpPort at(ReceiveBatch in, int i) {
        return this;
    }

    /// Makes sure that answers have a socket to leave through.
    private boolean hasSocket() {
        if (socket != null) {
            return true;
        }
        try {
            socket = loop.sockets.listening(own, key().port(), UdpSockets.Sharing.FROM_THE_START);
            register();
            return true;
        } catch (IOException refused) {
            LOG.debug("{} cannot answer", key(), refused);
            close();
            return false;
        }
    }

    void sessionBegan() {
        open++;
        listener.sessionBegan();
    }

    void sessionEnded() {
        open--;
        closeUnused();
        listener.sessionEnded();
    }

    private void closeUnused() {
        if (steered && open == 0 && !draining) {
            close();
        }
    }

    /// Reads nothing from now on; the socket stays open.
    void pause() {
        socket().leave();
    }

    void resume() {
        try {
            register();
        } catch (IOException refused) {
            throw new UncheckedIOException("port " + key() + " is not read any more", refused);
        }
    }

    /// The name of its socket for another process.
    String place() {
        return new InheritedSockets.Place(key(), listener.indexOf(this)).toString();
    }

    /// Counts what the system had no room for. Asked after a full batch, for a buffer that ran over
    /// was full, and when the socket is closed.
    void countOverflow(UdpSocket of) {
        long dropped = of.overflow();
        if (dropped > 0) {
            node.metrics().dropped(DropReason.RECEIVE_BUFFER_FULL, dropped);
        }
    }

    UdpLoop loop() {
        return loop;
    }

    UdpListener listener() {
        return listener;
    }

    ListenerKey key() {
        return listener.key();
    }

    SessionMetrics metrics() {
        return node.metrics();
    }

    Admission admission() {
        return node.admission();
    }

    /// What answers leave through; while there are sessions.
    UdpSocket socket() {
        return Objects.requireNonNull(socket);
    }

    /// The session of a datagram, which may begin with it; null where it has none.
    ///
    /// @param last the session of the datagram before
    @Nullable UdpSession sessionOf(ReceiveBatch in, int i, @Nullable UdpSession last) {
        SessionKey key = loop.wanted;
        long name = in.name(i);
        key.clientHigh = SocketAddress.high(in.names(), name, v6);
        key.clientLow = SocketAddress.low(in.names(), name, v6);
        key.clientPort = SocketAddress.portAndScope(in.names(), name, v6);
        key.port = number;
        key.dialledHigh = ownHigh;
        key.dialledLow = ownLow;
        if (wildcard && in.isSteered(i, v6)) {
            key.dialledHigh = OriginalDestination.high(in.controls(), in.control(i), v6);
            key.dialledLow = OriginalDestination.low(in.controls(), in.control(i), v6);
        } else if (wildcard) {
            if (!in.hasLocalAddress(i, v6)) {
                // Nothing could be answered.
                node.metrics().dropped(DropReason.SEND_FAILED);
                return null;
            }
            key.dialledHigh = PacketInfo.high(in.controls(), in.control(i), v6);
            key.dialledLow = PacketInfo.low(in.controls(), in.control(i), v6);
        }
        if (last != null && last.key().same(key)) {
            return last;
        }
        UdpSession session = loop.sessions.find(key);
        if (session == null && draining) {
            node.metrics().dropped(DropReason.PORT_CLOSED);
            return null;
        }
        return session == null ? open(key, in, i) : session;
    }

    private @Nullable UdpSession open(SessionKey key, ReceiveBatch in, int i) {
        int scope = v6 ? (int) (key.clientPort >>> 16) : 0;
        InetAddress client = SocketAddress.address(v6, key.clientHigh, key.clientLow, scope);
        int at = wildcard ? dialledScope(key, in, i) : 0;
        InetAddress dialled =
                wildcard ? SocketAddress.address(v6, key.dialledHigh, key.dialledLow, at) : own;
        Route route = listener.route();
        DropReason refusal = node.admission().enter(route, client);
        if (refusal != null) {
            node.metrics().dropped(refusal);
            return null;
        }
        UdpSession session = open(route, new UdpSession.Peer(key, client, dialled, at));
        if (session == null) {
            node.admission().leave(route, client);
            closeUnused();
        }
        return session;
    }

    private int dialledScope(SessionKey key, ReceiveBatch in, int i) {
        return in.isSteered(i, v6)
                ? OriginalDestination.scope(in.controls(), in.control(i), v6)
                : PacketInfo.scope(in.controls(), in.control(i), v6, key.dialledHigh);
    }

    private @Nullable UdpSession open(Route route, UdpSession.Peer peer) {
        switch (route.origins().choose(peer.client(), Set.of())) {
            case Choice.Chosen(Origin origin) -> {
                int port = route.originPort();
                if (node.ownPorts().contains(Protocol.UDP, origin.address(), port)) {
                    route.origins().unused(origin);
                    return refuse(DropReason.LOOP, EndReason.LOOP);
                }
                return open(route, peer, origin);
            }
            case Choice.Resolving() -> node.metrics().dropped(DropReason.ORIGIN_UNRESOLVED);
            case Choice.Unresolved() -> {
                return refuse(DropReason.ORIGIN_UNRESOLVED, EndReason.ORIGIN_UNRESOLVED);
            }
            case Choice.None() -> {
                return refuse(DropReason.NO_ORIGIN, EndReason.NO_ORIGIN);
            }
        }
        return null;
    }

    private @Nullable UdpSession refuse(DropReason reason, EndReason word) {
        node.metrics().dropped(reason);
        node.metrics().refused(Protocol.UDP, word);
        return null;
    }

    private @Nullable UdpSession open(Route route, UdpSession.Peer peer, Origin origin) {
        if (!hasSocket()) {
            route.origins().unused(origin);
            return refuse(DropReason.DESCRIPTORS, EndReason.DESCRIPTORS);
        }
        UdpSocket toOrigin;
        try {
            toOrigin = loop.sockets.connected(origin.address(), route.originPort());
        } catch (SocketRefused refused) {
            return switch (refused.why()) {
                case DESCRIPTORS -> {
                    route.origins().unused(origin);
                    yield refuse(DropReason.DESCRIPTORS, EndReason.DESCRIPTORS);
                }
                case UNREACHABLE -> {
                    route.origins().failed(origin);
                    yield refuse(DropReason.SEND_FAILED, EndReason.ORIGIN_UNREACHABLE);
                }
            };
        }
        Manner manner =
                Manner.of(
                        route,
                        new InetSocketAddress(
                                peer.client(), SocketAddress.port(peer.key().clientPort)),
                        new InetSocketAddress(peer.dialled(), key().port()),
                        new InetSocketAddress(origin.address(), route.originPort()));
        UdpSession session = new UdpSession(this, loop, route, origin, peer, manner, toOrigin);
        return begin(session, route, origin);
    }

    /// Goes on with a session of another process.
    ///
    /// @param descriptor of its socket towards the origin
    void adopt(SessionState state, int descriptor) {
        loop.touch();
        UdpSocket toOrigin = loop.sockets.of(descriptor);
        Route route = listener.route();
        DropReason refusal = node.admission().enter(route, state.client());
        if (refusal == null && !hasSocket()) {
            node.admission().leave(route, state.client());
            refusal = DropReason.DESCRIPTORS;
        }
        if (refusal != null) {
            node.metrics().dropped(refusal);
            toOrigin.release();
            return;
        }
        Origin origin = route.origins().adopt(state.origin());
        UdpSession.Peer peer =
                new UdpSession.Peer(
                        state.key(number),
                        state.client(),
                        state.dialled(),
                        SessionState.scope(state.dialled()));
        UdpSession session =
                new UdpSession(this, loop, route, origin, peer, state.manner(), toOrigin);
        session.goOn(state);
        if (begin(session, route, origin) == null) {
            node.admission().leave(route, state.client());
            closeUnused();
        }
    }

    private @Nullable UdpSession begin(UdpSession session, Route route, Origin origin) {
        try {
            session.begin();
            return session;
        } catch (IOException full) {
            session.abandon();
            route.origins().unused(origin);
            return refuse(DropReason.DESCRIPTORS, EndReason.DESCRIPTORS);
        }
    }

    /// Writes the control message that makes answers leave from the dialled address; nothing where
    /// the socket is bound to it. Answers the length.
    int answersFrom(MemorySegment memory, long at, boolean six, UdpSession.Peer peer) {
        SessionKey key = peer.key();
        return wildcard
                ? PacketInfo.write(memory, at, six, key.dialledHigh, key.dialledLow, peer.scope())
                : 0;
    }

    /// Takes no new clients, gives each session a socket of its own, then runs `whenDone`.
    void handOver(Runnable whenDone) {
        draining = true;
        loop.touch();
        loop.inSlices(mine(), UdpSession::handOver, whenDone);
    }

    void endSessions(EndReason reason) {
        loop.inSlices(mine(), session -> session.end(reason), () -> {});
    }

    private List<UdpSession> mine() {
        return loop.sessions.list(session -> session.port() == this);
    }

    void clientSideOpened() {
        node.clientSides(key().port(), 1);
    }

    void clientSideClosed() {
        node.clientSides(key().port(), -1);
    }
}
