package io.skerry.rules;

import io.skerry.rules.store.PostgresAddress;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/// A real PostgreSQL server for tests: on loopback with a password, without fsync, gone with the
/// JVM. Each test class asks for a database of its own.
public final class TestPostgres {
    private static final String ARCHIVE = "/postgres-linux-x86_64.txz";
    private static final String PASSWORD = "test-password";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final AtomicInteger databases = new AtomicInteger();

    private final Path home;
    private final Path data;
    private final int port;
    private Process process;

    private TestPostgres(Path home) {
        this.home = home;
        this.data = home.resolve("data");
        this.port = freePort();
        initialise();
        this.process = launch();
        Runtime.getRuntime().addShutdownHook(new Thread(this::discard));
    }

    private static final class Shared {
        static final Path BINARIES = unpack();
        static final TestPostgres SERVER = new TestPostgres(folder("skerry-pg-shared"));
    }

    /// The server that all test classes share.
    public static TestPostgres shared() {
        return Shared.SERVER;
    }

    /// A server of one's own, to be stopped and started.
    public static TestPostgres own() {
        return new TestPostgres(folder("skerry-pg-own"));
    }

    /// A new, empty database.
    public PostgresAddress newDatabase() {
        String name = "test_" + databases.incrementAndGet();
        execute("postgres", "CREATE DATABASE " + name);
        return new PostgresAddress("127.0.0.1", port, name, "postgres", PASSWORD);
    }

    /// Runs statements as the superuser.
    public void execute(String database, String sql) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /// The one text a query answers, asked as the superuser.
    public String text(String database, String sql) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement();
                ResultSet answer = statement.executeQuery(sql)) {
            answer.next();
            return answer.getString(1);
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /// A connection as the superuser.
    public Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + port + "/" + database, "postgres", PASSWORD);
    }

    /// Kills the server as a power cut would.
    public void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        await(process);
    }

    /// Starts it again after {@link #kill()}.
    public void restart() {
        process = launch();
    }

    private void initialise() {
        try {
            Path secret = home.resolve("secret");
            Files.writeString(secret, PASSWORD);
            run(List.of("chown", "-R", "65534:65534", home.toString()), isRoot());
            run(
                    as(
                            binary("initdb"),
                            "-D",
                            data.toString(),
                            "-U",
                            "postgres",
                            "--pwfile=" + secret,
                            "--auth=scram-sha-256",
                            "--encoding=UTF8",
                            "--no-locale",
                            "--no-sync"),
                    true);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private Process launch() {
        List<String> command =
                as(
                        binary("postgres"),
                        "-D",
                        data.toString(),
                        "-p",
                        Integer.toString(port),
                        "-c",
                        "listen_addresses=127.0.0.1",
                        "-c",
                        "unix_socket_directories=",
                        "-c",
                        "fsync=off",
                        "-c",
                        "max_connections=200");
        try {
            Process started =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(home.resolve("log").toFile())
                            .start();
            awaitReady(started);
            return started;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private void awaitReady(Process started) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                connect("postgres").close();
                return;
            } catch (SQLException notYet) {
                if (!started.isAlive() || System.nanoTime() > deadline) {
                    throw new IllegalStateException("see " + home.resolve("log"), notYet);
                }
                pause(started);
            }
        }
    }

    private static void pause(Process started) {
        try {
            started.waitFor(50, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    private static String binary(String name) {
        return Shared.BINARIES.resolve("bin").resolve(name).toString();
    }

    /// PostgreSQL refuses to run as root.
    private static List<String> as(String... command) {
        List<String> all = new ArrayList<>();
        if (isRoot()) {
            all.addAll(
                    List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"));
        }
        all.addAll(List.of(command));
        return all;
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static void run(List<String> command, boolean wanted) throws IOException {
        if (!wanted) {
            return;
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (await(process) != 0) {
            throw new IOException(command + ": " + output);
        }
    }

    private static int await(Process process) {
        try {
            return process.waitFor();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    private static Path folder(String prefix) {
        try {
            return Files.createTempDirectory(
                    prefix,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwxr-xr-x")));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static Path unpack() {
        Path target = folder("skerry-pg-binaries");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(target)));
        try (InputStream archive = TestPostgres.class.getResourceAsStream(ARCHIVE);
                TarArchiveInputStream tar = new TarArchiveInputStream(new XZInputStream(archive))) {
            for (TarArchiveEntry entry = tar.getNextEntry();
                    entry != null;
                    entry = tar.getNextEntry()) {
                unpack(target, tar, entry);
            }
            return target;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static void unpack(Path target, InputStream content, TarArchiveEntry entry)
            throws IOException {
        Path path = target.resolve(entry.getName()).normalize();
        if (entry.isDirectory()) {
            Files.createDirectories(path);
        } else if (entry.isSymbolicLink()) {
            Files.createDirectories(path.getParent());
            Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else {
            Files.createDirectories(path.getParent());
            Files.copy(content, path);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private void discard() {
        kill();
        delete(home);
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException | UncheckedIOException gone) {
            // The system's own cleaning will do.
        }
    }
}
