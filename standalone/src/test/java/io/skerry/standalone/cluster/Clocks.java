package io.skerry.standalone.cluster;

import io.skerry.standalone.fixture.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Everything on loopback, each process with a wall clock of its own that can be stepped while it
/// runs, by libfaketime. The monotonic clock stays, as it does when an administrator or NTP sets
/// the time of a machine.
final class Clocks implements Site {
    private static final Pattern SHARED = Pattern.compile("(?:sem\\.)?faketime_s(?:hm|em)_(\\d+)");

    private final Site loopback = Site.loopback();
    private final Path library;
    private final Path folder;
    private final Map<String, Duration> steps = new HashMap<>();

    private Clocks(Path library, Path folder) {
        this.library = library;
        this.folder = folder;
    }

    /// Skips the test where libfaketime is missing.
    static Clocks make() {
        Path library =
                Tool.file(
                        Stream.of("x86_64", "aarch64")
                                .map(machine -> "/usr/lib/" + machine + "-linux-gnu/faketime/")
                                .map(where -> Path.of(where, "libfaketimeMT.so.1")),
                        "libfaketime",
                        "faketime");
        try {
            // PostgreSQL reads its clock as another user.
            Path folder = Files.createTempDirectory("skerry-clocks-");
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            return new Clocks(library, folder);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /// What a process needs in its environment.
    Map<String, String> environment(String process) {
        step(process, Duration.ZERO);
        return Map.of(
                "LD_PRELOAD", library.toString(),
                "FAKETIME_TIMESTAMP_FILE", file(process).toString(),
                "FAKETIME_NO_CACHE", "1",
                "FAKETIME_DONT_FAKE_MONOTONIC", "1",
                // Without it every timed wait of a JVM on glibc 2.36 returns at once.
                "FAKETIME_FORCE_MONOTONIC_FIX", "0");
    }

    /// Moves the clock of a process forward, or back where it is negative.
    void step(String process, Duration by) {
        Duration now = steps.getOrDefault(process, Duration.ZERO).plus(by);
        steps.put(process, now);
        Path next = folder.resolve(process + ".next");
        try {
            Files.writeString(next, "%+d%n".formatted(now.toSeconds()));
            Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rw-r--r--"));
            Files.move(
                    next,
                    file(process),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private Path file(String process) {
        return folder.resolve(process);
    }

    @Override
    public String host(String process) {
        return loopback.host(process);
    }

    @Override
    public String listen(int edge) {
        return loopback.listen(edge);
    }

    @Override
    public String home() {
        return loopback.home();
    }

    @Override
    public List<String> prefix(String process) {
        return loopback.prefix(process);
    }

    @Override
    public Map<String, String> settings(String process) {
        return environment(process);
    }

    /// Whether it is shared memory of libfaketime, of a process that was killed.
    private static boolean isLeft(Path shared) {
        Matcher owner = SHARED.matcher(shared.getFileName().toString());
        return owner.matches() && ProcessHandle.of(Long.parseLong(owner.group(1))).isEmpty();
    }

    @Override
    public void close() {
        try (Stream<Path> files = Files.list(folder);
                Stream<Path> shared = Files.list(Path.of("/dev/shm"))) {
            for (Path each : Stream.concat(files, shared.filter(Clocks::isLeft)).toList()) {
                Files.delete(each);
            }
            Files.delete(folder);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
