package io.skerry.standalone.postgres;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Another Java process that owns an embedded server, to be killed or to be in the way.
final class OwnerProcess implements AutoCloseable {
    private static final String MARK = "owner: ";

    private final Process process;
    private final BufferedReader output;

    private OwnerProcess(Process process) {
        this.process = process;
        this.output = process.inputReader();
    }

    static OwnerProcess start(Path data, Path errors) throws IOException {
        return start(List.of(), classPath(), data, errors);
    }

    /// Starts it as another user, with copies of the classes that this user can read.
    static OwnerProcess startAs(int user, Path data, Path errors)
            throws IOException, InterruptedException {
        Path copies = Files.createDirectory(data.resolve("classes"));
        List<String> copied = new ArrayList<>();
        for (String each : classPath()) {
            Path copy = copies.resolve(copied.size() + "-" + Path.of(each).getFileName());
            if (Files.exists(Path.of(each)) && !each.contains("darwin")) {
                new ProcessBuilder("cp", "-r", each, copy.toString()).start().waitFor();
                copied.add(copy.toString());
            }
        }
        String id = Integer.toString(user);
        List<String> become =
                List.of(
                        "setpriv",
                        "--reuid",
                        id,
                        "--regid",
                        id,
                        "--clear-groups",
                        "env",
                        "-C",
                        "/");
        return start(become, copied, data, errors);
    }

    private static OwnerProcess start(
            List<String> prefix, List<String> classPath, Path data, Path errors)
            throws IOException {
        List<String> line = new ArrayList<>(prefix);
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp"));
        line.add(String.join(File.pathSeparator, classPath));
        line.addAll(List.of(Main.class.getName(), data.toString()));
        return new OwnerProcess(new ProcessBuilder(line).redirectError(errors.toFile()).start());
    }

    /// The next word it has for us: first the address, then the server's pid.
    String nextWord() throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith(MARK)) {
                return line.substring(MARK.length());
            }
        }
        throw new IOException("the owner ended before it was ready");
    }

    long pid() {
        return process.pid();
    }

    int exitValue() throws InterruptedException {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the owner does not end");
        }
        return process.exitValue();
    }

    /// Lets it stop its server and end.
    void finish() throws IOException, InterruptedException {
        process.getOutputStream().close();
        exitValue();
    }

    /// SIGKILL: no shutdown hook runs.
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        output.close();
    }

    private static List<String> classPath() {
        String all = System.getProperty("surefire.test.class.path");
        String path = all == null ? System.getProperty("java.class.path") : all;
        return List.of(path.split(File.pathSeparator));
    }

    /// What runs in the other process.
    public static final class Main {
        private Main() {}

        /// Owns the server until standard input ends.
        ///
        /// @param args the data folder
        public static void main(String[] args) throws IOException, InterruptedException {
            EmbeddedPostgres server;
            try {
                server = EmbeddedPostgres.start(Path.of(args[0]));
            } catch (io.skerry.shared.problem.ProblemException refused) {
                System.err.println(refused.getMessage());
                System.exit(1);
                return;
            }
            System.out.println(MARK + server.uri());
            System.out.println(MARK + server.pid());
            System.in.readAllBytes();
            server.stop();
        }
    }
}
