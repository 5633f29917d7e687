package io.skerry.standalone.postgres;

import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A PostgreSQL server of our own, with its data under a folder: durable, behind a password, on
/// loopback only.
///
/// Every method here may block and belongs on a worker thread. A server that dies is started again
/// on the same port; one whose owner dies ends by itself (Linux) or is ended by the next start.
public final class EmbeddedPostgres {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);

    /// How long the server may take until it answers, recovery after a crash included.
    private static final Duration READY_DEADLINE = Duration.ofMinutes(2);

    private static final Duration POLL = Duration.ofMillis(50);

    /// Pause before another attempt while processes of a killed server are still going away.
    private static final Duration LEFTOVERS = Duration.ofMillis(200);

    private final DataLock lock;
    private final Postmaster postmaster;
    private final Login login;

    private EmbeddedPostgres(DataLock lock, Postmaster postmaster, Login login) {
        this.lock = lock;
        this.postmaster = postmaster;
        this.login = login;
    }

    /// Takes the data folder, makes the database at the first start, and returns when the server
    /// answers.
    ///
    /// @param dataDir made if it is missing; what we need goes to `lock` and `postgres/` in it
    /// @throws io.skerry.shared.problem.ProblemException `IN_USE`, naming the process that has the
    ///   folder, or `UNAVAILABLE`, saying what stands in the way
    public static EmbeddedPostgres start(Path dataDir) throws IOException, InterruptedException {
        Files.createDirectories(dataDir);
        Path folder = dataDir.toRealPath();
        DataLock lock = DataLock.take(folder);
        Postmaster postmaster = new Postmaster();
        boolean started = false;
        try {
            DatabaseFolder database = DatabaseFolder.open(folder.resolve("postgres"));
            Orphan.stop(database.data());
            database.rotateLog();
            Login login = launch(database, postmaster);
            LOG.info("PostgreSQL on {}, process {}, data in {}", login, postmaster.pid(), folder);
            started = true;
            return new EmbeddedPostgres(lock, postmaster, login);
        } finally {
            if (!started) {
                postmaster.stop();
                lock.close();
            }
        }
    }

    /// `postgresql://skerry:PASSWORD@127.0.0.1:PORT/skerry`. Holds the password: not for the log.
    public String uri() {
        return login.uri();
    }

    /// Where the server listens.
    public HostPort address() {
        return new HostPort(InetAddress.getLoopbackAddress(), login.port());
    }

    /// Process number of the server that runs now.
    public long pid() {
        return postmaster.pid();
    }

    /// Ends the server (open transactions are rolled back, everything is written) and lets the
    /// folder go. May be called twice.
    public void stop() throws IOException, InterruptedException {
        try {
            postmaster.stop();
        } finally {
            lock.close();
        }
    }

    /// Starts until a server stays: another port when this one was taken meanwhile, another time
    /// while what a killed server left still goes away.
    private static Login launch(DatabaseFolder database, Postmaster postmaster)
            throws IOException, InterruptedException {
        ServerLog log = new ServerLog(database.log());
        LoopbackPort ports = new LoopbackPort(database.port());
        long deadline = System.nanoTime() + READY_DEADLINE.toNanos();
        Duration delay = Duration.ZERO;
        while (true) {
            Login login = new Login(ports.choose(), database.password());
            ProcessBuilder server = database.server(login.port());
            long since = log.end();
            Process process = postmaster.launch(server, delay);
            if (isReady(process, login, deadline, log)) {
                createDatabase(login, log);
                postmaster.keep(server, process);
                return login;
            }
            boolean again =
                    log.hasSaid("could not bind", since)
                            || log.hasSaid("pre-existing shared memory block", since);
            if (!again || System.nanoTime() > deadline) {
                throw log.failure("PostgreSQL ended at its start, status " + process.exitValue());
            }
            delay = LEFTOVERS;
        }
    }

    /// Waits for a connection that works; false when the process ended instead.
    private static boolean isReady(Process process, Login login, long deadline, ServerLog log)
            throws IOException, InterruptedException {
        while (!process.waitFor(POLL.toMillis(), TimeUnit.MILLISECONDS)) {
            try {
                if (login.works()) {
                    return true;
                }
            } catch (SQLException refused) {
                throw Problem.of(
                                "data",
                                Code.UNAVAILABLE,
                                "the database does not take the password kept beside it: "
                                        + refused.getMessage())
                        .toException();
            }
            if (System.nanoTime() > deadline) {
                throw log.failure("PostgreSQL does not answer within " + READY_DEADLINE);
            }
        }
        return false;
    }

    private static void createDatabase(Login login, ServerLog log) throws IOException {
        try {
            login.createDatabase();
        } catch (SQLException failed) {
            throw log.failure("the database cannot be made: " + failed.getMessage());
        }
    }
}
