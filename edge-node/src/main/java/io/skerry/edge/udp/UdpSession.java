package io.skerry.edge.udp;

import io.skerry.edge.clientaddress.Spp;
import io.skerry.edge.handover.OpenSocket;
import io.skerry.edge.listener.Route;
import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.metrics.RuleCounters;
import io.skerry.edge.origin.Origin;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.socket.SocketAddress;
import io.skerry.edge.socket.SystemCalls;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One client and one address it dialled: a socket of its own towards the origin, so that answers
/// find their client. Lives on one event loop.
final class UdpSession implements SessionTable.Keyed {
    /// Longest payload of a datagram over IPv4.
    static final int PAYLOAD_MAX = 65_507;

    private static final Logger LOG = LoggerFactory.getLogger(UdpSession.class);
    private static final int ROUNDS = 4;

    /// How long nothing may come from either side when the node stops, for the session to go on.
    private static final long QUIET_MILLIS = 2_000;

    private final UdpPort port;
    private final UdpLoop loop;
    private final SessionKey key = new SessionKey();
    private final Route route;
    private final RuleCounters counters;
    private final Origin origin;
    private final InetAddress client;
    private final InetAddress dialled;
    private final UdpSocket toOrigin;

    private final MemorySegment memory;
    private final MemorySegment header;
    private final MemorySegment from;
    private final int nameLength;
    private final Manner manner;

    private @Nullable UdpSocket toClient;
    private boolean headerDue;
    private boolean headerFirstInBatch;
    private boolean cutsToOrigin = true;
    private boolean cutsToClient = true;
    private long usedAt;
    private boolean ended;

    /// @param toOrigin socket connected to the origin; the session closes it
    UdpSession(
            UdpPort port,
            UdpLoop loop,
            Route route,
            Origin origin,
            Peer peer,
            Manner manner,
            UdpSocket toOrigin) {
        this.port = port;
        this.loop = loop;
        this.route = route;
        this.origin = origin;
        counters = route.counters();
        client = peer.client();
        dialled = peer.dialled();
        key.copy(peer.key());
        boolean v6 = SocketAddress.isV6(client);
        memory = loop.memory.take();
        int clientPort = SocketAddress.port(key.clientPort);
        nameLength = SocketAddress.write(memory, SessionMemory.NAME, client, clientPort);
        int room = port.answersFrom(memory, SessionMemory.CONTROL, v6, peer);
        from = memory.asSlice(SessionMemory.CONTROL, room);

        this.manner = manner;
        header = memory.asSlice(SessionMemory.HEADER, manner.header().length);
        header.copyFrom(MemorySegment.ofArray(manner.header()));
        headerDue = manner.headers() == Manner.Headers.FIRST;
        usedAt = loop.millis();
        this.toOrigin = toOrigin;
    }

    /// The ends of a session.
    ///
    /// @param scope interface of a link-local dialled address, else 0
    record Peer(SessionKey key, InetAddress client, InetAddress dialled, int scope) {}

    /// Begins: from here on one {@link #end} gives back all that the session holds.
    void begin() throws IOException {
        listen();
        counters.sessions.increment();
        port.metrics().opened(Protocol.UDP);
        route.origins().opened(client, origin);
        loop.add(this);
        port.sessionBegan();
    }

    private void listen() throws IOException {
        toOrigin.register(this::receiveAnswers, () -> end(EndReason.SHUTDOWN));
    }

    /// Gives back what a session holds that never began.
    void abandon() {
        toOrigin.release();
        loop.memory.give(memory);
    }

    @Override
    public SessionKey key() {
        return key;
    }

    UdpPort port() {
        return port;
    }

    boolean hasEnded() {
        return ended;
    }

    /// Starts a batch of datagrams from the client.
    void startBatch() {
        headerFirstInBatch = false;
        loop.out.begin(toOrigin, 0, 0, MemorySegment.NULL, cutsToOrigin);
    }

    /// Adds a received datagram to the batch.
    void forward(ReceiveBatch in, int i) {
        usedAt = loop.millis();
        int length = in.length(i);
        boolean carries =
                switch (manner.headers()) {
                    case NONE -> false;
                    case EVERY -> true;
                    // A payload that looks like a header gets ours in front: the origin strips
                    // only that one, and a client cannot pretend to be another.
                    case FIRST -> headerDue || in.looksLikeProxyV2(i);
                };
        int headerLength = carries ? (int) header.byteSize() : 0;
        if (headerLength + length > PAYLOAD_MAX) {
            port.metrics().dropped(DropReason.TOO_LONG);
            return;
        }
        headerFirstInBatch |= headerDue;
        headerDue = false;
        long payload = in.payloads().address() + in.payloadAt(i);
        loop.out.add(header.address(), headerLength, payload, length);
    }

    /// Sends the batch to the origin.
    void flush() {
        SendBatch out = loop.out;
        out.flush();
        cutsToOrigin = out.mayCut();
        counters.datagramsToOrigin.add(out.sent());
        counters.bytesToOrigin.add(out.bytes());
        headerDue |= headerFirstInBatch && out.firstFailed();
        if (out.refused()) {
            refused();
        }
    }

    private void receiveAnswers() {
        int count;
        int round = 0;
        do {
            count = loop.in.receive(toOrigin);
            if (count > 0) {
                answer(loop.in, count);
            } else if (count == -SystemCalls.ECONNREFUSED) {
                refused();
            }
        } while (count == ReceiveBatch.SLOTS && ++round < ROUNDS);
        if (round > 0 && !ended) {
            port.countOverflow(toOrigin);
        }
    }

    private void answer(ReceiveBatch in, int count) {
        usedAt = loop.millis();
        SendBatch out = loop.out;
        UdpSocket own = toClient;
        if (own == null) {
            long name = memory.address() + SessionMemory.NAME;
            out.begin(port.socket(), name, nameLength, from, cutsToClient);
        } else {
            out.begin(own, 0, 0, MemorySegment.NULL, cutsToClient);
        }
        for (int i = 0; i < count; i++) {
            int length = in.length(i);
            int skip = 0;
            if (manner.spp()) {
                if (!Spp.answers(header, in.payloads(), in.payloadAt(i), length)) {
                    port.metrics().dropped(DropReason.BAD_REPLY);
                    continue;
                }
                skip = Spp.LENGTH;
            }
            long payload = in.payloads().address() + in.payloadAt(i) + skip;
            out.add(0, 0, payload, length - skip);
        }
        out.flush();
        cutsToClient = out.mayCut();
        counters.datagramsToClient.add(out.sent());
        counters.bytesToClient.add(out.bytes());
    }

    private void refused() {
        route.origins().refused(origin);
        end(EndReason.ORIGIN_REFUSED);
    }

    /// Looks at the session about once a second: ends it where it is idle or its origin is gone.
    boolean staysOpen() {
        long quiet = loop.millis() - usedAt;
        if (quiet >= manner.idleMillis()) {
            end(EndReason.IDLE);
        } else if (quiet >= QUIET_MILLIS && port.listener().endsQuiet()) {
            end(EndReason.SHUTDOWN);
        } else if (!route.origins().keeps(origin)) {
            end(EndReason.ORIGIN_CHANGED);
        }
        return !ended;
    }

    /// Goes on where the session was in another process; right after it was made.
    void goOn(SessionState state) {
        headerDue = state.headerDue();
        usedAt = loop.millis() - state.silentMillis();
    }

    /// Whether the session can go on in another process: not once its client side is its own.
    boolean goesOver() {
        return toClient == null;
    }

    /// Reads no answers from now on.
    ///
    /// @return the session as another process can go on with it
    OpenSocket pause() {
        toOrigin.leave();
        SessionState state =
                new SessionState(
                        client,
                        SocketAddress.port(key.clientPort),
                        dialled,
                        origin.address(),
                        manner,
                        headerDue,
                        Math.max(0, loop.millis() - usedAt));
        return new OpenSocket(port.place(), state.print(), toOrigin.descriptor());
    }

    /// Reads answers again.
    void resume() {
        try {
            listen();
        } catch (IOException refused) {
            end(EndReason.DESCRIPTORS);
        }
    }

    /// Gives the client side a connected socket of its own, so that the session goes on when the
    /// listening socket is closed: the kernel hands the client's datagrams to the closest match.
    void handOver() {
        if (ended || !staysOpen()) {
            return;
        }
        try {
            int clientPort = SocketAddress.port(key.clientPort);
            int ownPort = port.key().port();
            UdpSocket own = loop.sockets.connected(dialled, ownPort, client, clientPort);
            toClient = own;
            port.clientSideOpened();
            own.register(this::receiveAlone, () -> end(EndReason.SHUTDOWN));
        } catch (IOException refused) {
            end(EndReason.DESCRIPTORS);
        }
    }

    /// Receives from the connected client side. What came between its bind and its connect may be
    /// another client's, whom nobody serves any more.
    private void receiveAlone() {
        UdpSocket own = toClient;
        for (int round = 0; round < ROUNDS && !ended && own != null; round++) {
            int count = loop.in.receive(own);
            if (count <= 0) {
                return;
            }
            startBatch();
            for (int i = 0; i < count; i++) {
                if (isFromClient(loop.in, i)) {
                    forward(loop.in, i);
                } else {
                    port.metrics().dropped(DropReason.PORT_CLOSED);
                }
            }
            flush();
        }
    }

    private boolean isFromClient(ReceiveBatch in, int i) {
        boolean v6 = SocketAddress.isV6(client);
        return SocketAddress.low(in.names(), in.name(i), v6) == key.clientLow
                && SocketAddress.high(in.names(), in.name(i), v6) == key.clientHigh
                && SocketAddress.portAndScope(in.names(), in.name(i), v6) == key.clientPort;
    }

    /// Ends the session; the first reason counts.
    void end(EndReason reason) {
        if (ended) {
            return;
        }
        ended = true;
        loop.remove(this);
        port.countOverflow(toOrigin);
        toOrigin.release();
        if (toClient != null) {
            port.countOverflow(toClient);
            toClient.release();
            loop.inNextTurn(port::clientSideClosed);
        }
        loop.memory.give(memory);
        route.origins().closed(client, origin);
        port.metrics().ended(Protocol.UDP, reason);
        route.counters().ended(reason);
        port.admission().leave(route, client);
        if (LOG.isDebugEnabled()) {
            LOG.debug(
                    "{} session of {} port {} to {} port {} ended: {}",
                    port.key(),
                    IpText.print(client),
                    SocketAddress.port(key.clientPort),
                    IpText.print(origin.address()),
                    route.originPort(),
                    reason.word());
        }
        port.sessionEnded();
    }
}
