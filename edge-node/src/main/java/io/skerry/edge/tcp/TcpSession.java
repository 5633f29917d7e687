package io.skerry.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.UnixChannel;
import io.skerry.edge.listener.Route;
import io.skerry.edge.origin.Choice;
import io.skerry.edge.origin.Origin;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.transport.Transport;
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
/// The session, and nobody else, closes its channels; places and counters taken in {@link #begin}
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

    /// Small while little comes and larger while much does; between reads no buffer is held.
    private static final RecvByteBufAllocator READ_SIZES =
            new AdaptiveRecvByteBufAllocator(512, 4096, 65_536);

    private final TcpAcceptor acceptor;
    private final Route route;
    private final SocketChannel client;
    private final InetSocketAddress clientAddress;
    private final Relay toOrigin;
    private State state = State.CONNECTING;
    private @Nullable SocketChannel origin;
    private @Nullable Relay toClient;
    private @Nullable Origin chosen;
    private Set<Origin> tried = NONE_TRIED;
    private EndReason failure = EndReason.NO_ORIGIN;
    private boolean opened;
    private @Nullable Side endedFirst;
    private final long began;
    private long deadline;
    private long lastByte;
    private long countedToOrigin;
    private long countedToClient;

    /// Links of {@link SessionList}.
    @Nullable TcpSession previous;

    @Nullable TcpSession next;

    TcpSession(
            TcpAcceptor acceptor,
            Route route,
            SocketChannel client,
            InetSocketAddress clientAddress) {
        this.acceptor = acceptor;
        this.route = route;
        this.client = client;
        this.clientAddress = clientAddress;
        this.toOrigin = new Relay(this, Side.CLIENT, client);
        this.began = acceptor.parts().nanoClock().getAsLong();
        this.lastByte = acceptor.now();
    }

    /// Takes over an accepted channel that is not yet registered. The places under the limits were
    /// taken by the acceptor and are given back by {@link #close}.
    void begin() {
        route.counters().sessions.increment();
        acceptor.parts().metrics().opened(Protocol.TCP);
        acceptor.add(this);
        deadline = began + acceptor.parts().settings().connectTimeout().toNanos();
        configure(client, toOrigin);
        if (!transport().inheritsKeepAlive()) {
            client.config().setKeepAlive(true);
        }
        acceptor.loop()
                .register(client)
                .addListener(
                        (ChannelFutureListener)
                                registered -> {
                                    if (registered.isSuccess()) {
                                        tryOrigin();
                                    } else {
                                        close(EndReason.CLIENT_RESET);
                                    }
                                });
    }

    /// TCP_NODELAY is on without our asking: Netty sets it on every TCP channel.
    private void configure(SocketChannel channel, Relay relay) {
        ChannelConfig config = channel.config();
        config.setAutoRead(false);
        config.setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        config.setWriteBufferWaterMark(acceptor.parts().waterMark());
        config.setRecvByteBufAllocator(READ_SIZES);
        channel.pipeline().addLast(relay);
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
        SocketChannel channel;
        try {
            channel = parts.transport().newSocket(next.address());
        } catch (ChannelException noSocket) {
            close(ConnectFailure.reason(noSocket));
            return;
        }
        Relay relay = new Relay(this, Side.ORIGIN, channel);
        origin = channel;
        toClient = relay;
        deadline = parts.nanoClock().getAsLong() + parts.settings().connectTimeout().toNanos();
        configure(channel, relay);
        channel.config().setKeepAlive(true);
        // The deadline is the tick's: no timer for each connection.
        channel.config().setConnectTimeoutMillis(0);
        var _ = acceptor.loop().register(channel);
        if (!isPrepared(channel)) {
            close(EndReason.INTERNAL);
            return;
        }
        channel.connect(address)
                .addListener((ChannelFutureListener) done -> connected(done, channel, relay));
    }

    private boolean isPrepared(SocketChannel channel) {
        return !(channel instanceof UnixChannel unix)
                || acceptor.parts()
                        .beforeConnect()
                        .prepare(unix.fd().intValue(), route, clientAddress);
    }

    private void connected(ChannelFuture done, SocketChannel channel, Relay relay) {
        Origin target = chosen;
        if (state != State.CONNECTING || !channel.equals(origin) || target == null) {
            abandon(channel);
        } else if (done.isSuccess()) {
            opened = true;
            route.origins().opened(clientAddress.getAddress(), target);
            relay(channel, relay);
        } else {
            failed(target, channel, ConnectFailure.reason(done.cause()));
        }
    }

    private void failed(Origin target, SocketChannel channel, EndReason reason) {
        origin = null;
        toClient = null;
        chosen = null;
        abandon(channel);
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

    private void relay(SocketChannel channel, Relay relay) {
        boolean clientEnded = toOrigin.isSourceDone();
        state = clientEnded ? State.HALF_CLOSED : State.RELAYING;
        boolean header = writeHeader(channel);
        toOrigin.connect(channel);
        relay.connect(client);
        if (header && channel.eventLoop() instanceof SingleThreadEventLoop loop) {
            // Once more around the loop: what the client has sent by now joins the header in one
            // write. Two steps, because a task of this turn would run before the next reads.
            loop.executeAfterEventLoopIteration(() -> loop.execute(channel::flush));
        } else {
            channel.flush();
        }
    }

    private boolean writeHeader(SocketChannel channel) {
        if (route.rule().spec().clientIp() == ClientIp.OFF) {
            return false;
        }
        ByteBuf header =
                acceptor.parts()
                        .headers()
                        .header(
                                route,
                                clientAddress,
                                client.localAddress(),
                                channel.remoteAddress());
        if (header == null) {
            return false;
        }
        var _ = channel.write(header, channel.voidPromise());
        return true;
    }

    /// A byte moved.
    void touch() {
        lastByte = acceptor.now();
    }

    boolean isClosed() {
        return state == State.CLOSED;
    }

    Transport transport() {
        return acceptor.parts().transport();
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

    void broke(Side side, Throwable cause) {
        if (cause instanceof IOException) {
            LOG.debug("{} side of a session of rule {} broke", side, route.rule().id(), cause);
            reset(side);
        } else if (state != State.CLOSED) {
            LOG.error("tcp session of rule {} broke", route.rule().id(), cause);
            close(EndReason.INTERNAL);
        }
    }

    void tick(long now) {
        count();
        switch (state) {
            case CONNECTING -> tickConnecting(now);
            case RELAYING, HALF_CLOSED -> {
                long idle = TimeUnit.SECONDS.toNanos(route.rule().spec().idleSeconds());
                if (now - lastByte >= idle) {
                    close(EndReason.IDLE);
                }
            }
            case CLOSED -> {}
        }
    }

    private void tickConnecting(long now) {
        boolean late = now - deadline >= 0;
        SocketChannel channel = origin;
        Origin target = chosen;
        if (channel != null && target != null) {
            if (late) {
                failed(target, channel, EndReason.ORIGIN_TIMEOUT);
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
        toOrigin.release();
        boolean abrupt = isAbrupt(reason) || waits(client) || (origin != null && waits(origin));
        end(client, abrupt);
        if (toClient != null) {
            toClient.release();
        }
        if (origin != null) {
            end(origin, abrupt);
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

    /// Whether bytes are left that the channel could not take.
    private static boolean waits(SocketChannel channel) {
        ChannelOutboundBuffer left = channel.unsafe().outboundBuffer();
        return left != null && left.totalPendingWriteBytes() > 0;
    }

    /// Closes a channel, with a reset where asked.
    static void end(SocketChannel channel, boolean abrupt) {
        if (abrupt && channel.isOpen()) {
            try {
                channel.config().setSoLinger(0);
            } catch (ChannelException gone) {
                LOG.trace("already gone: {}", channel, gone);
            }
        }
        abandon(channel);
    }

    private static void abandon(SocketChannel channel) {
        if (channel.isRegistered()) {
            var _ = channel.close();
        } else {
            channel.unsafe().closeForcibly();
        }
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
