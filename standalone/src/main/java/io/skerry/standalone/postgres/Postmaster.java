package io.skerry.standalone.postgres;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The server's process: started, kept running, ended.
///
/// One thread starts every process and lives as long as this object: Linux sends the parent-death
/// signal when the thread that made the child ends, not when the whole process does.
final class Postmaster {
    private static final Logger LOG = LoggerFactory.getLogger(Postmaster.class);

    private static final Duration AGAIN_FIRST = Duration.ofMillis(200);
    private static final Duration AGAIN_MAX = Duration.ofSeconds(5);

    /// A server that ran this long before it died is started again at the first delay.
    private static final Duration STEADY = Duration.ofMinutes(1);

    private final ScheduledExecutorService keeper =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("postgres-keeper").factory());

    // Written by the keeper's thread only.
    private volatile @Nullable Process process;
    private Duration again = AGAIN_FIRST;
    private boolean stopping;

    /// Starts the server after a delay, once; waits until the process exists.
    Process launch(ProcessBuilder server, Duration delay) throws IOException, InterruptedException {
        try {
            return keeper.schedule(() -> begin(server), delay.toMillis(), TimeUnit.MILLISECONDS)
                    .get();
        } catch (ExecutionException failed) {
            throw new IOException("PostgreSQL cannot be started", failed.getCause());
        }
    }

    /// From now on a server that ends is started again, until {@link #stop}.
    void keep(ProcessBuilder server, Process running) {
        long since = System.nanoTime();
        // Nobody waits for it: what it does is its whole point.
        Future<?> _ =
                running.onExit()
                        .thenAcceptAsync(
                                ended -> {
                                    if (stopping) {
                                        return;
                                    }
                                    LOG.error(
                                            "PostgreSQL ended by itself, status {}",
                                            ended.exitValue());
                                    if (System.nanoTime() - since > STEADY.toNanos()) {
                                        again = AGAIN_FIRST;
                                    }
                                    startLater(server);
                                },
                                keeper);
    }

    /// The process that serves now; after a crash another one.
    long pid() {
        Process running = process;
        return running == null ? -1 : running.pid();
    }

    /// Ends the server and does not start it again. Waits at most half a minute.
    void stop() throws InterruptedException {
        if (keeper.isShutdown()) {
            return;
        }
        try {
            // Behind a start that may be under way, so that none is missed.
            keeper.submit(() -> stopping = true).get();
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
        Process last = process;
        try {
            if (last != null && last.isAlive()) {
                Orphan.end(last.toHandle());
            }
        } finally {
            keeper.shutdownNow();
        }
    }

    private Process begin(ProcessBuilder server) throws IOException {
        Process started = server.start();
        process = started;
        return started;
    }

    private void startLater(ProcessBuilder server) {
        if (stopping) {
            return;
        }
        Future<?> _ =
                keeper.schedule(() -> startAgain(server), again.toMillis(), TimeUnit.MILLISECONDS);
        Duration doubled = again.multipliedBy(2);
        again = doubled.compareTo(AGAIN_MAX) > 0 ? AGAIN_MAX : doubled;
    }

    private void startAgain(ProcessBuilder server) {
        if (stopping) {
            return;
        }
        try {
            keep(server, begin(server));
        } catch (IOException failed) {
            LOG.error("PostgreSQL cannot be started again", failed);
            startLater(server);
        }
    }
}
