package io.skerry.standalone.cluster;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One process of the product: can be killed, frozen and started again with the same settings.
final class ServiceProcess implements AutoCloseable {
    private static final Duration READY = Duration.ofSeconds(90);
    private static final Duration PROBE = Duration.ofSeconds(2);

    private final String name;
    private final List<String> prefix;
    private final String main;
    private final Map<String, String> environment;
    private final Path log;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(PROBE).build();
    private final List<Process> leaving = new ArrayList<>();
    private @Nullable Process process;

    /// @param prefix what goes before the command
    /// @param main class name of the process entry
    /// @param environment its settings
    /// @param folder where it writes what it says
    ServiceProcess(
            String name,
            List<String> prefix,
            String main,
            Map<String, String> environment,
            Path folder) {
        this.name = name;
        this.prefix = prefix;
        this.main = main;
        this.environment = environment;
        this.log = folder.resolve(name + ".log");
    }

    String name() {
        return name;
    }

    /// Stops it in order and starts it with another setting.
    void restart(String setting, String value) {
        int status = stop();
        if (status != 0) {
            throw new AssertionError(name + " ended with status " + status + ": " + said());
        }
        environment.put(setting, value);
        start();
        awaitReady();
    }

    /// Has another process with the same settings take over from this one, which goes on with what
    /// stays its own.
    void hotRestart() {
        Process before = Objects.requireNonNull(process, "started");
        leaving.add(before);
        environment.put("SKERRY_TAKE_OVER", "true");
        start();
        String took = "took over from pid " + before.pid();
        Waiting.until(
                name + ": " + took,
                READY,
                () -> {
                    if (!Objects.requireNonNull(process).isAlive()) {
                        throw new AssertionError(name + " has ended: " + said());
                    }
                    return said().contains(took);
                },
                this::said);
    }

    /// Starts it and returns at once.
    void start() {
        List<String> command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + Path.of(System.getProperty("skerry.root"), "jvm.options"));
        command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.add(main);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(each -> each.startsWith("SKERRY_"));
        builder.environment().putAll(environment);
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        try {
            process = builder.start();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    ServiceProcess awaitReady() {
        Waiting.until(name + " is ready", READY, this::isReady, this::said);
        return this;
    }

    boolean isReady() {
        if (process == null || !process.isAlive()) {
            throw new AssertionError(name + " has ended: " + said());
        }
        return status("/health/ready") == 200;
    }

    /// Status of an admin path; 0 where nobody answers.
    int status(String path) {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://" + admin() + path))
                        .timeout(PROBE)
                        .build();
        try {
            return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        } catch (IOException nobody) {
            return 0;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }

    /// One of its metrics, without labels; empty where nobody answers.
    Optional<Double> metric(String name) {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://" + admin() + "/metrics"))
                        .timeout(PROBE)
                        .build();
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofString())
                    .body()
                    .lines()
                    .filter(line -> line.startsWith(name + " "))
                    .map(line -> Double.valueOf(line.substring(name.length() + 1)))
                    .findFirst();
        } catch (IOException nobody) {
            return Optional.empty();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private String admin() {
        return Objects.requireNonNull(environment.get("SKERRY_ADMIN"));
    }

    boolean isAlive() {
        return process != null && process.isAlive();
    }

    /// The most descriptors that it has open now, or the one that it took over from.
    int descriptors() {
        return Stream.concat(leaving.stream(), Stream.ofNullable(process))
                .mapToInt(ServiceProcess::descriptors)
                .max()
                .orElse(0);
    }

    private static int descriptors(Process process) {
        try (Stream<Path> open = Files.list(Path.of("/proc", "" + process.pid(), "fd"))) {
            return (int) open.count();
        } catch (IOException ended) {
            return 0;
        }
    }

    /// Sends a signal such as `STOP` or `CONT`.
    void signal(String signal) {
        try {
            new ProcessBuilder(
                            "kill",
                            "-" + signal,
                            Long.toString(Objects.requireNonNull(process).pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// SIGKILL; returns when the process is gone.
    void kill() {
        if (process != null) {
            process.destroyForcibly().onExit().join();
        }
    }

    /// SIGTERM; answers the exit status.
    int stop() {
        if (process == null) {
            throw new IllegalStateException(name + " never started");
        }
        process.destroy();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                throw new AssertionError(name + " does not stop: " + said());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        return process.exitValue();
    }

    /// How many lines it has said with some words in them.
    long count(String words) {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> line.contains(words)).count();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /// The end of what it said.
    String said() {
        try {
            String text = Files.exists(log) ? Files.readString(log) : "";
            return text.substring(Math.max(0, text.length() - 4_000));
        } catch (IOException unreadable) {
            return "cannot read " + log + ": " + unreadable.getMessage();
        }
    }

    @Override
    public void close() {
        leaving.forEach(each -> each.destroyForcibly().onExit().join());
        kill();
        http.close();
    }
}
