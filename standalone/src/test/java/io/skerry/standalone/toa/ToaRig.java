package io.skerry.standalone.toa;

import io.skerry.standalone.fixture.CgroupFolder;
import io.skerry.standalone.fixture.Namespace;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A machine of an origin: a namespace, a cgroup in it, the origin's side of TOA, and programs that
/// know nothing of it.
final class ToaRig implements Closeable {
    private static final Duration COMMAND = Duration.ofSeconds(60);

    final Workspace work;
    final Namespace machine;
    final CgroupFolder cgroup;
    final Path pins;

    private ToaRig(Workspace work) {
        this.work = work;
        this.machine = Namespace.in(work);
        this.cgroup = CgroupFolder.in(work);
        this.pins = Path.of("/sys/fs/bpf", cgroup.path().getFileName().toString());
    }

    /// Makes one; the workspace takes it down.
    static ToaRig in(Workspace work) {
        Namespace.needRoot();
        ToaRig rig = new ToaRig(work);
        return work.keep(rig);
    }

    /// Runs `toa-origin` to its end.
    Program.Ended toaOrigin(String... arguments) {
        return work.start(command(arguments).toArray(String[]::new)).await(COMMAND);
    }

    /// The command line of `toa-origin`.
    List<String> command(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        String root = System.getProperty("skerry.root", "..");
        command.add("@" + Path.of(root, "jvm.options").toAbsolutePath().normalize());
        command.add("-XX:TieredStopAtLevel=1");
        command.add("-cp");
        command.add(Objects.requireNonNull(System.getProperty("java.class.path")));
        command.add("io.skerry.edge.toa.ToaOriginMain");
        command.addAll(List.of(arguments));
        return command;
    }

    /// Attaches to the cgroup; fails where that is refused.
    void attach(String trusted) {
        attach(trusted, pins);
    }

    /// The same, pinned in a folder of its own.
    void attach(String trusted, Path folder) {
        Program.Ended ended =
                toaOrigin(
                        "attach",
                        "--cgroup",
                        cgroup.path().toString(),
                        "--trust",
                        trusted,
                        "--pin",
                        folder.toString());
        if (ended.status() != 0) {
            throw new AssertionError(ended.text());
        }
    }

    void detach(Path folder) {
        toaOrigin("detach", "--pin", folder.toString());
    }

    /// Trusts the edge's two addresses.
    void attach() {
        attach(machine.here() + "," + machine.here6());
    }

    /// The counter of all processors together.
    long count(String name) {
        String status = toaOrigin("status", "--pin", pins.toString()).text();
        Matcher line = Pattern.compile("(?m)^" + name + " *:((?: +\\d+)+)$").matcher(status);
        if (!line.find()) {
            throw new AssertionError(name + " is not in " + status);
        }
        long sum = 0;
        for (String number : line.group(1).strip().split(" +")) {
            sum += Long.parseLong(number);
        }
        return sum;
    }

    /// Starts a program as a member of the cgroup, inside the namespace.
    Program start(String... command) {
        return work.start(cgroup.member(machine.inside(command)));
    }

    /// Starts the origin in C; answers its port.
    int cOrigin(String family, String... more) {
        int port = Ports.free();
        List<String> command =
                new ArrayList<>(List.of(cProgram().toString(), family, Integer.toString(port)));
        command.addAll(List.of(more));
        start(command.toArray(String[]::new)).awaitText("listening");
        return port;
    }

    /// The origin in C, compiled.
    Path cProgram() {
        Path program = work.path("origin");
        if (!Files.exists(program)) {
            Path source = copy("origin.c");
            Program.Ended built =
                    work.start(
                                    Tool.path("gcc", "gcc libc6-dev"),
                                    "-O2",
                                    "-o",
                                    program.toString(),
                                    source.toString())
                            .await(COMMAND);
            if (built.status() != 0) {
                throw new AssertionError(built.text());
            }
        }
        return program;
    }

    /// A program of the test resources, in the workspace.
    Path copy(String name) {
        return copy("/toa/" + name, name);
    }

    /// A file of the class path, in the workspace.
    Path copy(String resource, String name) {
        try (InputStream in = Objects.requireNonNull(ToaRig.class.getResourceAsStream(resource))) {
            return Files.write(work.path(name), in.readAllBytes());
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    @Override
    public void close() {
        detach(pins);
    }

    /// A client of a rule.
    static final class Client implements Closeable {
        private final Socket socket = new Socket();
        private final InputStream answers;

        Client(String from, String to, int port) throws IOException {
            socket.setSoTimeout(20_000);
            socket.bind(new InetSocketAddress(from, 0));
            socket.connect(new InetSocketAddress(to, port), 5_000);
            answers = new BufferedInputStream(socket.getInputStream());
        }

        int port() {
            return socket.getLocalPort();
        }

        /// Says something; answers the answer.
        String ask() throws IOException {
            send("hello\n".getBytes(StandardCharsets.UTF_8));
            return line();
        }

        void send(byte[] bytes) {
            try {
                socket.getOutputStream().write(bytes);
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
        }

        /// The next line, or what there was of it at the end.
        String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int next = answers.read(); next >= 0 && next != '\n'; next = answers.read()) {
                line.append((char) next);
            }
            return line.toString();
        }

        /// The next bytes, fewer at the end.
        byte[] receive(int count) throws IOException {
            return answers.readNBytes(count);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
