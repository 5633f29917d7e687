package io.skerry.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.follow.Contents;
import io.skerry.edge.follow.FakeRuleService;
import io.skerry.edge.health.TestOrigin;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.origin.HealthCheck;
import io.skerry.shared.origin.OriginAddress;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.origin.WeightedOrigin;
import io.skerry.shared.process.LocalBus;
import io.skerry.shared.process.SettingsReader;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.HeaderDestination;
import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.ProxyV2Udp;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleSpec;
import io.skerry.shared.rule.SessionPersistence;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A whole node over a group of two origins, one of which dies or is full.
class OriginHealthTest {
    private static final String HOST = "127.0.0.3";
    private static final String ONE = "127.0.0.21";
    private static final String TWO = "127.0.0.22";
    private static final String GROUP = "og-000000000001";
    private static final int TIMEOUT_MILLIS = 10_000;

    @TempDir Path folder;
    private final Vertx vertx = Vertx.vertx();
    private FakeRuleService service;
    private @Nullable EdgeVerticle verticle;

    @BeforeEach
    void start() throws Exception {
        service = new FakeRuleService(vertx);
        Map<String, String> values =
                Map.of(
                        "node",
                        "edge-1",
                        "listen",
                        HOST,
                        "rules",
                        service.uri().toString(),
                        "data",
                        folder.toString(),
                        "drain",
                        "0s");
        verticle =
                new EdgeVerticle(
                        new LocalBus(vertx),
                        EdgeSettings.read(SettingsReader.of(values)),
                        List.of());
        await(vertx.deployVerticle(verticle));
    }

    @AfterEach
    void stop() {
        await(vertx.close());
        Eventually.holds(
                "no check thread",
                () ->
                        Thread.getAllStackTraces().keySet().stream()
                                .noneMatch(each -> each.getName().startsWith("checks-")));
    }

    private static <T> T await(Future<T> future) {
        return future.toCompletionStage()
                .toCompletableFuture()
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            return probe.getLocalPort();
        }
    }

    /// Has the node forward one port to the two origins.
    private int serve(Protocol protocol, int originPort, HealthCheck check, int cap)
            throws IOException {
        int port = freePort();
        RuleSpec spec =
                new RuleSpec(
                        protocol,
                        List.of(PortRange.of(port)),
                        new OriginRef.Group(GROUP),
                        PortRange.of(originPort),
                        SessionPersistence.OFF,
                        ClientIp.OFF,
                        "",
                        3600,
                        0,
                        ProxyV2Udp.FIRST,
                        HeaderDestination.DIALLED,
                        0);
        OriginGroup group = new OriginGroup(GROUP, "g", List.of(at(ONE, cap), at(TWO, cap)), check);
        String id = Contents.ruleId(port);
        service.put(
                new InstanceContent(
                        Contents.A,
                        1,
                        false,
                        0,
                        new TreeMap<>(Map.of(id, new Rule(id, spec, 1))),
                        new TreeMap<>(Map.of(GROUP, group))));
        Eventually.holds(
                "applied",
                () ->
                        !service.reports.isEmpty()
                                && service.lastReport().instances().containsKey(Contents.A)
                                && service.applied(Contents.A).revision() == 1);
        assertThat(service.applied(Contents.A).refused()).isEmpty();
        return port;
    }

    private static WeightedOrigin at(String address, int cap) {
        return new WeightedOrigin(
                OriginAddress.parse(address).orElseThrow(), OptionalInt.empty(), cap);
    }

    private static HealthCheck check(HealthCheck.Type type) {
        return new HealthCheck(type, OptionalInt.empty(), 1, 1, 2, 2, "", "");
    }

    /// The first byte of the answer to a datagram; -1 where none comes.
    private static int ask(DatagramSocket client, int port) throws IOException {
        client.send(new DatagramPacket(new byte[] {0}, 1, new InetSocketAddress(HOST, port)));
        DatagramPacket answer = new DatagramPacket(new byte[10], 10);
        try {
            client.receive(answer);
            return answer.getData()[0];
        } catch (SocketTimeoutException silent) {
            return -1;
        }
    }

    private static byte[] unless(AtomicBoolean silent, int said) {
        return silent.get() ? new byte[0] : new byte[] {(byte) said};
    }

    @Test
    void udpSessionsLeaveAnOriginThatHasGoneSilentWithinFiveSeconds() throws Exception {
        AtomicBoolean oneSilent = new AtomicBoolean();
        AtomicBoolean twoSilent = new AtomicBoolean();
        try (TestOrigin one = TestOrigin.udp(ONE, 0, came -> unless(oneSilent, 1));
                TestOrigin two = TestOrigin.udp(TWO, one.port(), came -> unless(twoSilent, 2));
                DatagramSocket client = new DatagramSocket()) {
            int port = serve(Protocol.UDP, two.port(), check(HealthCheck.Type.UDP), 0);
            client.setSoTimeout(TIMEOUT_MILLIS);
            int first = ask(client, port);
            assertThat(first).isIn(1, 2);
            assertThat(ask(client, port)).as("stays").isEqualTo(first);
            (first == 1 ? oneSilent : twoSilent).set(true);
            long died = System.nanoTime();
            client.setSoTimeout(100);
            Eventually.holds("another answers", () -> answers(client, port, 3 - first));
            assertThat(System.nanoTime() - died).isLessThan(TimeUnit.SECONDS.toNanos(5));
        }
    }

    private static boolean answers(DatagramSocket client, int port, int origin) {
        try {
            return ask(client, port) == origin;
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    private String metrics() throws Exception {
        int admin = Objects.requireNonNull(verticle).node().adminPort();
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                            HttpRequest.newBuilder(
                                            URI.create("http://127.0.0.1:" + admin + "/metrics"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    /// Connects until the origin has accepted, so that the session is open.
    private static Socket open(int port, TestOrigin one, TestOrigin two) throws IOException {
        int before = one.count.get() + two.count.get();
        Socket client = new Socket(HOST, port);
        Eventually.holds("accepted", () -> one.count.get() + two.count.get() > before);
        return client;
    }

    @Test
    void whereAllOriginsAreFullASessionEndsAsNoOriginUntilOneLeaves() throws Exception {
        try (TestOrigin one = TestOrigin.tcp(ONE, 0);
                TestOrigin two = TestOrigin.tcp(TWO, one.port())) {
            int port = serve(Protocol.TCP, two.port(), check(HealthCheck.Type.NONE), 1);
            try (Socket first = open(port, one, two)) {
                try (Socket second = open(port, one, two)) {
                    assertThat(one.count.get()).isEqualTo(1);
                    assertThat(two.count.get()).isEqualTo(1);
                    Eventually.holds("turned away", () -> isTurnedAway(port));
                    assertThat(metrics())
                            .containsPattern(
                                    "skerry_sessions_closed_total\\{protocol=\"tcp\","
                                            + "reason=\"no_origin\"} [1-9]");
                    assertThat(second.isConnected()).isTrue();
                }
                Eventually.holds("room again", () -> !isTurnedAway(port));
                assertThat(first.isConnected()).isTrue();
            }
        }
    }

    private static boolean isTurnedAway(int port) {
        try (Socket client = new Socket(HOST, port)) {
            client.setSoTimeout(200);
            return client.getInputStream().read() < 0;
        } catch (SocketTimeoutException open) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void metricsSayWhatChecksFound() throws Exception {
        try (TestOrigin one = TestOrigin.tcp(ONE, 0)) {
            serve(Protocol.TCP, one.port(), check(HealthCheck.Type.TCP), 0);
            String up = "skerry_origin_up{origin=\"tcp:%s:%d\"} %s";
            Eventually.holds(
                    "two is down", () -> text().contains(up.formatted(TWO, one.port(), "0.0")));
            assertThat(text())
                    .contains(up.formatted(ONE, one.port(), "1.0"))
                    .containsPattern("skerry_origin_checks_total\\{result=\"ok\"} [1-9]")
                    .containsPattern("skerry_origin_checks_total\\{result=\"refused\"} [1-9]")
                    .contains("skerry_limit{name=\"origin.checks-max\"} 2000.0");
        }
    }

    private String text() {
        try {
            return metrics();
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }
}
