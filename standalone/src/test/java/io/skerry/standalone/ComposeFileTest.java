package io.skerry.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.skerry.edge.EdgeMain;
import io.skerry.edge.EdgeSettings;
import io.skerry.gateway.GatewayMain;
import io.skerry.gateway.GatewaySettings;
import io.skerry.rules.RuleServiceMain;
import io.skerry.rules.RuleServiceSettings;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.process.AdminServer;
import io.skerry.shared.process.ClusterSettings;
import io.skerry.shared.process.SettingsReader;
import io.skerry.standalone.fixture.Tool;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/// What can be known of `docker-compose.yml` and `Dockerfile` without a Docker engine.
final class ComposeFileTest {
    private static final String FILE_SUFFIX = "_FILE";

    /// Stands for what a secret file would hold.
    private static final Map<String, String> SECRETS =
            Map.of(
                    "/run/secrets/postgres-uri", "postgresql://skerry:secret@postgres:5432/skerry",
                    "/run/secrets/node-token", "secret");

    private final Path root = Path.of(System.getProperty("skerry.root"));
    private final Map<String, Object> file = load();
    private final Map<String, Map<String, Object>> services = services();

    private Map<String, Object> load() {
        try {
            return map(
                    new Yaml(new SafeConstructor(new LoaderOptions()))
                            .load(Files.readString(root.resolve("docker-compose.yml"))));
        } catch (IOException unreadable) {
            throw new AssertionError("there is no compose file", unreadable);
        }
    }

    private Map<String, Map<String, Object>> services() {
        Map<String, Map<String, Object>> found = new TreeMap<>();
        map(file.get("services")).forEach((name, service) -> found.put(name, map(service)));
        return found;
    }

    private Map<String, Object> service(String name) {
        return services.getOrDefault(name, Map.of());
    }

    private static Map<String, Object> map(@Nullable Object value) {
        Map<String, Object> map = new TreeMap<>();
        if (value instanceof Map<?, ?> fields) {
            fields.forEach((key, each) -> map.put(String.valueOf(key), each));
        }
        return map;
    }

    private static List<String> list(@Nullable Object value) {
        List<String> list = new ArrayList<>();
        if (value instanceof List<?> items) {
            items.forEach(item -> list.add(String.valueOf(item)));
        }
        return list;
    }

    /// Services that run a main class of the product, by name.
    private Map<String, String> ours() {
        Map<String, String> found = new TreeMap<>();
        services.forEach((name, service) -> {
            List<String> command = list(service.get("command"));
            if (!command.isEmpty() && command.get(0).startsWith("io.skerry.")) {
                found.put(name, command.get(0));
            }
        });
        return found;
    }

    @Test
    void hasEveryPart() {
        assertThat(services)
                .containsOnlyKeys(
                        "postgres",
                        "rules-1",
                        "rules-2",
                        "gateway-1",
                        "gateway-2",
                        "edge-1",
                        "edge-2",
                        "edge-3",
                        "edge-host",
                        "edge-toa",
                        "load",
                        "origin");
        assertThat(ours()).hasSize(9);
    }

    /// The tool of Debian (docker-compose 1.29) checks the file against its schema and resolves
    /// every reference, without an engine. It is older than `name:`, which is left out for it.
    @Test
    void dockerComposeTakesTheFile(@TempDir Path folder) throws Exception {
        String compose = Tool.path("docker-compose", "docker-compose");
        Files.createDirectories(folder.resolve("secrets"));
        for (Object secret : map(file.get("secrets")).values()) {
            Files.writeString(folder.resolve(String.valueOf(map(secret).get("file"))), "secret");
        }
        String text =
                Files.readString(root.resolve("docker-compose.yml")).replace("name: skerry\n", "");
        assertThat(config(compose, folder, text)).isEqualTo("0");
        assertThat(config(compose, folder, text.replace("    healthcheck:", "    helthcheck:")))
                .startsWith("1")
                .contains("helthcheck");
    }

    /// The schema of the specification, on the file as it stands, tells the place of a mistake.
    @Test
    void theFileFollowsTheSchemaOfTheComposeSpecification(@TempDir Path folder) throws Exception {
        Tool.path("docker-compose", "docker-compose");
        String text = Files.readString(root.resolve("docker-compose.yml"));
        assertThat(mistakes(folder, text)).isEmpty();
        assertThat(mistakes(folder, text.replace("mem_limit: 128m", "mem_limit: [128m]")))
                .isEqualTo(
                        "services.origin.mem_limit: ['128m'] is not of type 'number', 'string'\n");
        assertThat(mistakes(folder, text.replace("    stop_signal: SIGTERM", "    stop_sign: 15")))
                .startsWith("services.load: ")
                .contains("'stop_sign'");
        assertThat(mistakes(folder, text.replace("driver: bridge", "drivr: bridge")))
                .startsWith("networks.skerry: ")
                .contains("'drivr'");
    }

    private String mistakes(Path folder, String text) throws Exception {
        Path file = Files.writeString(folder.resolve("checked.yml"), text);
        Path check = root.resolve("standalone/src/test/resources/compose/check.py");
        Process process =
                new ProcessBuilder(
                                Tool.path("python3", "python3"), check.toString(), file.toString())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(said).isEqualTo(said.isEmpty() ? 0 : 1);
        return said;
    }

    /// Exit status and what was said.
    private static String config(String compose, Path folder, String text) throws Exception {
        Files.writeString(folder.resolve("docker-compose.yml"), text);
        Process process =
                new ProcessBuilder(compose, "-p", "skerry", "--profile", "load", "config", "-q")
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        return process.waitFor() + said;
    }

    @Test
    void onlyTheOneWithKernelProgramsHasCapabilitiesAndNoneIsPrivileged() {
        services.forEach((name, service) -> {
            assertThat(service).as(name).doesNotContainKey("privileged");
            List<String> added =
                    switch (name) {
                        case "postgres" ->
                                List.of("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID");
                        case "edge-toa" -> List.of("BPF", "NET_ADMIN");
                        default -> List.of();
                    };
            assertThat(list(service.get("cap_add"))).as(name).containsExactlyElementsOf(added);
            boolean root = "0:0".equals(service.get("user"));
            assertThat(root).as(name).isEqualTo(name.equals("edge-toa"));
        });
    }

    @Test
    void everySettingIsOneTheProductKnowsAndTakes() {
        ours().forEach((name, main) -> {
            SettingsReader settings = SettingsReader.of(settings(name));
            assertThatCode(() -> read(main, settings)).as(name).doesNotThrowAnyException();
        });
    }

    private static void read(String main, SettingsReader settings) {
        ClusterSettings cluster =
                ClusterSettings.read(settings, !main.equals(RuleServiceMain.class.getName()));
        assertThat(cluster.members()).hasSize(2);
        if (main.equals(RuleServiceMain.class.getName())) {
            assertThat(RuleServiceSettings.read(settings).nodeToken()).contains("secret");
        } else if (main.equals(GatewayMain.class.getName())) {
            assertThat(GatewaySettings.read(settings).api().port()).isEqualTo(8080);
        } else {
            assertThat(main).isEqualTo(EdgeMain.class.getName());
            assertThat(EdgeSettings.read(settings).rules()).hasSize(2);
        }
        settings.finish();
    }

    /// Keys and values of a service, with what secret files hold in place of their names.
    private Map<String, String> settings(String service) {
        Map<String, String> found = new HashMap<>();
        map(service(service).get("environment"))
                .forEach((name, value) -> {
                    assertThat(name).startsWith("SKERRY_");
                    assertThat(value)
                            .as("%s of %s is text", name, service)
                            .isInstanceOf(String.class);
                    String key = name.substring("SKERRY_".length());
                    String text = String.valueOf(value);
                    if (key.endsWith(FILE_SUFFIX)) {
                        key = key.substring(0, key.length() - FILE_SUFFIX.length());
                        assertThat(SECRETS).containsKey(text);
                        text = SECRETS.getOrDefault(text, "");
                        assertThat(list(service(service).get("secrets")))
                                .contains(
                                        String.valueOf(value).substring("/run/secrets/".length()));
                    }
                    found.put(key, text);
                });
        return found;
    }

    @Test
    void secretsStandInFilesOnly() {
        Map<String, Object> secrets = map(file.get("secrets"));
        services.forEach((name, service) -> {
            assertThat(secrets.keySet()).as(name).containsAll(list(service.get("secrets")));
            map(service.getOrDefault("environment", Map.of()))
                    .forEach((key, value) -> {
                        if (key.matches(".*(PASSWORD|TOKEN|POSTGRES_URI|SKERRY_POSTGRES).*")) {
                            assertThat(key).as(name).endsWith(FILE_SUFFIX);
                        }
                    });
        });
        secrets.values()
                .forEach(secret ->
                        assertThat(String.valueOf(map(secret).get("file")))
                                .startsWith("./secrets/"));
    }

    @Test
    void everyServiceIsBoundedHealthCheckedAndComesBack() {
        services.forEach((name, service) -> {
            assertThat(service)
                    .as(name)
                    .containsKeys(
                            "image",
                            "healthcheck",
                            "mem_limit",
                            "pids_limit",
                            "stop_grace_period",
                            "ulimits")
                    .containsEntry("restart", "unless-stopped")
                    .containsEntry("read_only", true);
            assertThat(String.valueOf(service.get("image"))).matches(".+:[0-9][0-9.]*");
            assertThat(list(service.get("cap_drop"))).as(name).containsExactly("ALL");
            assertThat(list(service.get("security_opt"))).contains("no-new-privileges:true");
            assertThat(map(service.get("ulimits"))).as(name).containsKey("nofile");
        });
    }

    @Test
    void noPortIsPublishedOffLoopback() {
        Set<String> published = new HashSet<>();
        services.forEach((name, service) ->
                list(service.get("ports"))
                        .forEach(port -> {
                            assertThat(port).as(name).startsWith("127.0.0.1:");
                            String host =
                                    port.substring(0, port.lastIndexOf(':')) + port.endsWith("udp");
                            assertThat(published.add(host)).as("%s published twice", port).isTrue();
                        }));
        assertThat(published).hasSize(8);
    }

    /// A rule's port that is published for one node cannot be served by the node on the host: the
    /// ports that rules are meant to use stay free there.
    @Test
    void whatIsPublishedLeavesTheRulesPortsOfTheHostFree() {
        Set<String> onHost = new HashSet<>();
        Set<String> inside = new HashSet<>();
        services.forEach((name, service) -> {
            if (name.startsWith("edge-")) {
                list(service.get("ports"))
                        .forEach(port -> {
                            String[] parts = port.split("[:/]");
                            onHost.add(parts[1]);
                            inside.add(parts[2]);
                        });
            }
        });
        assertThat(inside).containsExactly("10000-10009");
        assertThat(onHost).hasSize(3).doesNotContainAnyElementsOf(inside);
        Map<String, Object> host = service("edge-host");
        assertThat(host).containsEntry("network_mode", "host").doesNotContainKey("ports");
        assertThat(list(host.get("profiles"))).containsExactly("host");
    }

    /// Without this a stop would wait for the grace period and kill.
    @Test
    void theShellThatIsProcessOneAsksForTheSignalOfItsStop() throws IOException {
        assertThat(service("load")).containsEntry("stop_signal", "SIGTERM");
        assertThat(Files.readString(root.resolve("docs/examples/compose/load")))
                .contains("\ntrap 'exit 0' TERM INT\n");
    }

    @Test
    void theOriginAsksForTheHeaderAndDataHasVolumes() throws IOException {
        assertThat(Files.readString(root.resolve("docs/examples/compose/nginx.conf")))
                .contains("listen 8080 proxy_protocol;");
        assertThat(map(file.get("volumes")))
                .containsOnlyKeys(
                        "postgres", "edge-1", "edge-2", "edge-3", "edge-host", "edge-toa");
        ours().forEach((name, main) -> {
            List<String> volumes = list(service(name).get("volumes"));
            if (main.equals(EdgeMain.class.getName())) {
                String data = settings(name).get("DATA");
                assertThat(volumes).containsExactly(name + ":" + data);
            } else {
                assertThat(volumes).as(name).isEmpty();
            }
        });
    }

    @Test
    void nodesGetTheTimeTheyNeedToDrain() {
        ours().forEach((name, main) -> {
            if (main.equals(EdgeMain.class.getName())) {
                String grace = String.valueOf(service(name).get("stop_grace_period"));
                Duration drain =
                        SettingsReader.of(settings(name))
                                .duration(
                                        "drain",
                                        Duration.ofSeconds(10),
                                        Duration.ZERO,
                                        Duration.ofHours(1));
                assertThat(Duration.parse("PT" + grace))
                        .as(name)
                        .isGreaterThanOrEqualTo(drain.plusSeconds(10));
            }
        });
    }

    @Test
    void addressesNodesAndFoldersAreUnique() {
        Set<String> seen = new HashSet<>();
        services.forEach((name, service) -> {
            if (service.get("networks") instanceof Map<?, ?> networks) {
                Object address = map(map(networks).get("skerry")).get("ipv4_address");
                assertThat(seen.add(String.valueOf(address))).as(name).isTrue();
                assertThat(String.valueOf(address)).startsWith("172.30.0.");
                Object bind =
                        map(service.getOrDefault("environment", Map.of()))
                                .getOrDefault("SKERRY_CLUSTER_BIND", address + ":15701");
                assertThat(bind).as(name).isEqualTo(address + ":15701");
            }
            list(service.get("volumes")).stream()
                    .filter(volume -> !volume.startsWith("./"))
                    .forEach(volume -> assertThat(seen.add(volume)).as(name).isTrue());
            Object node = map(service.getOrDefault("environment", Map.of())).get("SKERRY_NODE");
            assertThat(node == null || seen.add("node " + node)).as(name).isTrue();
        });
    }

    @Test
    void filesThatAreMountedOrCopiedExist() throws IOException {
        services.values()
                .forEach(service ->
                        list(service.get("volumes")).stream()
                                .filter(volume -> volume.startsWith("./"))
                                .map(volume -> volume.substring(0, volume.indexOf(':')))
                                .forEach(path -> assertThat(root.resolve(path)).exists()));
        for (String line : Files.readAllLines(root.resolve("Dockerfile"))) {
            if (line.startsWith("COPY ") && !line.contains("--from=")) {
                String[] words = line.replaceAll("--\\S+ ", "").split(" ");
                assertThat(root.resolve(words[1])).exists();
            }
        }
    }

    @Test
    void theImageIsNotRootAndRunsWithTheFlagsOfTheProduct() throws IOException {
        String text = Files.readString(root.resolve("Dockerfile"));
        String last = text.substring(text.lastIndexOf("\nFROM "));
        assertThat(last)
                .contains("\nUSER 10001:10001\n")
                .contains("libbpf1")
                .contains("COPY jvm.options /opt/skerry/jvm.options")
                // Engines without BuildKit refuse it.
                .doesNotContain("--chmod")
                .contains("\"@/opt/skerry/jvm.options\"")
                .contains("\nHEALTHCHECK ");
        assertThat(Files.readAllLines(root.resolve("Dockerfile")))
                .filteredOn(line -> line.startsWith("FROM "))
                .hasSize(2)
                .noneMatch(line -> line.contains("latest"));
        assertThat(Files.readString(root.resolve(".dockerignore"))).contains("secrets\n");
        assertThat(Files.readString(root.resolve(".gitignore"))).contains("/secrets/\n");
    }

    @Test
    void theHealthCheckFollowsReadiness() throws Exception {
        Vertx vertx = Vertx.vertx();
        try {
            AtomicBoolean ready = new AtomicBoolean(true);
            AdminServer admin =
                    AdminServer.start(
                                    vertx,
                                    HostPort.parse("127.0.0.1:0").orElseThrow(),
                                    ready::get,
                                    () -> "")
                            .await(10, TimeUnit.SECONDS);
            assertThat(healthCheck(admin.port())).isZero();
            ready.set(false);
            assertThat(healthCheck(admin.port())).isNotZero();
            admin.close().await(10, TimeUnit.SECONDS);
            assertThat(healthCheck(admin.port())).isNotZero();
        } finally {
            vertx.close().await(10, TimeUnit.SECONDS);
        }
    }

    private int healthCheck(int port) throws IOException, InterruptedException {
        Path script = root.resolve("docs/examples/compose/healthcheck");
        return new ProcessBuilder("bash", script.toString(), Integer.toString(port))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }
}
