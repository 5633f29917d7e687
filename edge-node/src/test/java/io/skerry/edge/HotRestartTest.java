package io.skerry.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.skerry.edge.follow.Contents;
import io.skerry.edge.follow.FakeRuleService;
import io.skerry.edge.handover.OpenSocket;
import io.skerry.edge.handover.TakeOver;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.Rule;
import io.vertx.core.Vertx;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One process after the other serves the same sockets, while clients never stop.
class HotRestartTest {
    private static final String HOST = "127.0.0.1";
    private static final int RESTARTS = 3;

    @TempDir Path folder;
    private final Vertx vertx = Vertx.vertx();
    private final List<EdgeProgram> programs = new ArrayList<>();
    private FakeRuleService service;
    private SteadyTraffic traffic;
    private int tcp;
    private int udp;
    private int admin;

    @BeforeEach
    void start() throws Exception {
        service = new FakeRuleService(vertx);
        traffic = new SteadyTraffic();
        tcp = freePort();
        udp = freePort();
        admin = freePort();
        put(1, tcpRule(1), udpRule(1));
    }

    @AfterEach
    void stop() throws Exception {
        traffic.close();
        programs.forEach(EdgeProgram::close);
        service.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            return probe.getLocalPort();
        }
    }

    private Rule tcpRule(long revision) {
        return Contents.rule(Protocol.TCP, tcp, traffic.tcpOrigin.getLocalPort(), revision);
    }

    private Rule udpRule(long revision) {
        return Contents.rule(Protocol.UDP, udp, traffic.udpOrigin.getLocalPort(), revision);
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

    private EdgeProgram edge(int descriptors, String... arguments) throws IOException {
        Map<String, String> settings = new HashMap<>();
        settings.put("node", "edge-1");
        settings.put("listen", HOST);
        settings.put("rules", service.uri().toString());
        settings.put("data", folder.resolve("data").toString());
        // A cluster that nobody is in: the bus is not what this is about.
        settings.put("cluster_members", HOST + ":1");
        settings.put("admin", HOST + ":" + admin);
        settings.put("edge_loops", "2");
        settings.put("edge_hand_over_drain", "60s");
        EdgeProgram program =
                EdgeProgram.start(
                        settings,
                        folder.resolve("said-" + programs.size()),
                        descriptors,
                        arguments);
        programs.add(program);
        return program;
    }

    private EdgeProgram serving() throws IOException {
        EdgeProgram first = edge(0);
        acknowledged(1);
        return first.awaitSaid("admin http://");
    }

    private InetSocketAddress at(int port) {
        return new InetSocketAddress(HOST, port);
    }

    @Test
    void nothingIsRefusedResetOrLostThroughThreeRestarts() throws Exception {
        EdgeProgram running = serving();
        traffic.storm(at(tcp), 4);
        traffic.talk(at(tcp), 20);
        traffic.datagrams(at(udp), 0, 50);
        traffic.goesOn(true, true, true);
        List<EdgeProgram> before = new ArrayList<>();
        for (int restart = 1; restart <= RESTARTS; restart++) {
            EdgeProgram next = edge(0, "--take-over").awaitSaid("took over from pid");
            before.add(running);
            running = next;
            traffic.goesOn(true, true, true);
            long revision = 1L + restart;
            put(revision, tcpRule(revision), udpRule(revision));
            acknowledged(revision);
        }
        everythingEndsInOrder(running, before);
    }

    private void everythingEndsInOrder(EdgeProgram running, List<EdgeProgram> before)
            throws Exception {
        // Long connections are where they began; each process ends when it has none left.
        assertThat(before.getFirst().isAlive()).isTrue();
        traffic.datagrams(at(udp), 50, 10);
        traffic.goesOn(true, true, true);
        traffic.close();
        assertThat(traffic.wrong).isEmpty();
        assertThat(traffic.portsSeen).hasSize(60);
        assertThat(traffic.portsSeen).allSatisfy((session, ports) -> assertThat(ports).hasSize(1));
        for (EdgeProgram each : before) {
            assertThat(each.awaitEnd()).as(each.said()).isZero();
        }
        running.terminate();
        assertThat(running.awaitEnd()).as(running.said()).isZero();
        assertThat(service.reports.stream().map(NodeReport::boot).distinct()).hasSize(1);
        assertThat(service.lastReport().state()).isEqualTo(NodeReport.State.LEAVING);
    }

    @Test
    void aNewProcessThatFailsBeforeItServesChangesNothing() throws Exception {
        EdgeProgram running = serving();
        traffic.storm(at(tcp), 2);
        traffic.talk(at(tcp), 5);
        traffic.datagrams(at(udp), 0, 20);
        traffic.goesOn(true, true, true);
        Path data = folder.resolve("data");
        for (boolean paused : new boolean[] {false, true}) {
            TakeOver newcomer = TakeOver.begin(data, "edge-1");
            assertThat(newcomer.listeners().stream().filter(OpenSocket::isOpen)).hasSize(4);
            put(2, tcpRule(2), udpRule(2));
            if (paused) {
                assertThat(newcomer.pause()).hasSize(20);
            }
            newcomer.close();
            running.awaitSaid("this one goes on");
            traffic.goesOn(true, true, true);
        }
        acknowledged(2);
        assertThat(edge(0).awaitEnd()).isEqualTo(1);
        assertThat(programs.getLast().said())
                .contains("is in use by pid " + running.pid())
                .contains("--take-over");
        edge(0, "--take-over").awaitSaid("took over from pid " + running.pid());
        traffic.goesOn(true, true, true);
        assertThat(traffic.wrong).isEmpty();
        assertThat(traffic.portsSeen).allSatisfy((session, ports) -> assertThat(ports).hasSize(1));
    }

    @Test
    void aFrozenProcessIsNotTakenOverFrom() throws Exception {
        EdgeProgram running = serving();
        traffic.talk(at(tcp), 2);
        traffic.goesOn(false, true, false);
        running.signal("STOP");
        EdgeProgram next = edge(0, "--take-over");
        assertThat(next.awaitEnd()).isEqualTo(1);
        running.signal("CONT");
        assertThat(next.said()).contains("it does not answer").contains("pid " + running.pid());
        traffic.goesOn(false, true, false);
        assertThat(traffic.wrong).isEmpty();
    }

    @Test
    void aProcessWithTooFewDescriptorsGivesUp() throws Exception {
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            rules.add(Contents.rule(Protocol.UDP, freePort(), traffic.udpOrigin.getLocalPort(), 1));
        }
        rules.add(udpRule(1));
        put(1, rules.toArray(Rule[]::new));
        EdgeProgram running = serving();
        traffic.datagrams(at(udp), 0, 5);
        traffic.goesOn(false, false, true);
        EdgeProgram next = edge(500, "--take-over");
        assertThat(next.awaitEnd()).isEqualTo(1);
        assertThat(next.said()).containsAnyOf("lost on their way", "served now and would not be");
        running.awaitSaid("this one goes on");
        traffic.goesOn(false, false, true);
        assertThat(traffic.wrong).isEmpty();
    }

    /// Whoever has the sockets has the traffic: another user is turned away even where the file
    /// would let them in.
    @Test
    void anotherUserIsTurnedAway() throws Exception {
        assumeTrue(new File("/usr/bin/setpriv").canExecute() && isRoot(), "needs root and setpriv");
        EdgeProgram running = serving();
        Path data = folder.resolve("data");
        Path socket = data.resolve("handover.sock");
        for (Path each : List.of(folder, data)) {
            Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        assertThat(asNobody(socket)).contains("PermissionError");
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThat(asNobody(socket)).contains("\"say\":\"refused\"").contains("user 65534");
        running.awaitSaid("a hot restart is refused");
    }

    private static boolean isRoot() throws IOException {
        return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    }

    private static String asNobody(Path socket) throws Exception {
        String ask =
                """
                import socket, sys
                s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                s.connect(sys.argv[1])
                s.send(b'{"v":1,"say":"hello","pid":1,"node":"edge-1"}')
                print(s.recv(4096).decode())
                """;
        Process python =
                new ProcessBuilder(
                                "setpriv",
                                "--reuid=65534",
                                "--clear-groups",
                                "/usr/bin/python3",
                                "-c",
                                ask,
                                socket.toString())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        python.waitFor();
        return said;
    }

    @Test
    void withoutARunningProcessItIsAnOrdinaryStart() throws Exception {
        EdgeProgram first = edge(0, "--take-over");
        acknowledged(1);
        first.close();
        edge(0, "--take-over");
        Eventually.holds(
                "another life",
                () -> service.reports.stream().map(NodeReport::boot).distinct().count() == 2);
    }
}
