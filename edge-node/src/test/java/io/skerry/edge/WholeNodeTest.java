package io.skerry.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.skerry.edge.follow.Contents;
import io.skerry.edge.follow.FakeRuleService;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.PortProbe;
import io.skerry.shared.content.RuleCounts;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.process.LocalBus;
import io.skerry.shared.process.SettingsReader;
import io.skerry.shared.rule.Rule;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A node with its real sockets, a rule service of the test, and origins that echo.
class WholeNodeTest {
    private static final String HOST = "127.0.0.2";
    private static final int TIMEOUT_MILLIS = 10_000;

    @TempDir Path folder;
    private final Vertx vertx = Vertx.vertx();
    private FakeRuleService service;
    private ServerSocket tcpOrigin;
    private DatagramSocket udpOrigin;
    private @Nullable EdgeVerticle verticle;

    @BeforeEach
    void start() throws Exception {
        service = new FakeRuleService(vertx);
        tcpOrigin = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        udpOrigin = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0));
        Thread.ofVirtual().start(this::echoTcp);
        Thread.ofVirtual().start(this::echoUdp);
    }

    @AfterEach
    void stop() throws Exception {
        await(vertx.close());
        tcpOrigin.close();
        udpOrigin.close();
    }

    private void echoTcp() {
        while (!tcpOrigin.isClosed()) {
            try {
                Socket socket = tcpOrigin.accept();
                Thread.ofVirtual().start(() -> echo(socket));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void echo(Socket socket) {
        try (socket) {
            socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (IOException over) {
            // The client has gone.
        }
    }

    private void echoUdp() {
        DatagramPacket packet = new DatagramPacket(new byte[2048], 2048);
        while (!udpOrigin.isClosed()) {
            try {
                packet.setLength(2048);
                udpOrigin.receive(packet);
                udpOrigin.send(packet);
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static <T> T await(Future<T> future) {
        return future.toCompletionStage()
                .toCompletableFuture()
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }

    private void deploy() {
        deploy("1s");
    }

    private void deploy(String drain) {
        Map<String, String> values = new HashMap<>();
        values.put("node", "edge-1");
        values.put("listen", HOST);
        values.put("rules", service.uri().toString());
        values.put("data", folder.toString());
        values.put("drain", drain);
        verticle =
                new EdgeVerticle(
                        new LocalBus(vertx),
                        EdgeSettings.read(SettingsReader.of(values)),
                        List.of());
        await(vertx.deployVerticle(verticle));
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            return probe.getLocalPort();
        }
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
    }

    private static String over(Socket socket, String text) throws IOException {
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        return new String(
                socket.getInputStream().readNBytes(text.length()), StandardCharsets.UTF_8);
    }

    private static String over(DatagramSocket socket, int port, String text) throws IOException {
        socket.setSoTimeout(TIMEOUT_MILLIS);
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        socket.send(new DatagramPacket(bytes, bytes.length, new InetSocketAddress(HOST, port)));
        DatagramPacket answer = new DatagramPacket(new byte[100], 100);
        socket.receive(answer);
        return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
    }

    @Test
    void stopsLongBeforeItsDrainIsOverWhereUdpIsQuiet() throws Exception {
        int port = freePort();
        put(1, Contents.rule(Protocol.UDP, port, udpOrigin.getLocalPort(), 1));
        deploy("10m");
        acknowledged(1);
        try (DatagramSocket socket = new DatagramSocket()) {
            assertThat(over(socket, port, "datagram")).isEqualTo("datagram");
            await(vertx.undeploy(vertx.deploymentIDs().iterator().next()));
        }
        assertThat(service.lastReport().state()).isEqualTo(NodeReport.State.LEAVING);
    }

    @Test
    void forwardsTcpAndUdpAndCloses() throws Exception {
        int tcp = freePort();
        int udp = freePort();
        put(
                1,
                Contents.rule(Protocol.TCP, tcp, tcpOrigin.getLocalPort(), 1),
                Contents.rule(Protocol.UDP, udp, udpOrigin.getLocalPort(), 1));
        deploy();
        acknowledged(1);
        assertThat(service.applied(Contents.A).refused()).isEmpty();
        assertThat(service.lastReport().listeners()).isEqualTo(2);
        try (Socket client = new Socket(HOST, tcp)) {
            assertThat(over(client, "hello")).isEqualTo("hello");
            try (DatagramSocket socket = new DatagramSocket()) {
                assertThat(over(socket, udp, "datagram")).isEqualTo("datagram");
            }
            put(2, Contents.rule(Protocol.UDP, udp, udpOrigin.getLocalPort(), 1));
            acknowledged(2);
            assertThatThrownBy(() -> new Socket(HOST, tcp).close())
                    .isInstanceOf(ConnectException.class);
            assertThat(over(client, "still here")).isEqualTo("still here");
            assertThat(service.applied(Contents.A).draining())
                    .containsExactly(Contents.ruleId(tcp));
        }
        Eventually.holds("drained", () -> service.applied(Contents.A).draining().isEmpty());
    }

    @Test
    void aNodeToldToDrainServesNobodyUntilItIsToldOtherwiseAlsoAfterARestart() throws Exception {
        int port = freePort();
        put(1, Contents.rule(Protocol.TCP, port, tcpOrigin.getLocalPort(), 1));
        deploy();
        acknowledged(1);
        try (Socket client = new Socket(HOST, port)) {
            assertThat(over(client, "before")).isEqualTo("before");
            service.drain(true);
            Eventually.holds(
                    "draining", () -> service.lastReport().state() == NodeReport.State.DRAINING);
            assertThat(node().isReady()).isFalse();
            Eventually.holds("closed", () -> service.lastReport().listeners() == 0);
            assertThatThrownBy(() -> new Socket(HOST, port).close())
                    .isInstanceOf(ConnectException.class);
            assertThat(over(client, "drains")).isEqualTo("drains");
            assertThat(service.applied(Contents.A).draining())
                    .containsExactly(Contents.ruleId(port));
            put(2, Contents.rule(Protocol.TCP, port, tcpOrigin.getLocalPort(), 2));
            acknowledged(2);
            assertThat(service.lastReport().listeners()).isZero();
        }
        await(vertx.undeploy(vertx.deploymentIDs().iterator().next()));
        service.silence(true);
        deploy();
        assertThatThrownBy(() -> new Socket(HOST, port).close())
                .isInstanceOf(ConnectException.class);
        assertThat(node().isReady()).isFalse();
        service.silence(false);
        service.drain(false);
        Eventually.holds("ready again", () -> node().isReady());
        try (Socket client = new Socket(HOST, port)) {
            assertThat(over(client, "again")).isEqualTo("again");
        }
    }

    @Test
    void countsWhatBecomesOfSessionsWhileItIsAskedTo() throws Exception {
        int good = freePort();
        int dead = freePort();
        int nowhere = freePort();
        put(
                1,
                Contents.rule(Protocol.TCP, good, tcpOrigin.getLocalPort(), 1),
                Contents.rule(Protocol.TCP, dead, nowhere, 1));
        deploy();
        acknowledged(1);
        assertThat(service.applied(Contents.A).counts()).isNull();
        try (Socket client = new Socket(HOST, good)) {
            assertThat(over(client, "hello")).isEqualTo("hello");
        }
        for (int i = 0; i < 3; i++) {
            try (Socket client = new Socket(HOST, dead)) {
                client.setSoTimeout(TIMEOUT_MILLIS);
                assertThat(endOf(client)).isTrue();
            }
        }
        service.watch(true);
        Map<String, RuleCounts> wanted =
                Map.of(
                        Contents.ruleId(good),
                        new RuleCounts(1, 0, 0),
                        Contents.ruleId(dead),
                        new RuleCounts(3, 3, 0));
        Eventually.holds("counted", () -> wanted.equals(service.applied(Contents.A).counts()));
        service.watch(false);
        Eventually.holds(
                "not counted any more", () -> service.applied(Contents.A).counts() == null);
    }

    @Test
    void tellsWhichPortsItCouldNotOpenAndOpensNone() throws Exception {
        int own = freePort();
        put(1, Contents.rule(Protocol.TCP, own, tcpOrigin.getLocalPort(), 1));
        deploy();
        acknowledged(1);
        int free = freePort();
        try (ServerSocket holder = new ServerSocket(0, 1, InetAddress.getByName(HOST));
                DatagramSocket udpHolder = new DatagramSocket(new InetSocketAddress(HOST, 0))) {
            int held = holder.getLocalPort();
            int udpHeld = udpHolder.getLocalPort();
            List<PortProbe.Taken> taken =
                    probe(
                                    0,
                                    ports(Protocol.TCP, own),
                                    ports(Protocol.TCP, free),
                                    ports(Protocol.TCP, held),
                                    ports(Protocol.UDP, udpHeld))
                            .taken();
            assertThat(taken).extracting(PortProbe.Taken::port).containsExactly(held, udpHeld);
            assertThat(taken.getFirst().reason()).contains(HOST + ":" + held);
        }
        assertThatThrownBy(() -> new Socket(HOST, free).close())
                .isInstanceOf(ConnectException.class);
        assertThat(probe(7, ports(Protocol.TCP, free)).taken().getFirst().reason())
                .startsWith("no_slot");
    }

    @Test
    void namesAHundredPortsThatItCouldNotOpenAndCountsAnAnswerThatHasMore() throws Exception {
        put(1, Contents.rule(Protocol.TCP, freePort(), tcpOrigin.getLocalPort(), 1));
        deploy();
        acknowledged(1);
        List<DatagramSocket> holders = new ArrayList<>();
        try {
            for (int i = 0; i <= PortProbe.Answer.TAKEN_MAX; i++) {
                holders.add(new DatagramSocket(new InetSocketAddress(HOST, 0)));
            }
            PortProbe.Ports[] held =
                    holders.stream()
                            .map(each -> ports(Protocol.UDP, each.getLocalPort()))
                            .toArray(PortProbe.Ports[]::new);
            PortProbe.Ports[] most = Arrays.copyOf(held, PortProbe.Answer.TAKEN_MAX);
            assertThat(probe(0, most).taken()).hasSize(PortProbe.Answer.TAKEN_MAX);
            assertThat(probesCut()).isZero();
            assertThat(probe(0, held).taken()).hasSize(PortProbe.Answer.TAKEN_MAX);
            assertThat(probesCut()).isEqualTo(1);
        } finally {
            holders.forEach(DatagramSocket::close);
        }
    }

    private double probesCut() throws Exception {
        String start = "skerry_limit_hits_total{name=\"probe_taken\"} ";
        URI metrics = URI.create("http://127.0.0.1:" + node().adminPort() + "/metrics");
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                            HttpRequest.newBuilder(metrics).build(),
                            HttpResponse.BodyHandlers.ofLines())
                    .body()
                    .filter(line -> line.startsWith(start))
                    .mapToDouble(line -> Double.parseDouble(line.substring(start.length())))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static PortProbe.Ports ports(Protocol protocol, int port) {
        return new PortProbe.Ports(protocol, PortRange.of(port));
    }

    private PortProbe.Answer probe(int slot, PortProbe.Ports... ports) {
        return await(
                new LocalBus(vertx)
                        .request(
                                BusAddress.probe(service.lastReport().boot()),
                                new PortProbe(slot, false, List.of(ports)).print(),
                                TIMEOUT_MILLIS)
                        .map(PortProbe.Answer::read));
    }

    private static boolean endOf(Socket client) throws IOException {
        try {
            return client.getInputStream().read() < 0;
        } catch (SocketException reset) {
            return true;
        }
    }

    private EdgeNode node() {
        return Objects.requireNonNull(verticle).node();
    }

    @Test
    void servesFromDiskAfterARestartWithoutARuleService() throws Exception {
        int port = freePort();
        put(1, Contents.rule(Protocol.TCP, port, tcpOrigin.getLocalPort(), 1));
        deploy();
        acknowledged(1);
        await(vertx.undeploy(vertx.deploymentIDs().iterator().next()));
        assertThat(service.lastReport().state()).isEqualTo(NodeReport.State.LEAVING);
        service.silence(true);
        deploy();
        assertThat(Objects.requireNonNull(verticle).node().isReady()).isTrue();
        try (Socket client = new Socket(HOST, port)) {
            assertThat(over(client, "hello")).isEqualTo("hello");
        }
    }

    @Test
    void aRuleTowardsItsOwnAdminPortIsALoop() throws Exception {
        deploy();
        int port = freePort();
        put(
                1,
                Contents.rule(
                        Protocol.TCP,
                        port,
                        Objects.requireNonNull(verticle).node().adminPort(),
                        1));
        acknowledged(1);
        assertThat(service.applied(Contents.A).refused())
                .hasEntrySatisfying(
                        Contents.ruleId(port), reason -> assertThat(reason).startsWith("loop: "));
    }
}
