package io.skerry.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.Unpooled;
import io.skerry.edge.FreePort;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.listener.Route;
import io.skerry.edge.metrics.RuleCounters;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.origin.OriginPool;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.session.SessionLimits;
import io.skerry.edge.steering.Ports;
import io.skerry.edge.steering.Way;
import io.skerry.edge.transport.EventLoops;
import io.skerry.edge.transport.Transport;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.origin.OriginAddress;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.HeaderDestination;
import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.ProxyV2Udp;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleSpec;
import io.skerry.shared.rule.SessionPersistence;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/// TCP listeners on loopback with a clock that can be turned on. Closing it asserts that every
/// session has ended and every counter is even.
final class TcpRig implements AutoCloseable {
    static final InetAddress HOME = IpText.parse("127.0.0.1").orElseThrow();

    final SessionMetrics metrics = new SessionMetrics();
    final SessionLimits limits;
    final OwnPorts own = new OwnPorts();
    final RuleCounters counters = new RuleCounters();
    final EventLoops loops;
    final TcpListeners listeners;

    /// Called before each socket connects to an origin.
    volatile BeforeConnect beforeConnect = BeforeConnect.NOTHING;

    private final AtomicLong ahead = new AtomicLong();
    private final List<Listener> open = new ArrayList<>();
    private final List<FixedOrigins> pools = new ArrayList<>();
    private final Ports ports;

    TcpRig(Transport transport) {
        this(Way.of(transport));
    }

    TcpRig(Transport transport, TcpSettings settings, int sessions) {
        this(Way.of(transport), settings, sessions);
    }

    TcpRig(Way way) {
        this(way, new TcpSettings(Duration.ofSeconds(2), 128, 65_536, 32_768), 1_000);
    }

    TcpRig(Way way, TcpSettings settings, int sessions) {
        Transport transport = way.transport();
        assumeTrue(transport.isAvailable(), () -> transport + " is not available");
        limits = new SessionLimits(sessions);
        loops = EventLoops.start(transport, 2);
        listeners =
                new TcpListeners(
                        loops,
                        settings,
                        (route, client, dialled, origin) ->
                                Unpooled.copiedBuffer(
                                        "HEAD " + client.getPort() + ">" + dialled.getPort() + "\n",
                                        StandardCharsets.US_ASCII),
                        (fd, route, client) -> beforeConnect.prepare(fd, route, client),
                        limits,
                        metrics,
                        own,
                        () -> System.nanoTime() + ahead.get());
        ports = Ports.of(way, listeners);
    }

    /// Time jumps.
    void advance(Duration by) {
        ahead.addAndGet(by.toNanos());
    }

    Route route(OriginPool pool, int originPort) {
        return route(pool, originPort, ClientIp.OFF, 0);
    }

    Route route(OriginPool pool, int originPort, ClientIp clientIp, int maxConnections) {
        if (pool instanceof FixedOrigins fixed) {
            pools.add(fixed);
        }
        Rule rule = rule(originPort, clientIp, maxConnections);
        return new Route("sid-1", rule, originPort, pool, counters);
    }

    static Rule rule(int originPort) {
        return rule(originPort, ClientIp.OFF, 0);
    }

    private static Rule rule(int originPort, ClientIp clientIp, int maxConnections) {
        RuleSpec spec =
                new RuleSpec(
                        Protocol.TCP,
                        List.of(PortRange.of(80)),
                        new OriginRef.Single(new OriginAddress.Ip(HOME)),
                        PortRange.of(originPort),
                        SessionPersistence.OFF,
                        clientIp,
                        "",
                        60,
                        0,
                        ProxyV2Udp.FIRST,
                        HeaderDestination.DIALLED,
                        maxConnections);
        return new Rule("rule-1", spec, 1);
    }

    Listener open(InetAddress address, int port, Route route) throws Exception {
        Listener listener =
                ports.open(new ListenerKey(Protocol.TCP, address, port), route)
                        .toCompletionStage()
                        .toCompletableFuture()
                        .get(5, TimeUnit.SECONDS);
        open.add(listener);
        return listener;
    }

    Listener open(Route route) throws Exception {
        return open(HOME, FreePort.tcp(), route);
    }

    /// Takes over a socket that listens already, under a port of its own in name only.
    Listener adopt(Route route, int descriptor) throws Exception {
        ListenerKey key = new ListenerKey(Protocol.TCP, HOME, FreePort.tcp());
        Listener listener =
                listeners
                        .adopt(key, route, List.of(descriptor))
                        .toCompletionStage()
                        .toCompletableFuture()
                        .get(5, TimeUnit.SECONDS);
        open.add(listener);
        return listener;
    }

    /// The listener has been drained by the test.
    void forget(Listener listener) {
        open.remove(listener);
    }

    Socket dial(Listener listener) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(10_000);
        socket.connect(new InetSocketAddress(HOME, listener.key().port()), 5_000);
        return socket;
    }

    /// A client that is to be turned away: the reset may meet it before it has noticed that it is
    /// connected.
    void knock(Listener listener) throws IOException {
        try (Socket socket = dial(listener)) {
            assertThat(socket.isConnected()).isTrue();
            assertThat(isOver(socket)).as("turned away").isTrue();
        } catch (ConnectException refused) {
            throw refused;
        } catch (SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }

    private static boolean isOver(Socket socket) throws IOException {
        return socket.getInputStream().read() < 0;
    }

    static ServerSocket origin() throws IOException {
        ServerSocket server = new ServerSocket(0, 50, HOME);
        server.setSoTimeout(10_000);
        return server;
    }

    static Socket accept(ServerSocket server) throws IOException {
        Socket socket = server.accept();
        socket.setSoTimeout(10_000);
        return socket;
    }

    static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            Thread.onSpinWait();
            java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
        }
    }

    void awaitEnded(EndReason reason, long times) {
        await(
                reason + " x" + times + ", have " + ended(),
                () -> metrics.endedBy(Protocol.TCP, reason) >= times);
        assertThat(metrics.endedBy(Protocol.TCP, reason)).isEqualTo(times);
    }

    private String ended() {
        StringBuilder text = new StringBuilder();
        for (EndReason each : EndReason.values()) {
            long n = metrics.endedBy(Protocol.TCP, each);
            text.append(n == 0 ? "" : each + "=" + n + " ");
        }
        return text.toString();
    }

    @Override
    public void close() {
        CountDownLatch drained = new CountDownLatch(open.size());
        for (Listener each : open) {
            each.drain(drained::countDown);
            each.endSessions(EndReason.SHUTDOWN);
        }
        await("drained", () -> drained.getCount() == 0);
        ports.close();
        listeners.close();
        loops.group().shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
        assertThat(metrics.open(Protocol.TCP)).as("open sessions").isZero();
        assertThat(limits.open()).as("places taken").isZero();
        assertThat(counters.open.get()).as("open of the rule").isZero();
        pools.forEach(pool -> assertThat(pool.open.get()).as("open at origins").isZero());
        pools.forEach(pool -> assertThat(pool.places.get()).as("places at origins").isZero());
    }
}
