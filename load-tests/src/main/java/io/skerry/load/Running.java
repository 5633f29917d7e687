package io.skerry.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A program that runs, pinned to one core.
final class Running implements AutoCloseable {
    private static final int STOP_SECONDS = 20;

    private final String name;
    private final Process process;
    private final BufferedReader output;

    private Running(String name, Process process) {
        this.name = name;
        this.process = process;
        this.output = new BufferedReader(process.inputReader(StandardCharsets.UTF_8));
    }

    /// @param errors file for standard error, replaced
    static Running start(
            String name, int core, Path errors, Map<String, String> environment, List<String> line)
            throws IOException {
        List<String> pinned = new ArrayList<>(List.of("taskset", "-c", Integer.toString(core)));
        pinned.addAll(line);
        return start(name, errors, environment, pinned);
    }

    /// Starts it on any core.
    ///
    /// @param errors file for standard error, replaced
    static Running start(
            String name, Path errors, Map<String, String> environment, List<String> line)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(line).redirectError(errors.toFile());
        builder.environment().putAll(environment);
        return new Running(name, builder.start());
    }

    /// The next line of standard output, null at its end.
    @Nullable String line() throws IOException {
        return output.readLine();
    }

    /// Waits for a line that begins so.
    String lineThatBegins(String prefix) throws IOException {
        for (String line = line(); line != null; line = line()) {
            if (line.startsWith(prefix)) {
                return line;
            }
        }
        throw new IOException(name + " ended without saying '" + prefix + "'");
    }

    boolean alive() {
        return process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    /// The process and all below it, separated by commas.
    String pids() {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .map(each -> Long.toString(each.pid()))
                .collect(Collectors.joining(","));
    }

    /// Waits for the end.
    void end() throws IOException, InterruptedException {
        process.getOutputStream().close();
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException(name + " ended with status " + status);
        }
    }

    /// Asks the process to end, and makes it end when it does not.
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
