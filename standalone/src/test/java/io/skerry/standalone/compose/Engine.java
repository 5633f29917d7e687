package io.skerry.standalone.compose;

import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.CgroupFolder;
import io.skerry.standalone.fixture.Namespace;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// A Docker engine in namespaces of its own, with stand-ins for the images of registries. Its
/// containers reach one another and the engine's "host", and nothing of this machine.
final class Engine {
    private static final Duration START = Duration.ofMinutes(1);
    private static final Duration LONG = Duration.ofMinutes(6);
    private static final Duration PACE = Duration.ofMillis(300);
    private static final String HOST = "172.30.1.1";
    private static final String MAVEN_PORT = "8099";

    private final Workspace work;
    private final Path root = Path.of(System.getProperty("skerry.root")).toAbsolutePath();
    private final String socket;
    private final String cgroup;
    private final String process;

    private Engine(Workspace work) {
        this.work = work;
        this.socket = "DOCKER_HOST=unix://" + work.path("docker.sock");
        Path folder = CgroupFolder.in(work).path();
        work.keep((Closeable) () -> removeBelow(folder));
        this.cgroup = underRoot(folder);
        Program engine =
                work.start(
                        Tool.path("unshare", "util-linux"),
                        "--mount",
                        "--net",
                        "--pid",
                        "--fork",
                        "--kill-child",
                        "--mount-proc",
                        "bash",
                        script("engine"),
                        work.folder().toString(),
                        cgroup);
        until(
                "the engine answers",
                START,
                () -> docker("version").await(START).status() == 0 || !engine.isAlive(),
                engine::text);
        this.process =
                ProcessHandle.of(engine.pid())
                        .orElseThrow()
                        .children()
                        .map(child -> Long.toString(child.pid()))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError(engine.text()));
    }

    /// Starts one; the workspace ends it and everything in it.
    static Engine start(Workspace work) {
        Namespace.needRoot();
        Tool.path("dockerd", "docker.io");
        return new Engine(work);
    }

    private String script(String name) {
        return root.resolve("standalone/src/test/resources/engine/" + name).toString();
    }

    /// The path of a cgroup below the root of cgroup v2.
    private static String underRoot(Path folder) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/cgroup"))) {
            Path ours =
                    lines.filter(line -> line.startsWith("0::"))
                            .map(line -> Path.of(line.substring("0::".length())))
                            .findFirst()
                            .orElseThrow();
            return ours.resolve(Objects.requireNonNull(folder.getFileName())).toString();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static void removeBelow(Path folder) throws IOException {
        List<Path> folders;
        try (Stream<Path> all = Files.walk(folder)) {
            folders =
                    all.filter(Files::isDirectory)
                            .filter(each -> !each.equals(folder))
                            .sorted(Comparator.reverseOrder())
                            .toList();
        }
        for (Path each : folders) {
            Await.until(
                    each + " is empty", START, () -> !Files.exists(each) || each.toFile().delete());
        }
    }

    /// Makes the images that the compose file and the Dockerfile name, then builds the Dockerfile
    /// as it stands.
    void buildImages() {
        Tool.path("mmdebstrap", "mmdebstrap");
        Tool.path("unzip", "unzip");
        Path repository = mavenRepository();
        work.start(
                onHost(
                        Tool.path("python3", "python3"),
                        "-m",
                        "http.server",
                        MAVEN_PORT,
                        "--bind",
                        HOST,
                        "--directory",
                        repository.toString()));
        must(
                work.start(
                        "env",
                        socket,
                        "JAVA_HOME=" + System.getProperty("java.home"),
                        "bash",
                        script("stand-ins"),
                        work.path("images").toString(),
                        repository.toString(),
                        "http://" + HOST + ":" + MAVEN_PORT + "/"));
        must(docker("build", "--tag", "skerry:0.1.0", root.toString()));
    }

    /// Waits for a condition that costs a process to ask for.
    static void until(
            String what, Duration deadline, BooleanSupplier condition, Supplier<String> found) {
        Await.until(
                what,
                deadline,
                () -> {
                    boolean holds = condition.getAsBoolean();
                    if (!holds) {
                        LockSupport.parkNanos(PACE.toNanos());
                    }
                    return holds;
                },
                found);
    }

    /// Where Maven put what is on our class path.
    private static Path mavenRepository() {
        return Stream.of(Objects.requireNonNull(System.getProperty("java.class.path")).split(":"))
                .filter(entry -> entry.contains("/io/vertx/"))
                .map(entry -> Path.of(entry.substring(0, entry.indexOf("/io/vertx/"))))
                .findFirst()
                .orElseThrow();
    }

    /// Starts `docker` with arguments.
    Program docker(String... arguments) {
        List<String> command = new ArrayList<>(List.of("env", socket));
        command.add(Tool.path("docker", "docker.io"));
        command.addAll(List.of(arguments));
        return work.start(command.toArray(String[]::new));
    }

    /// Starts `docker-compose` in a folder.
    Program compose(Path folder, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of("env", socket));
        command.addAll(List.of(Tool.path("docker-compose", "docker-compose")));
        command.addAll(List.of("--project-name", "skerry"));
        for (String file : List.of("docker-compose.yml", "docker-compose.override.yml")) {
            command.addAll(List.of("--file", folder.resolve(file).toString()));
        }
        command.addAll(arguments);
        return work.start(command.toArray(String[]::new));
    }

    /// Waits for the end of a program, which must be good; answers what it said.
    static String must(Program program) {
        Program.Ended ended = program.await(LONG);
        if (ended.status() != 0) {
            throw new AssertionError(ended.text());
        }
        return ended.text();
    }

    /// A command in the network and among the processes of the engine.
    String[] onHost(String... command) {
        List<String> all = new ArrayList<>(List.of(Tool.path("nsenter", "util-linux")));
        all.addAll(List.of("--target", process, "--net", "--pid", "--mount", "--"));
        all.addAll(List.of(command));
        return all.toArray(String[]::new);
    }

    /// The folder of the containers' cgroups, as the engine and its containers see it.
    String cgroups() {
        return "/sys/fs/cgroup" + cgroup;
    }
}
