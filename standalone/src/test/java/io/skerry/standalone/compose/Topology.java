package io.skerry.standalone.compose;

import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Workspace;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What `docker-compose.yml` describes, as containers of an {@link Engine}. Questions are asked
/// from inside its network, by curl in the container of the origin.
final class Topology {
    private static final Duration EFFECT = Duration.ofMinutes(2);
    private static final String GATEWAY = "http://172.30.0.31:8080";
    private static final List<String> OURS =
            List.of(
                    "rules-1",
                    "rules-2",
                    "gateway-1",
                    "gateway-2",
                    "edge-1",
                    "edge-2",
                    "edge-3",
                    "edge-host",
                    "edge-toa");

    private final Workspace work;
    private final Engine engine;
    private final Path folder;

    private Topology(Workspace work, Engine engine) throws IOException {
        this.work = work;
        this.engine = engine;
        this.folder = Files.createDirectory(work.path("topology"));
        Path root = Path.of(System.getProperty("skerry.root"));
        Path examples = Files.createDirectories(folder.resolve("docs/examples/compose"));
        for (String name : List.of("load", "nginx.conf")) {
            Files.copy(
                    root.resolve("docs/examples/compose/" + name),
                    examples.resolve(name),
                    StandardCopyOption.COPY_ATTRIBUTES);
        }
        // Debian's docker-compose is older than `name`, its engine older than the capability BPF:
        // to that engine the right is part of SYS_ADMIN.
        String file =
                Files.readString(root.resolve("docker-compose.yml"))
                        .replace("name: skerry\n", "")
                        .replace("cap_add: [BPF, NET_ADMIN]", "cap_add: [SYS_ADMIN, NET_ADMIN]");
        Files.writeString(folder.resolve("docker-compose.yml"), file);
        Files.writeString(folder.resolve("docker-compose.override.yml"), override());
        Path secrets = Files.createDirectory(folder.resolve("secrets"));
        Files.writeString(secrets.resolve("postgres-password"), "not-a-secret");
        Files.writeString(
                secrets.resolve("postgres-uri"),
                "postgresql://skerry:not-a-secret@postgres:5432/skerry");
        Files.writeString(secrets.resolve("node-token"), "not-a-secret-either");
    }

    static Topology in(Workspace work, Engine engine) {
        try {
            return new Topology(work, engine);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /// What this machine needs otherwise: quick starts of many processes on few cores, and no more
    /// descriptors than it may give.
    private static String override() throws IOException {
        StringBuilder text = new StringBuilder("services:\n");
        long most = descriptors(Files.readString(Path.of("/proc/self/limits")));
        for (String service : OURS) {
            text.append("  ").append(service).append(":\n");
            text.append("    environment:\n");
            text.append("      JAVA_TOOL_OPTIONS: -Xmx256m -XX:TieredStopAtLevel=1\n");
            long wanted = service.startsWith("edge") ? 1_048_576 : 65_536;
            if (wanted > most) {
                text.append("    ulimits: {nofile: {soft: %d, hard: %d}}\n".formatted(most, most));
            }
        }
        for (String service : List.of("postgres", "origin")) {
            if (most < 65_536) {
                text.append("  ").append(service).append(":\n");
                text.append("    ulimits: {nofile: {soft: %d, hard: %d}}\n".formatted(most, most));
            }
        }
        return text.toString();
    }

    /// The hard limit of open files in the text of `/proc/…/limits`.
    static long descriptors(String limits) {
        Matcher found = Pattern.compile("Max open files +\\S+ +(\\d+)").matcher(limits);
        if (!found.find()) {
            throw new AssertionError(limits);
        }
        return Long.parseLong(found.group(1));
    }

    /// Starts services, with what they depend on; all without a profile where none is named.
    void up(String profile, String... services) {
        List<String> arguments = new ArrayList<>();
        if (!profile.isEmpty()) {
            arguments.addAll(List.of("--profile", profile));
        }
        arguments.addAll(List.of("up", "--detach", "--no-build"));
        arguments.addAll(List.of(services));
        Engine.must(engine.compose(folder, arguments));
    }

    /// Begins to stop a service, as its grace period allows.
    Program stop(String service) {
        return engine.compose(folder, List.of("stop", service));
    }

    /// The name of a service's container.
    static String container(String service) {
        return "skerry_" + service + "_1";
    }

    /// Runs a command in a service's container; answers what it said.
    String in(String service, String... command) {
        return Engine.must(start(service, command));
    }

    /// Starts a command in a service's container.
    Program start(String service, String... command) {
        List<String> arguments = new ArrayList<>(List.of("exec", "--interactive"));
        arguments.add(container(service));
        arguments.addAll(List.of(command));
        return engine.docker(arguments.toArray(String[]::new));
    }

    /// What the engine knows of a service's container.
    String inspect(String service, String format) {
        return Engine.must(engine.docker("inspect", "--format", format, container(service)))
                .strip();
    }

    void awaitHealthy(String service) {
        Engine.until(
                service + " is healthy",
                Duration.ofMinutes(3),
                () -> inspect(service, "{{.State.Health.Status}}").equals("healthy"),
                () -> engine.docker("logs", container(service)).await(EFFECT).text());
    }

    /// Asks an address from inside the network; answers nothing where nobody does.
    String ask(String url) {
        Program.Ended ended = start("origin", "curl", "-sS", "--max-time", "5", url).await(EFFECT);
        return ended.status() == 0 ? ended.text().strip() : "";
    }

    void awaitAnswer(String url, String answer) {
        Engine.until(
                url + " says " + answer, EFFECT, () -> ask(url).equals(answer), () -> ask(url));
    }

    private JsonObject post(String path, JsonObject body) {
        return new JsonObject(
                in(
                        "origin",
                        "curl",
                        "-fsS",
                        "-H",
                        "Content-Type: application/json",
                        "-d",
                        body.encode(),
                        GATEWAY + path));
    }

    /// Nodes as a gateway tells them, by name.
    JsonObject node(String name) {
        String text = ask(GATEWAY + "/v1/nodes");
        if (text.startsWith("{")) {
            JsonArray items = new JsonObject(text).getJsonArray("items", new JsonArray());
            for (int i = 0; i < items.size(); i++) {
                if (name.equals(items.getJsonObject(i).getString("node"))) {
                    return items.getJsonObject(i);
                }
            }
        }
        return new JsonObject();
    }

    private static String id(JsonObject made) {
        return Objects.requireNonNull(made.getString("id"));
    }

    /// Makes an instance; answers its id.
    String instance(String name) {
        return id(post("/v1/instances", new JsonObject().put("name", name)));
    }

    /// Makes a TCP rule on one port, to port 8080 of an origin; answers its id.
    String rule(String instance, String port, String origin, String clientIp) {
        JsonObject rule =
                new JsonObject()
                        .put("protocol", "TCP")
                        .put("ports", new JsonArray().add(port))
                        .put(
                                "origin",
                                new JsonObject().put("type", "single").put("address", origin))
                        .put("originPort", "8080")
                        .put("clientIp", clientIp);
        return id(post("/v1/instances/" + instance + "/rules", rule));
    }

    /// Writes a file that containers may read.
    Path write(String name, String text) {
        return work.write(name, text);
    }
}
