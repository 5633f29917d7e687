package io.skerry.standalone.postgres;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A server that outlived the process that started it, and still holds the data.
final class Orphan {
    private static final Logger LOG = LoggerFactory.getLogger(Orphan.class);

    /// How long a fast shutdown may take before the server is told to end at once.
    private static final Duration FAST = Duration.ofSeconds(20);

    /// How long each of the harder ways may take.
    private static final Duration HARD = Duration.ofSeconds(5);

    private Orphan() {}

    /// Stops the server that `postmaster.pid` names, if it lives and really is one of this data
    /// folder. The caller holds the data lock, so nobody is left who wants it.
    static void stop(Path data) throws IOException, InterruptedException {
        Path file = data.resolve("postmaster.pid");
        Optional<ProcessHandle> named = read(file).flatMap(ProcessHandle::of);
        if (named.isEmpty()) {
            return;
        }
        ProcessHandle process = named.get();
        if (!serves(process, data)) {
            // The number was given to another process since; PostgreSQL would stop at it.
            Files.deleteIfExists(file);
            return;
        }
        LOG.warn("stopping the PostgreSQL {} that an earlier process left", process.pid());
        if (end(process)) {
            return;
        }
        throw Problem.of(
                        "data",
                        Code.IN_USE,
                        "the PostgreSQL with process number "
                                + process.pid()
                                + " holds "
                                + data
                                + " and does not end")
                .toException();
    }

    /// Ends a server: fast, then at once, then without asking.
    static boolean end(ProcessHandle process) throws InterruptedException {
        return end(process, Posix.SIGINT, FAST)
                || end(process, Posix.SIGQUIT, HARD)
                || end(process, Posix.SIGKILL, HARD);
    }

    private static boolean end(ProcessHandle process, int signal, Duration deadline)
            throws InterruptedException {
        Posix.signal(process.pid(), signal);
        try {
            process.onExit().get(deadline.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException _) {
            LOG.warn("PostgreSQL {} has not ended in {}", process.pid(), deadline);
            return false;
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static Optional<Long> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        return Files.readString(file)
                .lines()
                .findFirst()
                .filter(line -> line.strip().matches("[1-9][0-9]{0,9}"))
                .map(line -> Long.parseLong(line.strip()));
    }

    /// Whether a process is a server of this data folder: its programs lie beside it, or, on Linux,
    /// it works in it (compared by what the folder is, not by its name, which may differ in there).
    private static boolean serves(ProcessHandle process, Path data) throws IOException {
        Path working = Path.of("/proc", Long.toString(process.pid()), "cwd");
        if (Files.isDirectory(Path.of("/proc/self"))) {
            return Files.isDirectory(working) && Files.isSameFile(working, data);
        }
        return process.info()
                .command()
                .filter(program -> program.startsWith(data.resolveSibling("server-").toString()))
                .isPresent();
    }
}
