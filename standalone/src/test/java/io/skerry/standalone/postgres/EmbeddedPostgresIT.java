package io.skerry.standalone.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.ProblemException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The real server, started, stopped and killed. As root it runs as another user; without root the
/// same tests pass, but for the two that need to become someone.
final class EmbeddedPostgresIT {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(20);

    @TempDir static Path template;

    // Closed to everybody else (0700): the unprivileged server has to get in nevertheless.
    @TempDir Path folder;

    private @Nullable EmbeddedPostgres running;

    /// Unpacking and initdb take seconds: done once, copied for each test, but for the one below
    /// that starts from nothing.
    @BeforeAll
    static void makeATemplate() throws Exception {
        EmbeddedPostgres.start(template).stop();
    }

    @BeforeEach
    void copyTheTemplate() throws Exception {
        copyTo(folder);
    }

    private static void copyTo(Path target) throws IOException, InterruptedException {
        Process copy =
                new ProcessBuilder("cp", "-a", template + "/.", target + "/").inheritIO().start();
        assertThat(copy.waitFor()).isZero();
    }

    @AfterEach
    void stopWhatRuns() throws Exception {
        if (running != null) {
            running.stop();
        }
    }

    @Test
    void findsItsDataAndItsPortAgainAfterAStop() throws Exception {
        running = EmbeddedPostgres.start(folder);
        String first = running.uri();
        execute(first, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (42)");
        running.stop();

        running = EmbeddedPostgres.start(folder);

        assertThat(running.uri()).isEqualTo(first);
        assertThat(query(running.uri(), "SELECT n FROM kept")).isEqualTo("42");
    }

    @Test
    void isDurableAndListensOnLoopbackOnly() throws Exception {
        running = EmbeddedPostgres.start(folder);

        for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
            assertThat(query(running.uri(), "SHOW " + setting)).as(setting).isEqualTo("on");
        }
        assertThat(query(running.uri(), "SHOW listen_addresses")).isEqualTo("127.0.0.1");
        assertThat(query(running.uri(), "SHOW unix_socket_directories")).isEmpty();
        assertThat(query(running.uri(), "SHOW server_encoding")).isEqualTo("UTF8");
        assertThat(query(running.uri(), "SHOW server_version")).startsWith(ServerFiles.MAJOR);
        assertThat(
                        query(
                                running.uri(),
                                "SELECT string_agg(DISTINCT auth_method, ' ')"
                                        + " FROM pg_hba_file_rules"))
                .isEqualTo("scram-sha-256");
    }

    @Test
    void refusesAWrongPasswordAndNone() throws Exception {
        running = EmbeddedPostgres.start(folder);
        String uri = running.uri();
        String password = password(uri);

        assertThatThrownBy(() -> connect(uri.replace(password, password + "x")).close())
                .isInstanceOf(SQLException.class)
                .extracting(failure -> ((SQLException) failure).getSQLState())
                .isEqualTo("28P01");
        assertThatThrownBy(() -> connect(uri.replace(":" + password, ":")).close())
                .isInstanceOf(SQLException.class);
    }

    @Test
    void keepsThePasswordOutOfCommandLinesAndEnvironment() throws Exception {
        running = EmbeddedPostgres.start(folder);
        String password = password(running.uri());
        Path process = Path.of("/proc", Long.toString(running.pid()));
        assumeTrue(Files.isDirectory(process), "needs /proc (Linux)");

        assertThat(Files.readString(process.resolve("cmdline"))).doesNotContain(password);
        assertThat(Files.readString(process.resolve("environ"))).doesNotContain(password);
        Path file = folder.resolve("postgres/password");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void anotherLocalUserReadsNeitherThePasswordNorTheData() throws Exception {
        assumeTrue(Posix.effectiveUser() == 0, "needs root, to become another user");
        Path open = Files.createTempDirectory("skerry-open");
        copyTo(open);
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
        running = EmbeddedPostgres.start(open);

        for (String user : List.of("65533", "65534")) {
            for (String file : List.of("password", "data/PG_VERSION", "server.log")) {
                Path path = open.resolve("postgres").resolve(file);
                assertThat(as(user, "cat", path.toString())).as("%s as %s", file, user).isNotZero();
            }
            assertThat(as(user, "ls", open.resolve("postgres").toString())).isNotZero();
        }
        assertThat(Files.getAttribute(Path.of("/proc/" + running.pid()), "unix:uid"))
                .isEqualTo(ServerAccount.SERVER);
        running.stop();
        Permissions.deleteTree(open);
    }

    @Test
    void runsForAnOrdinaryUserToo() throws Exception {
        assumeTrue(Posix.effectiveUser() == 0, "needs root, to become another user");
        Path open = Files.createTempDirectory("skerry-user");
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path errors = folder.resolve("errors");

        Permissions.give(open, 65_534);

        try (OwnerProcess owner = OwnerProcess.startAs(65_534, open, errors)) {
            String uri = owner.nextWord();

            assertThat(query(uri, "SELECT 1")).isEqualTo("1");
            owner.finish();
        }
        Permissions.deleteTree(open);
    }

    @Test
    void comesBackOnTheSameAddressWhenTheServerIsKilled() throws Exception {
        running = EmbeddedPostgres.start(folder);
        execute(running.uri(), "CREATE TABLE kept (n int)");
        long killed = running.pid();
        try (Connection open = connect(running.uri());
                Statement statement = open.createStatement()) {
            statement.execute("INSERT INTO kept VALUES (1)");

            Posix.signal(killed, Posix.SIGKILL);

            awaitQuery(running.uri(), "SELECT count(*) FROM kept", "1");
        }
        assertThat(running.pid()).isNotEqualTo(killed);
    }

    @Test
    void refusesAFolderThatALiveProcessHasAndNamesIt() throws Exception {
        Path errors = folder.resolve("errors");
        running = EmbeddedPostgres.start(folder);
        String own = Long.toString(ProcessHandle.current().pid());

        assertThatThrownBy(() -> EmbeddedPostgres.start(folder))
                .isInstanceOfSatisfying(
                        ProblemException.class,
                        refused -> assertThat(refused.problem().code()).isEqualTo(Code.IN_USE))
                .hasMessageContaining(own);
        try (OwnerProcess second = OwnerProcess.start(folder, errors)) {
            assertThat(second.exitValue()).isEqualTo(1);
            assertThat(Files.readString(errors)).contains("in use by process " + own);
        }
        assertThat(query(running.uri(), "SELECT 1")).isEqualTo("1");
    }

    @Test
    void startsAgainAfterItsOwnerWasKilled() throws Exception {
        Path errors = folder.resolve("errors");
        long server;
        try (OwnerProcess owner = OwnerProcess.start(folder, errors)) {
            execute(owner.nextWord(), "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)");
            server = Long.parseLong(owner.nextWord());
            owner.kill();
        }

        running = EmbeddedPostgres.start(folder);

        assertThat(query(running.uri(), "SELECT n FROM kept")).isEqualTo("7");
        // It is gone when whoever inherited it has taken note of its end.
        Optional<ProcessHandle> left = ProcessHandle.of(server);
        if (left.isPresent()) {
            left.get().onExit().get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    @Test
    void theServerEndsWithItsOwner() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "needs setpriv (util-linux)");
        Path errors = folder.resolve("errors");
        try (OwnerProcess owner = OwnerProcess.start(folder, errors)) {
            owner.nextWord();
            long server = Long.parseLong(owner.nextWord());
            ProcessHandle handle = ProcessHandle.of(server).orElseThrow();

            owner.kill();

            handle.onExit().get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    @Test
    void stopsAServerThatItsOwnerLeftBehind() throws Exception {
        running = EmbeddedPostgres.start(folder);
        execute(running.uri(), "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (3)");
        running.stop();
        DatabaseFolder database = DatabaseFolder.open(folder.toRealPath().resolve("postgres"));
        int port = new LoopbackPort(database.port()).choose();
        Process orphan = database.server(port).start();
        awaitQuery(running.uri(), "SELECT n FROM kept", "3");

        running = EmbeddedPostgres.start(folder);

        assertThat(orphan.isAlive()).isFalse();
        assertThat(query(running.uri(), "SELECT n FROM kept")).isEqualTo("3");
    }

    @Test
    void leavesAProcessAloneThatOnlyHasTheOldNumber() throws Exception {
        running = EmbeddedPostgres.start(folder);
        running.stop();
        Process bystander = new ProcessBuilder("sleep", "60").start();
        try {
            Files.writeString(
                    folder.resolve("postgres/data/postmaster.pid"), bystander.pid() + "\n/x\n");

            running = EmbeddedPostgres.start(folder);

            assertThat(bystander.isAlive()).isTrue();
        } finally {
            bystander.destroyForcibly();
        }
    }

    @Test
    void takesAnotherPortWhenTheRememberedOneIsTaken() throws Exception {
        running = EmbeddedPostgres.start(folder);
        int port = URI.create(running.uri()).getPort();
        running.stop();
        try (ServerSocket _ =
                new ServerSocket(port, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {

            running = EmbeddedPostgres.start(folder);

            assertThat(URI.create(running.uri()).getPort()).isNotEqualTo(port);
            assertThat(query(running.uri(), "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    void saysWhichVersionMadeADataFolderItCannotOpen() throws Exception {
        Files.writeString(folder.resolve("postgres/data/PG_VERSION"), "17\n");

        assertThatThrownBy(() -> EmbeddedPostgres.start(folder))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("PostgreSQL 17")
                .hasMessageContaining("PostgreSQL " + ServerFiles.MAJOR);
    }

    @Test
    void showsTheEndOfTheLogWhenTheServerCannotStart() throws Exception {
        running = EmbeddedPostgres.start(folder);
        running.stop();
        Files.delete(folder.resolve("postgres/data/global/pg_control"));

        assertThatThrownBy(() -> EmbeddedPostgres.start(folder))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("server.log")
                .hasMessageContaining("pg_control");
    }

    private static int as(String user, String... command) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder("setpriv", "--reuid", user, "--regid", user, "--clear-groups");
        builder.command().addAll(List.of(command));
        builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        return builder.start().waitFor();
    }

    private static String password(String uri) {
        return URI.create(uri).getUserInfo().substring("skerry:".length());
    }

    private static Connection connect(String uri) throws SQLException {
        URI parts = URI.create(uri);
        Properties properties = new Properties();
        properties.put("user", "skerry");
        properties.put("password", password(uri));
        properties.put("connectTimeout", "5");
        properties.put("socketTimeout", "10");
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + parts.getPort() + parts.getPath(), properties);
    }

    private static void execute(String uri, String... statements) throws SQLException {
        try (Connection connection = connect(uri);
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    private static String query(String uri, String sql) throws SQLException {
        try (Connection connection = connect(uri);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getString(1);
        }
    }

    private static void awaitQuery(String uri, String sql, String wanted) throws Exception {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        SQLException last = new SQLException("never tried");
        while (System.nanoTime() < deadline) {
            try {
                assertThat(query(uri, sql)).isEqualTo(wanted);
                return;
            } catch (SQLException notYet) {
                last = notYet;
                LockSupport.parkNanos(POLL.toNanos());
            }
        }
        throw last;
    }
}
