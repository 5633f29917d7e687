package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.skerry.edge.bpf.Kernel;
import io.skerry.edge.metrics.RuleCounters;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.origin.Choice;
import io.skerry.edge.origin.Origin;
import io.skerry.edge.origin.OriginPool;
import io.skerry.edge.origin.OriginState;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.session.SessionLimits;
import io.skerry.edge.steering.KernelSteering;
import io.skerry.edge.steering.ReservedPorts;
import io.skerry.edge.steering.SteeringSettings;
import io.skerry.edge.tcp.BeforeConnect;
import io.skerry.edge.tcp.TcpListeners;
import io.skerry.edge.tcp.TcpSettings;
import io.skerry.edge.transport.EventLoops;
import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.edge.transport.Transport;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.Rule;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// What listeners do, in both ways of opening ports.
@Timeout(60)
@ParameterizedClass
@EnumSource(
        value = Steering.Mode.class,
        names = {"ON", "OFF"})
final class ListenersTest {
    @Parameter private Steering.Mode mode = Steering.Mode.OFF;
    @TempDir private Path folder;

    private static final InetAddress HOME = IpText.parse("127.0.0.1").orElseThrow();

    private final Vertx vertx = Vertx.vertx();
    private final EventLoops loops = EventLoops.start(Transport.best(), 2);
    private final SessionMetrics metrics = new SessionMetrics();
    private final SessionLimits limits = new SessionLimits(100);
    private final OwnPorts own = new OwnPorts();
    private final Map<RuleKey, RuleCounters> counters = new ConcurrentHashMap<>();
    private final TcpListeners tcp =
            new TcpListeners(
                    loops,
                    TcpSettings.DEFAULT,
                    (route, client, dialled, origin) -> null,
                    BeforeConnect.NOTHING,
                    limits,
                    metrics,
                    own,
                    System::nanoTime);
    private final List<ServerSocket> origins = new ArrayList<>();
    private final AtomicInteger drained = new AtomicInteger();
    private Steering steering;
    private Listeners listeners;

    @BeforeEach
    void setUp() throws Exception {
        if (mode == Steering.Mode.ON) {
            Kernel.required();
        }
        steering =
                KernelSteering.of(
                        new SteeringSettings(mode, 100_000),
                        new ReservedPorts(folder),
                        new OutgoingPorts());
        listeners = with(new DescriptorBudget(20_000, 2_000));
    }

    private Listeners with(DescriptorBudget budget) throws Exception {
        ListenerFactories factories =
                new ListenerFactories(
                        tcp,
                        (key, route, n) -> Future.failedFuture(new IOException("no udp here")),
                        List.of(Slot.parse("127.0.0.1").orElseThrow()),
                        2,
                        budget,
                        steering,
                        Optional.of("no privilege"));
        return new Listeners(
                vertx,
                factories,
                new Source(),
                own,
                System::nanoTime,
                new InheritedSockets(List.of()),
                drained::incrementAndGet);
    }

    @AfterEach
    void tearDown() throws Exception {
        await(listeners.stop(Duration.ZERO, Future.succeededFuture()));
        tcp.close();
        loops.group().shutdownGracefully(0, 5, TimeUnit.SECONDS).get(10, TimeUnit.SECONDS);
        await(vertx.close());
        for (ServerSocket each : origins) {
            each.close();
        }
        assertThat(metrics.open(Protocol.TCP)).isZero();
        assertThat(limits.open()).isZero();
    }

    /// Every rule's single origin is 127.0.0.1.
    private final class Source implements RouteSource {
        @Override
        public OriginPool origins(WantedListener wanted) {
            return new OneOrigin();
        }

        @Override
        public RuleCounters counters(RuleKey rule) {
            return counters.computeIfAbsent(rule, r -> new RuleCounters());
        }

        @Override
        public void forget(RuleKey rule) {
            counters.remove(rule);
        }
    }

    private static final class OneOrigin implements OriginPool {
        private final Origin origin = new Origin(HOME, new OriginState());

        @Override
        public Choice choose(InetAddress client, Set<Origin> tried) {
            return tried.isEmpty() ? new Choice.Chosen(origin) : new Choice.None();
        }

        @Override
        public void opened(InetAddress client, Origin chosen) {}

        @Override
        public void closed(InetAddress client, Origin chosen) {}

        @Override
        public void failed(Origin failed) {}

        @Override
        public boolean keeps(Origin kept) {
            return true;
        }
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private static void awaitTrue(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.call()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private void apply(InstanceContent content) throws Exception {
        await(listeners.apply(List.of(content)));
    }

    private ServerSocket origin() throws IOException {
        ServerSocket server = new ServerSocket(0, 50, HOME);
        server.setSoTimeout(10_000);
        origins.add(server);
        return server;
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, HOME)) {
            return probe.getLocalPort();
        }
    }

    private static Socket dial(int port) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(10_000);
        socket.connect(new InetSocketAddress(HOME, port), 5_000);
        return socket;
    }

    private static boolean isOpen(int port) {
        try (Socket socket = dial(port)) {
            return socket.isConnected();
        } catch (IOException refused) {
            return false;
        }
    }

    @Test
    void opensWhatIsWantedAndClosesWhatIsNot() throws Exception {
        int a = freePort();
        int b = freePort();
        int origin = origin().getLocalPort();

        apply(Rules.content(0, false, Rules.tcp("rule-a", 1, origin, "" + a, "" + b)));
        assertThat(isOpen(a)).isTrue();
        assertThat(isOpen(b)).isTrue();
        assertThat(listeners.count(Protocol.TCP)).isEqualTo(2);

        apply(Rules.content(0, false, Rules.tcp("rule-a", 2, origin, "" + a)));
        assertThat(isOpen(a)).isTrue();
        awaitTrue(() -> !isOpen(b));
    }

    @Test
    void refusesARuleOfWhichOnePortIsTakenAndServesTheOthers() throws Exception {
        int free = freePort();
        int other = freePort();
        int origin = origin().getLocalPort();
        try (PortHolder holder = PortHolder.start("tcp", "127.0.0.1", true)) {
            InstanceContent content =
                    Rules.content(
                            0,
                            false,
                            Rules.tcp("rule-a", 1, origin, "" + free, "" + holder.port()),
                            Rules.tcp("rule-b", 2, origin, "" + other));
            apply(content);

            assertThat(listeners.refused("sid-1")).containsOnlyKeys("rule-a");
            assertThat(listeners.refused("sid-1").get("rule-a"))
                    .startsWith("port_in_use: tcp:127.0.0.1:" + holder.port() + " is held by java");
            assertThat(isOpen(free)).isFalse();
            assertThat(isOpen(other)).isTrue();
        }
        await(listeners.retryRefused());

        assertThat(listeners.refused("sid-1")).isEmpty();
        assertThat(isOpen(free)).isTrue();
    }

    @Test
    void aRuleThatCannotMoveToATakenPortKeepsTheOneItHasUntilItCan() throws Exception {
        int port = freePort();
        int origin = origin().getLocalPort();
        apply(Rules.content(0, false, Rules.tcp("rule-a", 1, origin, "" + port)));
        int taken;
        try (PortHolder holder = PortHolder.start("tcp", "127.0.0.1", true)) {
            taken = holder.port();
            apply(Rules.content(0, false, Rules.tcp("rule-a", 2, origin, "" + taken)));
            assertThat(listeners.refused("sid-1").get("rule-a")).startsWith("port_in_use: ");
            assertThat(listeners.draining("sid-1")).isEmpty();
            assertThat(isOpen(port)).isTrue();
            await(listeners.retryRefused());
            assertThat(isOpen(port)).isTrue();
        }
        await(listeners.retryRefused());
        assertThat(listeners.refused("sid-1")).isEmpty();
        assertThat(isOpen(taken)).isTrue();
        awaitTrue(() -> !isOpen(port));
    }

    @Test
    void refusesARuleOverTheDescriptorBudgetAndKeepsTheEarlierOnes() throws Exception {
        assumeFalse(mode == Steering.Mode.ON, "steered ports need no descriptors");
        listeners = with(new DescriptorBudget(112, 0));
        int port = freePort();
        int origin = origin().getLocalPort();
        apply(Rules.content(0, false, Rules.tcp("rule-a", 1, origin, "" + port)));
        assertThat(listeners.refusals(Refusal.Code.DESCRIPTORS)).isZero();

        apply(
                Rules.content(
                        0,
                        false,
                        Rules.tcp("rule-a", 1, origin, "" + port),
                        // Below the ports that the system chooses, so that none is of rule-a.
                        Rules.tcp("rule-b", 2, 9, "2000-2099")));

        assertThat(listeners.refused("sid-1").get("rule-b")).startsWith("descriptors: ");
        assertThat(listeners.refusals(Refusal.Code.DESCRIPTORS)).isEqualTo(1);
        assertThat(listeners.refusals(Refusal.Code.STEERING_FULL)).isZero();
        assertThat(isOpen(port)).isTrue();
        assertThat(listeners.count(Protocol.TCP)).isEqualTo(1);
    }

    @Test
    void refusesTheRulesOfAChangeThatTheKernelDoesNotTakeUntilItDoes() throws Exception {
        assumeTrue(mode == Steering.Mode.ON, "sockets need no table");
        RefusingTable table = new RefusingTable(steering);
        steering = table;
        listeners = with(new DescriptorBudget(20_000, 2_000));
        int origin = origin().getLocalPort();
        Rule a = Rules.tcp("rule-a", 1, origin, "15000-15099");
        Rule b = Rules.tcp("rule-b", 2, origin, "16000-16099");
        apply(Rules.content(0, false, a));

        table.refuse(true);
        apply(Rules.content(0, false, a, b));
        assertThat(listeners.refused("sid-1")).containsOnlyKeys("rule-b");
        assertThat(listeners.refused("sid-1").get("rule-b"))
                .isEqualTo(
                        "bind_failed: steering failed: create steer_table: Cannot allocate memory"
                                + " (12)");
        assertThat(isOpen(15_000)).isTrue();
        assertThat(isOpen(16_000)).isFalse();
        assertThat(listeners.steeredPorts()).isEqualTo(100);

        table.refuse(false);
        await(listeners.retryRefused());
        assertThat(listeners.refused("sid-1")).isEmpty();
        assertThat(isOpen(16_099)).isTrue();
    }

    @Test
    void movesAPortToAnotherRuleWithoutCuttingItsSessions() throws Exception {
        int port = freePort();
        ServerSocket before = origin();
        ServerSocket after = origin();
        var draining = Rules.draining(Rules.tcp("rule-a", 1, before.getLocalPort(), "" + port), 60);
        apply(Rules.content(0, false, draining));
        try (Socket old = dial(port);
                Socket oldOrigin = before.accept()) {
            apply(Rules.content(0, false, Rules.tcp("rule-b", 2, after.getLocalPort(), "" + port)));

            assertThat(listeners.refused("sid-1")).isEmpty();
            assertThat(listeners.draining("sid-1")).containsExactly("rule-a");
            try (Socket young = dialUntilAcceptedBy(after, port)) {
                assertThat(young.isConnected()).isTrue();
            }
            old.getOutputStream().write('x');
            assertThat(oldOrigin.getInputStream().read()).isEqualTo('x');
            assertThat(drained).as("told of a drain before its end").hasValue(0);
        }
        awaitTrue(() -> drained.get() == 1);
        assertThat(listeners.draining("sid-1")).isEmpty();
    }

    private static Socket dialUntilAcceptedBy(ServerSocket origin, int port) throws Exception {
        Socket socket = dial(port);
        origin.accept().close();
        return socket;
    }

    @Test
    void endsSessionsOfARuleThatIsGoneAtItsDeadline() throws Exception {
        int port = freePort();
        ServerSocket server = origin();
        apply(Rules.content(0, false, Rules.tcp("rule-a", 1, server.getLocalPort(), "" + port)));
        try (Socket client = dial(port);
                Socket origin = server.accept()) {
            apply(Rules.content(0, false));

            awaitTrue(() -> metrics.endedBy(Protocol.TCP, EndReason.DRAIN_DEADLINE) == 1);
            assertThat(origin.isConnected()).isTrue();
            assertThat(client.isConnected()).isTrue();
        }
        awaitTrue(() -> listeners.draining("sid-1").isEmpty());
        assertThat(counters).isEmpty();
    }

    @Test
    void reportsWhatTheSystemSaysWhereAPortCannotBeOpened() throws Exception {
        int port = freePort();
        apply(
                Rules.content(
                        0,
                        false,
                        Rules.rule(
                                "rule-u",
                                1,
                                Protocol.UDP,
                                9,
                                io.skerry.shared.rule.ClientIp.OFF,
                                "" + port)));

        assertThat(listeners.refused("sid-1").get("rule-u"))
                .startsWith("bind_failed: ")
                .contains(mode == Steering.Mode.ON ? "cannot be steered" : "no udp here");
    }

    @Test
    void opensThousandsOfPortsOneLoopEach() throws Exception {
        int origin = origin().getLocalPort();
        apply(Rules.content(0, false, Rules.tcp("rule-a", 1, origin, "15000-17999")));

        assertThat(listeners.refused("sid-1")).isEmpty();
        assertThat(listeners.count(Protocol.TCP)).isEqualTo(3_000);
        assertThat(isOpen(15_000)).isTrue();
        assertThat(isOpen(17_999)).isTrue();
        apply(Rules.content(0, false));
        awaitTrue(() -> !isOpen(15_000));
    }

    @Test
    void steersOnlyWhereItIsToldTo() throws Exception {
        apply(Rules.content(0, false, Rules.tcp("rule-a", 1, 9, "15000-15099")));

        assertThat(listeners.count(Protocol.TCP)).isEqualTo(100);
        assertThat(listeners.steeredPorts()).isEqualTo(mode == Steering.Mode.ON ? 100 : 0);
    }

    @Test
    void stopsOnceAllSessionsAreGoneAndNotBefore() throws Exception {
        int port = freePort();
        ServerSocket server = origin();
        apply(Rules.content(0, false, Rules.tcp("rule-a", 1, server.getLocalPort(), "" + port)));
        Future<Void> stopped;
        try (Socket client = dial(port);
                Socket origin = server.accept()) {
            stopped =
                    listeners.stop(
                            Duration.ofSeconds(30), io.vertx.core.Promise.<Void>promise().future());
            awaitTrue(() -> !isOpen(port));
            client.getOutputStream().write('x');
            assertThat(origin.getInputStream().read()).isEqualTo('x');
            assertThat(stopped.isComplete()).isFalse();
        }
        // Probes that were let in while the port was closing wait in the origin's backlog.
        server.close();
        Future<Void> all = stopped;
        assertThatCode(() -> await(all)).doesNotThrowAnyException();
    }
}
