package io.skerry.shared.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A JVM of its own with the class path of the test, and an environment without other settings.
final class ChildJvm implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ChildJvm.class);
    private static final long LINE_SECONDS = 60;

    private final Process process;
    private final BlockingQueue<String> output = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> errors = new LinkedBlockingQueue<>();

    private ChildJvm(Process process) {
        this.process = process;
        follow(process.getInputStream(), output);
        follow(process.getErrorStream(), errors);
    }

    static ChildJvm start(Class<?> main, Map<String, String> environment, String... args)
            throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                System.getProperty("java.home") + "/bin/java",
                                "@" + System.getProperty("skerry.root") + "/jvm.options",
                                "-Xmx128m",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                main.getName()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("SKERRY_"));
        builder.environment().putAll(environment);
        return new ChildJvm(builder.start());
    }

    private void follow(InputStream stream, BlockingQueue<String> lines) {
        Thread.ofVirtual()
                .start(() -> {
                    try (BufferedReader reader =
                            new BufferedReader(new InputStreamReader(stream, UTF_8))) {
                        reader.lines()
                                .forEach(line -> {
                                    log.info("{}: {}", process.pid(), line);
                                    lines.add(line);
                                });
                    } catch (IOException | UncheckedIOException ended) {
                        lines.add("ended: " + ended.getMessage());
                    }
                });
    }

    /// The next line of standard output.
    String line() throws InterruptedException {
        String line = output.poll(LINE_SECONDS, TimeUnit.SECONDS);
        if (line == null) {
            throw new AssertionError("no line within " + LINE_SECONDS + " s; errors: " + errors);
        }
        return line;
    }

    int exitStatus() throws InterruptedException {
        if (!process.waitFor(LINE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("does not end; errors: " + errors);
        }
        return process.exitValue();
    }

    /// All of standard error, once the process has ended.
    List<String> errorLines() throws InterruptedException {
        exitStatus();
        List<String> lines = new ArrayList<>();
        for (String line; (line = errors.poll(500, TimeUnit.MILLISECONDS)) != null; ) {
            lines.add(line);
        }
        return lines;
    }

    long pid() {
        return process.pid();
    }

    /// Sends a signal such as `STOP`, `CONT` or `TERM`. After `STOP` every thread stands still.
    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
        if (name.equals("STOP")) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            while (!isStopped()) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError("process " + pid() + " does not stop");
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
        }
    }

    /// Each thread stops at its own time: a signal is taken where the kernel is left.
    private boolean isStopped() throws IOException {
        try (Stream<Path> threads = Files.list(Path.of("/proc", "" + pid(), "task"))) {
            for (Path thread : threads.toList()) {
                String stat = Files.readString(thread.resolve("stat"));
                // The state follows the name, which stands in parentheses.
                if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') {
                    return false;
                }
            }
        }
        return true;
    }

    /// SIGKILL, and waits until the process is gone.
    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
