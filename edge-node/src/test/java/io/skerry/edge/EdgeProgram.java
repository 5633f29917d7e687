package io.skerry.edge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// `./skerry edge` as a process of its own.
final class EdgeProgram implements AutoCloseable {
    private static final int END_SECONDS = 60;

    private final Process process;
    private final Path said;

    private EdgeProgram(Process process, Path said) {
        this.process = process;
        this.said = said;
    }

    /// Starts it and returns at once.
    ///
    /// @param said file for what it says
    /// @param descriptors most descriptors it may have; 0 for as many as this process
    static EdgeProgram start(
            Map<String, String> settings, Path said, int descriptors, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        String limit = descriptors == 0 ? "" : "ulimit -n " + descriptors + "; ";
        command.addAll(List.of("sh", "-c", limit + "exec \"$0\" \"$@\""));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + Path.of(System.getProperty("skerry.root"), "jvm.options"));
        command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.add(EdgeMain.class.getName());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(each -> each.startsWith("SKERRY_"));
        settings.forEach((key, value) ->
                builder.environment()
                        .put("SKERRY_" + key.toUpperCase(java.util.Locale.ROOT), value));
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.redirectErrorStream(true);
        builder.redirectOutput(said.toFile());
        return new EdgeProgram(builder.start(), said);
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// Waits until it has said something.
    EdgeProgram awaitSaid(String words) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(END_SECONDS);
        while (!said().contains(words)) {
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new AssertionError("'" + words + "' is not said: " + said());
            }
            LockSupport.parkNanos(5_000_000);
        }
        return this;
    }

    String said() {
        try {
            return Files.readString(said);
        } catch (IOException unreadable) {
            throw new java.io.UncheckedIOException(unreadable);
        }
    }

    /// Waits for its end; answers the exit status.
    int awaitEnd() throws InterruptedException {
        if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("it goes on: " + said());
        }
        return process.exitValue();
    }

    /// Sends a signal by its name, such as `STOP`.
    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    void terminate() {
        process.destroy();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().orTimeout(END_SECONDS, TimeUnit.SECONDS).join();
    }
}
