package io.skerry.standalone.toa;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.Capture;
import io.skerry.standalone.fixture.Capture.Segment;
import io.skerry.standalone.fixture.Namespace;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// From a client through the product to programs that know nothing of TOA, in a namespace of their
/// own, and what was on the wire.
final class ToaIT {
    private static final int KIND_IPV4 = 200;
    private static final int KIND_IPV6 = 253;
    private static final String CLIENT = "127.0.0.9";
    private static final String CLIENT6 = "::1";

    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1+[::1]");

    private static String instance = "";

    private ToaRig rig;

    @BeforeAll
    static void needTheKernel() {
        Namespace.needRoot();
        instance =
                product.api().createInstance(new JsonObject().put("name", "toa").put("ipv6", true));
    }

    @BeforeEach
    void makeTheOriginsMachine() {
        rig = ToaRig.in(product.work());
    }

    /// Serves a rule to an origin of the machine; answers its port.
    private int serve(String mode, String address, int originPort) {
        int port = Ports.free();
        Api api = product.api();
        api.serve(instance, Rules.tcp(port, address, originPort).put("clientIp", mode));
        return port;
    }

    private static String option4(int port) {
        return "c808" + HexFormat.of().toHexDigits((short) port) + "7f000009";
    }

    private static String option6(int port) {
        return "fd14"
                + HexFormat.of().toHexDigits((short) port)
                + "00000000000000000000000000000001";
    }

    private ToaRig.Client client(int port) throws IOException {
        return new ToaRig.Client(CLIENT, "127.0.0.1", port);
    }

    private ToaRig.Client client6(int port) throws IOException {
        return new ToaRig.Client(CLIENT6, "::1", port);
    }

    private static List<Segment> to(int port, List<Segment> segments) {
        return segments.stream().filter(each -> each.to() == port).toList();
    }

    private static List<Segment> data(int port, List<Segment> segments) {
        return to(port, segments).stream().filter(each -> each.payload() > 0).toList();
    }

    @ParameterizedTest
    @CsvSource({"4", "6"})
    void theOptionIsOnEverySegmentButTheSynUntilTheOriginHasConfirmed(String family)
            throws IOException {
        boolean v6 = family.equals("6");
        rig.attach();
        int origin = rig.cOrigin(family);
        String address = v6 ? rig.machine.there6() : rig.machine.there();
        int port = serve("toa", address, origin);
        Capture capture = Capture.on(rig.work, rig.machine.cable(), "tcp port " + origin);
        int kind = v6 ? KIND_IPV6 : KIND_IPV4;
        String option;
        try (ToaRig.Client client = v6 ? client6(port) : client(port)) {
            option = v6 ? option6(client.port()) : option4(client.port());
            String expected = (v6 ? CLIENT6 : CLIENT) + " " + client.port();
            for (int i = 0; i < 2; i++) {
                assertThat(client.ask())
                        .isEqualTo("accept " + expected + " getpeername " + expected);
            }
        }
        List<Segment> seen =
                capture.await("the second question", all -> data(origin, all).size() >= 2);
        List<Segment> ours = to(origin, seen);
        assertThat(ours.get(0).isSyn()).isTrue();
        assertThat(ours.get(0).options()).doesNotContainKeys(KIND_IPV4, KIND_IPV6);
        assertThat(ours.get(1).isBareAck()).isTrue();
        assertThat(ours.get(1).options()).containsEntry(kind, option);
        List<Segment> data = data(origin, seen);
        assertThat(data.get(0).options()).containsEntry(kind, option);
        assertThat(data.get(1).options()).doesNotContainKeys(KIND_IPV4, KIND_IPV6);
        assertThat(product.metrics().sum("skerry_toa_connections_total", "state=\"confirmed\""))
                .isPositive();
        assertThat(product.metrics().sum("skerry_toa_segments_total", "result=\"written\""))
                .isGreaterThanOrEqualTo(2);
    }

    @ParameterizedTest(name = "{0}, IPv{1}")
    @CsvSource({
        "lost-ack, 4",
        "lost-ack, 6",
        "syn-cookies, 4",
        "syn-cookies, 6",
        "defer-accept, 4",
        "defer-accept, 6",
        "defer-accept and syn-cookies, 4"
    })
    void theClientIsKnownHoweverTheSocketIsMade(String way, String family) throws IOException {
        boolean v6 = family.equals("6");
        rig.attach();
        int origin = way.contains("defer") ? rig.cOrigin(family, "defer") : rig.cOrigin(family);
        if (way.contains("cookies")) {
            rig.machine.set("net.ipv4.tcp_syncookies", 2);
        }
        if (way.contains("lost")) {
            rig.machine.filter(
                    "tcp dport "
                            + origin
                            + " tcp flags & (fin|syn|rst|psh|ack) == ack"
                            + " limit rate 1/hour burst 1 packets drop");
        }
        int port = serve("toa", v6 ? rig.machine.there6() : rig.machine.there(), origin);
        Capture capture = Capture.on(rig.work, rig.machine.cable(), "tcp port " + origin);
        try (ToaRig.Client client = v6 ? client6(port) : client(port)) {
            String expected = (v6 ? CLIENT6 : CLIENT) + " " + client.port();
            assertThat(client.ask())
                    .as(() -> evidence(capture))
                    .isEqualTo("accept " + expected + " getpeername " + expected);
        }
    }

    /// What was on the wire, and what both sides have counted.
    private String evidence(Capture capture) {
        return capture.segments()
                + "\nwritten "
                + product.metrics().sum("skerry_toa_segments_total", "result=\"written\"")
                + "\n"
                + rig.toaOrigin("status", "--pin", rig.pins.toString()).text();
    }

    @Test
    void connectionsOfOtherRulesCarryNothing() throws IOException {
        rig.attach();
        int origin = rig.cOrigin("4");
        int port = serve("off", rig.machine.there(), origin);
        Capture capture = Capture.on(rig.work, rig.machine.cable(), "tcp port " + origin);
        try (ToaRig.Client client = client(port)) {
            assertThat(client.ask()).startsWith("accept " + rig.machine.here() + " ");
        }
        List<Segment> seen = capture.await("the question", all -> !data(origin, all).isEmpty());
        assertThat(to(origin, seen))
                .allSatisfy(each ->
                        assertThat(each.options()).doesNotContainKeys(KIND_IPV4, KIND_IPV6));
        assertThat(rig.count("syn_recv_sock_no_toa")).isEqualTo(1);
        assertThat(rig.count("getname_toa_empty")).isEqualTo(2);
    }

    @Test
    void anIpv4ClientIsMappedOnAnIpv6SocketWhateverTheWayThere() throws IOException {
        rig.attach();
        int origin = rig.cOrigin("6");
        for (String address : List.of(rig.machine.there(), rig.machine.there6())) {
            int port = serve("toa", address, origin);
            try (ToaRig.Client client = client(port)) {
                String expected = "::ffff:" + CLIENT + " " + client.port();
                assertThat(client.ask())
                        .isEqualTo("accept " + expected + " getpeername " + expected);
            }
        }
        assertThat(rig.count("ip6_address_alloc")).isEqualTo(2);
        Await.until(
                "both are given back",
                Duration.ofSeconds(20),
                () -> rig.count("ip6_address_free") == 2);
    }

    @Test
    void anIpv6ClientIsKnownOnAnIpv6SocketOverIpv4() throws IOException {
        rig.attach();
        int origin = rig.cOrigin("6");
        int port = serve("toa", rig.machine.there(), origin);
        try (ToaRig.Client client = client6(port)) {
            assertThat(client.ask()).startsWith("accept " + CLIENT6 + " " + client.port());
        }
    }

    @Test
    void anIpv6ClientOfAnIpv4SocketCannotBeToldAndIsCounted() throws IOException {
        rig.attach();
        int origin = rig.cOrigin("4");
        int port = serve("toa", rig.machine.there(), origin);
        try (ToaRig.Client client = client6(port)) {
            assertThat(client.ask()).startsWith("accept " + rig.machine.here() + " ");
        }
        assertThat(rig.count("getname_toa_mismatch")).isEqualTo(2);
        assertThat(rig.count("syn_recv_sock_toa")).isEqualTo(1);
    }

    @Test
    void pythonsWebServerLogsTheClient() {
        rig.attach();
        int origin = Ports.free();
        Program python =
                rig.start(
                        Tool.path("python3", "python3"),
                        "-u",
                        "-m",
                        "http.server",
                        Integer.toString(origin),
                        "--directory",
                        rig.work.folder().toString());
        python.awaitText("Serving HTTP");
        int port = serve("toa", rig.machine.there(), origin);
        curl(port);
        python.awaitText("^" + CLIENT + " - - .*GET / HTTP/1.1");
    }

    private void curl(int port) {
        Program.Ended ended =
                rig.work
                        .start(
                                Tool.path("curl", "curl"),
                                "-sS",
                                "-o",
                                "/dev/null",
                                "--interface",
                                CLIENT,
                                "http://127.0.0.1:" + port + "/")
                        .await(Duration.ofSeconds(20));
        assertThat(ended.status()).as(ended.text()).isZero();
    }

    @Test
    void nginxLogsTheClientAsRemoteAddress() {
        rig.attach();
        int origin = Ports.free();
        String folder = rig.work.folder().toString();
        Path config =
                rig.work.write(
                        "nginx.conf",
                        """
                        daemon off;
                        master_process off;
                        pid %1$s/nginx.pid;
                        error_log %1$s/error.log info;
                        events {}
                        http {
                            log_format short '$remote_addr:$remote_port $status';
                            access_log %1$s/access.log short;
                            server { listen %2$d deferred; location / { return 204; } }
                        }
                        """
                                .formatted(folder, origin));
        String nginx = Tool.path("nginx", "nginx-light");
        rig.start(nginx, "-c", config.toString(), "-p", folder, "-e", folder + "/e.log");
        Path pid = rig.work.path("nginx.pid");
        Await.until("nginx runs", Duration.ofSeconds(20), () -> !Workspace.read(pid).isBlank());
        int port = serve("toa", rig.machine.there(), origin);
        curl(port);
        Path access = rig.work.path("access.log");
        Await.until(
                "nginx logs the request",
                Duration.ofSeconds(10),
                () -> Workspace.read(access).contains("\n"));
        assertThat(Workspace.read(access)).matches(CLIENT + ":\\d+ 204\n");
    }

    @Test
    void aServerSocketOfJavaSeesTheClient() throws IOException {
        rig.attach();
        int origin = Ports.free();
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        rig.start(java, rig.copy("Origin.java").toString(), Integer.toString(origin))
                .awaitText("listening");
        int port = serve("toa", rig.machine.there(), origin);
        try (ToaRig.Client client = client(port)) {
            assertThat(client.ask()).isEqualTo("accept " + CLIENT + " " + client.port());
        }
    }
}
