package io.skerry.edge;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.Kernel;
import io.skerry.edge.bpf.SkLookups;
import io.skerry.edge.follow.Contents;
import io.skerry.edge.follow.FakeRuleService;
import io.skerry.edge.handover.OpenSocket;
import io.skerry.edge.handover.TakeOver;
import io.skerry.edge.listener.Rules;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.Rule;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Hot restarts of a node that steers: one process after the other is led the clients of thousands
/// of ports, while they never stop.
class HotSteeringTest {
    private static final String HOST = "127.0.0.1";

    /// An address of loopback that nobody else in the machine has ports at.
    private static final String RULES = "127.71.0.1";

    /// Below the ports that the system gives out.
    private static final int FIRST = 12_000;

    private static final int PORTS = 3_000;
    private static final int UDP_SESSIONS = 60;

    @TempDir Path folder;
    private final Vertx vertx = Vertx.vertx();
    private final List<EdgeProgram> programs = new ArrayList<>();
    private final AtomicInteger dialled = new AtomicInteger();
    private FakeRuleService service;
    private SteadyTraffic traffic;
    private int admin;

    @BeforeEach
    void start() throws Exception {
        Kernel.required();
        service = new FakeRuleService(vertx);
        traffic = new SteadyTraffic();
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            admin = probe.getLocalPort();
        }
    }

    @AfterEach
    void stop() throws Exception {
        if (traffic != null) {
            traffic.close();
            programs.forEach(EdgeProgram::close);
            service.close();
        }
        vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private Rule rule(Protocol protocol, int first, int count, long revision) {
        int origin =
                protocol == Protocol.TCP
                        ? traffic.tcpOrigin.getLocalPort()
                        : traffic.udpOrigin.getLocalPort();
        String id = protocol.word() + "-" + first;
        String ports = first + "-" + (first + count - 1);
        return Rules.rule(id, revision, protocol, origin, ClientIp.OFF, ports);
    }

    private void put(long revision, Rule... rules) {
        TreeMap<String, Rule> all = new TreeMap<>();
        for (Rule rule : rules) {
            all.put(rule.id(), rule);
        }
        service.put(new InstanceContent(Contents.A, revision, false, 0, all, new TreeMap<>()));
    }

    private void acknowledged(long revision) {
        Eventually.holds(
                "acknowledged " + revision,
                () ->
                        !service.reports.isEmpty()
                                && service.lastReport().instances().containsKey(Contents.A)
                                && service.applied(Contents.A).revision() == revision);
        assertThat(service.applied(Contents.A).refused()).isEmpty();
    }

    /// @param others settings beside the usual ones, or in their place
    private EdgeProgram edge(Map<String, String> others, String... arguments) throws IOException {
        Map<String, String> settings = new HashMap<>();
        settings.put("node", "edge-1");
        settings.put("listen", RULES);
        settings.put("rules", service.uri().toString());
        settings.put("data", folder.resolve("data").toString());
        settings.put("cluster_members", HOST + ":1");
        settings.put("admin", HOST + ":" + admin);
        settings.put("edge_loops", "2");
        settings.put("edge_hand_over_drain", "60s");
        settings.putAll(others);
        Path said = folder.resolve("said-" + programs.size());
        EdgeProgram program = EdgeProgram.start(settings, said, 0, arguments);
        programs.add(program);
        return program;
    }

    private EdgeProgram serving() throws IOException {
        EdgeProgram first = edge(Map.of());
        acknowledged(1);
        return first.awaitSaid("admin http://");
    }

    private static InetSocketAddress at(int port) {
        return new InetSocketAddress(RULES, port);
    }

    /// Dials one port after the other.
    private InetSocketAddress next(int ports) {
        return at(FIRST + Math.floorMod(dialled.getAndIncrement(), ports));
    }

    private void datagrams() {
        for (int i = 0; i < UDP_SESSIONS; i++) {
            traffic.datagrams(at(FIRST + i * (PORTS / UDP_SESSIONS)), i, 1);
        }
    }

    private void nothingWentWrong() {
        assertThat(traffic.wrong).isEmpty();
        assertThat(traffic.portsSeen).allSatisfy((session, ports) -> assertThat(ports).hasSize(1));
    }

    /// Waits until these, and no others of the test, have a program attached.
    private void steering(EdgeProgram... expected) {
        Set<Long> pids = Stream.of(expected).map(EdgeProgram::pid).collect(Collectors.toSet());
        Set<Long> all = programs.stream().map(EdgeProgram::pid).collect(Collectors.toSet());
        Eventually.holds(
                "steering by " + pids,
                () -> {
                    try {
                        Set<Long> now = pidsThatSteer();
                        now.retainAll(all);
                        return now.equals(pids);
                    } catch (BpfException gone) {
                        // Detached while it was looked at: again.
                        return false;
                    }
                });
    }

    private static Set<Long> pidsThatSteer() throws BpfException {
        Set<Long> pids = new HashSet<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pid = arena.allocate(JAVA_INT);
            for (SkLookups.Attached each : SkLookups.here()) {
                for (int id : each.maps()) {
                    try (SkLookups.Found map = SkLookups.map(id)) {
                        if (map.name().equals("steer_facts")) {
                            map.map().get(arena.allocateFrom(JAVA_INT, 1), pid);
                            pids.add((long) pid.get(JAVA_INT, 0));
                        }
                    }
                }
            }
        }
        return pids;
    }

    /// The processes have more and then fewer event loops than the one that opened the fronts.
    @Test
    void nothingIsRefusedResetOrMovedThroughTwoRestarts() throws Exception {
        put(1, rule(Protocol.TCP, FIRST, PORTS, 1), rule(Protocol.UDP, FIRST, PORTS, 1));
        EdgeProgram first = serving();
        steering(first);
        traffic.storm(() -> next(PORTS), 4);
        traffic.talk(at(FIRST), 10);
        datagrams();
        traffic.goesOn(true, true, true);

        EdgeProgram second =
                edge(Map.of("edge_loops", "3"), "--take-over").awaitSaid("took over from pid");
        traffic.goesOn(true, true, true);
        put(2, rule(Protocol.TCP, FIRST, PORTS, 2), rule(Protocol.UDP, FIRST, PORTS + 1, 2));
        acknowledged(2);
        traffic.datagrams(at(FIRST + PORTS), UDP_SESSIONS, 1);
        traffic.goesOn(true, true, true);
        EdgeProgram third =
                edge(Map.of("edge_loops", "1"), "--take-over").awaitSaid("took over from pid");
        traffic.goesOn(true, true, true);
        steering(third);

        assertThat(first.isAlive()).as("its long connections are there").isTrue();
        traffic.close();
        nothingWentWrong();
        assertThat(traffic.portsSeen).hasSize(UDP_SESSIONS + 1);
        assertThat(first.awaitEnd()).as(first.said()).isZero();
        assertThat(second.awaitEnd()).as(second.said()).isZero();
        third.terminate();
        assertThat(third.awaitEnd()).as(third.said()).isZero();
        steering();
    }

    @Test
    void aNewProcessThatGoesAwayBeforeItServesChangesNothing() throws Exception {
        put(1, rule(Protocol.TCP, FIRST, PORTS, 1), rule(Protocol.UDP, FIRST, PORTS, 1));
        EdgeProgram running = serving();
        traffic.storm(() -> next(PORTS), 2);
        traffic.talk(at(FIRST), 5);
        datagrams();
        traffic.goesOn(true, true, true);
        for (boolean paused : new boolean[] {false, true}) {
            TakeOver newcomer = TakeOver.begin(folder.resolve("data"), "edge-1");
            assertThat(newcomer.listeners().stream().filter(OpenSocket::isOpen)).hasSize(4);
            if (paused) {
                assertThat(newcomer.pause()).hasSize(UDP_SESSIONS);
            }
            newcomer.close();
            running.awaitSaid("this one goes on");
            traffic.goesOn(true, true, true);
        }
        put(2, rule(Protocol.TCP, FIRST, PORTS, 2), rule(Protocol.UDP, FIRST, PORTS, 2));
        acknowledged(2);
        edge(Map.of(), "--take-over").awaitSaid("took over from pid " + running.pid());
        traffic.goesOn(true, true, true);
        nothingWentWrong();
    }

    /// The third has attached its program by the time it finds out.
    @ParameterizedTest
    @CsvSource({
        "edge_steering, off, ports are steered now and would not be: it is switched off",
        "listen, [::1], rule tcp-12000 of sid-aaaaaaaaaaaa is served now and would not be: no_slot",
        "edge_steering_ports_max, 1500, is served now and would not be: steering_full"
    })
    void aNewProcessThatWouldLoseARuleGivesUp(String setting, String value, String says)
            throws Exception {
        put(1, rule(Protocol.TCP, FIRST, 1_000, 1), rule(Protocol.TCP, FIRST + 1_000, 1_000, 1));
        EdgeProgram running = serving();
        traffic.storm(() -> next(2_000), 2);
        traffic.goesOn(true, false, false);

        EdgeProgram next = edge(Map.of(setting, value), "--take-over");
        assertThat(next.awaitEnd()).isEqualTo(1);

        assertThat(next.said()).contains(says);
        running.awaitSaid("this one goes on");
        steering(running);
        traffic.goesOn(true, false, false);
        nothingWentWrong();
    }

    @Test
    void afterAKillTheNextStartFindsNothingInItsWay() throws Exception {
        put(1, rule(Protocol.TCP, FIRST, PORTS, 1), rule(Protocol.UDP, FIRST, PORTS, 1));
        EdgeProgram first = serving();
        traffic.talk(at(FIRST), 3);
        traffic.goesOn(false, true, false);
        EdgeProgram second =
                edge(Map.of(), "--take-over").awaitSaid("took over from pid " + first.pid());
        second.signal("KILL");
        second.awaitEnd();
        steering();
        traffic.goesOn(false, true, false);
        assertThat(first.isAlive()).isTrue();

        steering(edge(Map.of(), "--take-over").awaitSaid("edge node edge-1 serves"));
        traffic.storm(() -> next(PORTS), 2);
        datagrams();
        traffic.goesOn(true, true, true);
        nothingWentWrong();
    }

    /// The first rule has sockets, the second was steered because of the number of ports.
    @Test
    void everyPortKeepsTheWayItIsServed() throws Exception {
        int few = 100;
        Rule bySockets = rule(Protocol.TCP, FIRST, few, 1);
        put(1, bySockets);
        EdgeProgram running = serving();
        put(2, bySockets, rule(Protocol.TCP, FIRST + few, 1_000, 2));
        acknowledged(2);
        steering(running);
        traffic.storm(() -> next(2 * few), 4);
        traffic.goesOn(true, false, false);
        // Now there are too few to begin with steering.
        put(3, bySockets, rule(Protocol.TCP, FIRST + few, few, 3));
        acknowledged(3);

        for (int restart = 0; restart < 2; restart++) {
            running = edge(Map.of(), "--take-over").awaitSaid("took over from pid");
            traffic.goesOn(true, false, false);
        }
        steering(running);
        nothingWentWrong();
    }
}
