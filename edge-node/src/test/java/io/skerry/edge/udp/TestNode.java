package io.skerry.edge.udp;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.listener.Route;
import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.metrics.RuleCounters;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.origin.OriginPool;
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
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// Two event loops with UDP on them.
final class TestNode implements AutoCloseable {
    static final long WAIT_MILLIS = 15_000;

    final OwnPorts ownPorts = new OwnPorts();
    final SessionMetrics metrics = new SessionMetrics();
    final RuleCounters counters = new RuleCounters();
    final SessionLimits limits;
    final UdpListeners listeners;
    private final EventLoops loops;
    private final Ports ports;

    /// What a node that cannot ask for the dialled address takes for its own.
    volatile List<InetAddress> addresses = addresses("127.0.0.1", "127.0.0.5", "127.0.0.7", "::1");

    private final List<FakeOrigins> pools = new ArrayList<>();

    TestNode(Transport transport) {
        this(Way.of(transport));
    }

    TestNode(Way way) {
        this(way, 100_000, 1_000);
    }

    TestNode(Transport transport, int sessions, int sessionsPerClient) {
        this(Way.of(transport), sessions, sessionsPerClient);
    }

    TestNode(Way way, int sessions, int sessionsPerClient) {
        this(
                way,
                sessions,
                new UdpSettings(sessionsPerClient, UdpSettings.DEFAULTS.receiveBufferBytes()));
    }

    TestNode(Transport transport, int sessions, UdpSettings settings) {
        this(Way.of(transport), sessions, settings);
    }

    private TestNode(Way way, int sessions, UdpSettings settings) {
        limits = new SessionLimits(sessions);
        loops = EventLoops.start(way.transport(), 2);
        listeners =
                new UdpListeners(
                        loops.group(), ownPorts, limits, metrics, settings, () -> addresses);
        ports = Ports.of(way, listeners);
    }

    /// Keeps an event loop, 0 or 1, from working until what it answers is run.
    Runnable hold(int loop) throws InterruptedException {
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        loops.all()
                .get(loop)
                .execute(() -> {
                    held.countDown();
                    try {
                        released.await(WAIT_MILLIS, TimeUnit.MILLISECONDS);
                    } catch (InterruptedException stopped) {
                        Thread.currentThread().interrupt();
                    }
                });
        assertThat(held.await(WAIT_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        return released::countDown;
    }

    static List<InetAddress> addresses(String... all) {
        return Stream.of(all).map(each -> IpText.parse(each).orElseThrow()).toList();
    }

    Listener open(String address, int port, Route route) {
        return await(ports.open(key(address, port), route));
    }

    static ListenerKey key(String address, int port) {
        return new ListenerKey(Protocol.UDP, IpText.parse(address).orElseThrow(), port);
    }

    static <T> T await(io.vertx.core.Future<T> future) {
        try {
            return future.toCompletionStage()
                    .toCompletableFuture()
                    .get(WAIT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    Route route(OriginPool origins, int originPort, RuleSpec spec) {
        if (origins instanceof FakeOrigins fake) {
            pools.add(fake);
        }
        return new Route("sid-1", new Rule("rule-1", spec, 1), originPort, origins, counters);
    }

    static RuleSpec spec(ClientIp mode) {
        return spec(mode, ProxyV2Udp.FIRST, HeaderDestination.DIALLED, 120, 0);
    }

    static RuleSpec spec(
            ClientIp mode, ProxyV2Udp which, HeaderDestination named, int idle, int max) {
        return new RuleSpec(
                Protocol.UDP,
                List.of(PortRange.of(1)),
                new OriginRef.Single(OriginAddress.parse("127.0.0.1").orElseThrow()),
                PortRange.of(1),
                SessionPersistence.OFF,
                mode,
                "",
                idle,
                30,
                which,
                named,
                max);
    }

    long dropped() {
        return Stream.of(DropReason.values()).mapToLong(metrics::droppedBy).sum();
    }

    /// The open descriptors of this process, each socket and poller with what it is; files are left
    /// out, for class loading opens them at any time.
    static List<String> descriptors() throws IOException {
        List<String> open = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            for (Path file : files.toList()) {
                if (Files.isSymbolicLink(file)) {
                    String what = Files.readSymbolicLink(file).toString();
                    if (!what.startsWith("/")) {
                        open.add(file.getFileName() + " " + what);
                    }
                }
            }
        } catch (NoSuchFileException gone) {
            return descriptors();
        }
        return open.stream().sorted().toList();
    }

    /// Waits until no more is open than before.
    static void hasOpen(List<String> before) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (!descriptors().equals(before) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(descriptors()).isEqualTo(before);
    }

    static void eventually(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WAIT_MILLIS);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline for: " + what).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() {
        ports.close();
        listeners.close();
        // With no quiet time at all Netty 4.2.18 may end a loop without closing its sockets.
        loops.group().shutdownGracefully(1, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        pools.forEach(pool ->
                assertThat(pool.places.get()).as("places at origins").isEqualTo(pool.open.get()));
    }
}
