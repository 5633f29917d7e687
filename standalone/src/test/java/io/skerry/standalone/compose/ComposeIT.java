package io.skerry.standalone.compose;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import io.vertx.core.json.JsonArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// `docker-compose.yml` and `Dockerfile` on a real Docker engine.
final class ComposeIT {
    private static final Duration EFFECT = Duration.ofMinutes(2);
    private static final List<String> EDGES = List.of("172.30.0.41", "172.30.0.42", "172.30.0.43");

    /// Bits 12 and 21 of a capability set: NET_ADMIN, and SYS_ADMIN which stands for BPF here.
    private static final String KERNEL_PROGRAMS = "0000000000201000";

    private static final String NONE = "0000000000000000";

    private static final Workspace work = new Workspace();
    private static Engine engine;
    private static Topology topology;
    private static String instance;

    @BeforeAll
    static void bringUp() {
        Tool.path("docker-compose", "docker-compose");
        engine = Engine.start(work);
        engine.buildImages();
        topology = Topology.in(work, engine);
        topology.up("");
        List.of("rules-1", "rules-2", "gateway-1", "gateway-2", "edge-1", "edge-2", "edge-3")
                .forEach(topology::awaitHealthy);
        instance = topology.instance("web");
        topology.rule(instance, "10000", "172.30.0.51", "ppv1");
        EDGES.forEach(
                edge -> topology.awaitAnswer("http://" + edge + ":10000/", "you are 172.30.0.51"));
    }

    @AfterAll
    static void takeDown() throws IOException {
        work.close();
    }

    @Test
    void everyServiceRunsWithTheRightsItsFileNamesAndNoOthers() {
        for (String service : List.of("rules-1", "gateway-2", "edge-1", "origin", "postgres")) {
            String status = topology.in(service, "cat", "/proc/1/status");
            String user =
                    switch (service) {
                        case "origin" -> "101";
                        case "postgres" -> "999";
                        default -> "10001";
                    };
            assertThat(status)
                    .as(service)
                    .containsPattern("(?m)^Uid:\t" + user + "\t" + user + "\t")
                    .containsPattern("(?m)^CapPrm:\t" + NONE + "$")
                    .containsPattern("(?m)^CapEff:\t" + NONE + "$")
                    .containsPattern("(?m)^NoNewPrivs:\t1$");
            if (!service.equals("postgres")) {
                assertThat(status).as(service).containsPattern("(?m)^CapBnd:\t" + NONE + "$");
            }
            Program.Ended touched = topology.start(service, "touch", "/x").await(EFFECT);
            assertThat(touched.status()).as(service).isNotZero();
            assertThat(touched.text()).as(service).contains("Read-only file system");
        }
        assertThat(topology.inspect("edge-1", "{{.Config.StopTimeout}}")).isEqualTo("45");
        assertThat(topology.in("edge-1", "ls", "/run/secrets")).isEqualTo("node-token\n");
        assertThat(topology.in("gateway-1", "ls", "/run")).doesNotContain("secrets");
    }

    @Test
    void aPortBelow1024NeedsNoCapabilityAndEveryGatewayAnswers() throws IOException {
        topology.rule(instance, "80", "172.30.0.51", "ppv2");
        EDGES.forEach(edge -> topology.awaitAnswer("http://" + edge + "/", "you are 172.30.0.51"));
        for (String port : List.of("8080", "8090")) {
            assertThat(fromHost("http://127.0.0.1:" + port + "/v1/instances/" + instance))
                    .contains("\"name\":\"web\"");
        }
        // What is published on the host hides its clients.
        for (String port : List.of("11000", "12000", "13000")) {
            assertThat(fromHost("http://127.0.0.1:" + port + "/"))
                    .isEqualTo("you are 172.30.0.1\n");
        }
    }

    private static String fromHost(String url) {
        return Engine.must(work.start(engine.onHost("curl", "-sS", "--max-time", "5", url)));
    }

    @Test
    void theLoadGeneratorAsksFromInsideAndIsTheClient() {
        topology.up("load", "load");
        Engine.until(
                "the load generator has answers",
                EFFECT,
                () -> logs("load").contains(", 0 failed; the origin says: you are 172.30.0.61\n"),
                () -> logs("load"));
        Engine.must(topology.stop("load"));
        assertThat(topology.inspect("load", "{{.State.ExitCode}}")).isEqualTo("0");
    }

    private static String logs(String service) {
        return Engine.must(engine.docker("logs", Topology.container(service)));
    }

    @Test
    void aNodeOnTheNetworkOfTheHostSeesTheClientsOfTheHost() {
        Engine.must(
                work.start(
                        engine.onHost(
                                Tool.path("sysctl", "procps"),
                                "-w",
                                "net.ipv4.ip_unprivileged_port_start=1")));
        topology.up("host", "edge-host");
        Engine.until(
                "the node serves on the host",
                EFFECT,
                () ->
                        work.start(
                                        engine.onHost(
                                                "curl",
                                                "-fsS",
                                                "--max-time",
                                                "5",
                                                "http://127.0.0.1:10000/"))
                                .await(EFFECT)
                                .text()
                                .equals("you are 127.0.0.1\n"),
                () -> logs("edge-host"));
        String rule = topology.rule(instance, "10002", "172.30.0.51", "ppv1");
        String rollout =
                "http://172.30.0.32:8080/v1/instances/" + instance + "/rules/" + rule + "/rollout";
        Engine.until(
                "the node has acknowledged",
                EFFECT,
                () -> topology.ask(rollout).contains("\"node\":\"edge-host\",\"state\":\"ack\""),
                () -> topology.ask(rollout));
        Engine.must(topology.stop("edge-host"));
        assertThat(topology.inspect("edge-host", "{{.State.ExitCode}}")).isEqualTo("0");
    }

    @Test
    void aNodeThatIsKilledComesBackAndOneThatIsStoppedDrains() {
        String before = topology.inspect("edge-3", "{{.State.Pid}}");
        Engine.must(work.start(engine.onHost("kill", "-KILL", before)));
        Engine.until(
                "the node was started again",
                EFFECT,
                () -> topology.inspect("edge-3", "{{.RestartCount}}").equals("1"),
                () -> topology.inspect("edge-3", "{{json .State}}"));
        topology.awaitAnswer("http://172.30.0.43:10000/", "you are 172.30.0.51");
        topology.awaitHealthy("edge-3");

        Program session =
                topology.start(
                        "origin",
                        "bash",
                        "-c",
                        "exec 3<>/dev/tcp/172.30.0.43/10000; echo open; read -r;"
                                + " printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3");
        session.awaitText("open");
        Program stop = topology.stop("edge-3");
        Engine.until(
                "no new session is taken",
                EFFECT,
                () -> topology.ask("http://172.30.0.43:10000/").isEmpty(),
                () -> logs("edge-3"));
        assertThat(stop.isAlive()).isTrue();
        session.say("");
        assertThat(Engine.must(session)).contains("you are 172.30.0.51");
        Engine.must(stop);
        assertThat(topology.inspect("edge-3", "{{.State.ExitCode}}")).isEqualTo("0");

        topology.up("", "edge-3");
        topology.awaitAnswer("http://172.30.0.43:10000/", "you are 172.30.0.51");
    }

    /// What docs/features/toa.md says, but for the capability that this engine is too young for.
    @Test
    void anOriginLearnsItsClientsFromTheImagesOwnToaOrigin() throws IOException {
        topology.up("toa", "edge-toa");
        Engine.until(
                "the node can do TOA",
                EFFECT,
                () ->
                        topology.node("edge-toa")
                                .getJsonArray("capabilities", new JsonArray())
                                .contains("toa"),
                () -> topology.node("edge-toa").encode());
        assertThat(topology.in("edge-toa", "cat", "/proc/1/status"))
                .containsPattern("(?m)^CapEff:\t" + KERNEL_PROGRAMS + "$")
                .containsPattern("(?m)^CapBnd:\t" + KERNEL_PROGRAMS + "$");
        assertThat(toaOrigin("attach", "--cgroup", engine.cgroups(), "--trust", "172.30.0.44"))
                .startsWith("attached to " + engine.cgroups());
        Path conf = topology.write("plain.conf", plainOrigin());
        Engine.must(
                engine.docker(
                        "run",
                        "--detach",
                        "--name",
                        "plain",
                        "--network",
                        "skerry_skerry",
                        "--ip",
                        "172.30.0.71",
                        "--volume",
                        conf + ":/etc/nginx/nginx.conf:ro",
                        "nginx:1.28"));
        topology.awaitAnswer("http://172.30.0.71:8080/", "you are 172.30.0.51");
        topology.rule(instance, "10001", "172.30.0.71", "toa");
        topology.awaitAnswer("http://172.30.0.44:10001/", "you are 172.30.0.51");
        assertThat(toaOrigin("status"))
                .contains("cgroup  " + engine.cgroups() + "\n")
                .containsPattern("(?m)^syn_recv_sock_toa +:.*[1-9]")
                .containsPattern("(?m)^untrusted +:[ 0]+$");

        assertThat(toaOrigin("detach")).isEqualTo("detached\n");

        assertThat(topology.ask("http://172.30.0.44:10001/")).isEqualTo("you are 172.30.0.44");
        assertThat(toaOrigin("detach")).isEqualTo("nothing was attached\n");
    }

    private static String plainOrigin() throws IOException {
        Path root = Path.of(System.getProperty("skerry.root"));
        return Files.readString(root.resolve("docs/examples/compose/nginx.conf"))
                .replace("listen 8080 proxy_protocol", "listen 8080")
                .replace("you are $proxy_protocol_addr", "you are $remote_addr");
    }

    private static String toaOrigin(String... arguments) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "run",
                                "--rm",
                                "--user",
                                "0",
                                "--cap-drop",
                                "ALL",
                                "--cap-add",
                                "SYS_ADMIN",
                                "--cap-add",
                                "NET_ADMIN",
                                "--security-opt",
                                "apparmor=unconfined",
                                "--cgroupns",
                                "host",
                                "--volume",
                                "/sys/fs/cgroup:/sys/fs/cgroup",
                                "--volume",
                                "/sys/fs/bpf:/sys/fs/bpf",
                                "skerry:0.1.0",
                                "io.skerry.edge.toa.ToaOriginMain"));
        command.addAll(List.of(arguments));
        return Engine.must(engine.docker(command.toArray(String[]::new)));
    }
}
