package io.skerry.standalone.postgres;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;

/// What stands below `DIR/postgres`, and how it comes about.
///
/// | name | what | mode, owner |
/// | --- | --- | --- |
/// | `server-18-…/` | the programs | ours, readable |
/// | `data/` | the database | 0700, the server's |
/// | `password` | of the only role, 256 random bits | 0600, ours |
/// | `postgresql.conf`, `pg_hba.conf` | written anew at every start | ours, readable |
/// | `port` | the port of the last start | ours |
/// | `server.log`, `server.log.1` | what the server says, and said before the last start | ours |
final class DatabaseFolder {
    /// Name of the only role and of the database.
    static final String NAME = "skerry";

    /// Above this size, in bytes, a start puts the log aside.
    private static final long LOG_BYTES_MAX = 10 << 20;

    private static final int PASSWORD_BYTES = 32;

    private final Path home;
    private final ServerAccount account;
    private final Path programs;
    private final String password;

    private DatabaseFolder(Path home, ServerAccount account, Path programs, String password) {
        this.home = home;
        this.account = account;
        this.programs = programs;
        this.password = password;
    }

    /// Prepares everything but the server itself; makes the database at the first start.
    static DatabaseFolder open(Path home) throws IOException, InterruptedException {
        Permissions.folder(home, Posix.effectiveUser() == 0 ? "rwx--x--x" : "rwx------");
        ServerAccount account = ServerAccount.choose(home);
        checkVersion(home.resolve("data"));
        Path programs = ServerFiles.unpack(home);
        DatabaseFolder folder =
                new DatabaseFolder(home, account, programs, password(home.resolve("password")));
        if (!Files.isDirectory(folder.data())) {
            folder.create();
        }
        return folder;
    }

    Path data() {
        return home.resolve("data");
    }

    Path port() {
        return home.resolve("port");
    }

    Path log() {
        return home.resolve("server.log");
    }

    Path programs() {
        return programs;
    }

    String password() {
        return password;
    }

    /// Writes the settings and says how to start the server with them.
    ProcessBuilder server(int port) throws IOException {
        Path settings = home.resolve("postgresql.conf");
        Path access = home.resolve("pg_hba.conf");
        Permissions.writeFile(
                access, "host all " + NAME + " 127.0.0.1/32 scram-sha-256\n", "rw-r--r--");
        Permissions.writeFile(settings, settings(port, access), "rw-r--r--");
        return account.server(
                        List.of(
                                programs.resolve("bin/postgres"),
                                "-D",
                                data(),
                                "-c",
                                "config_file=" + account.seen(settings)))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
    }

    /// Puts a long log aside and makes sure that only we can read the new one.
    void rotateLog() throws IOException {
        if (Files.exists(log()) && Files.size(log()) > LOG_BYTES_MAX) {
            Files.move(log(), home.resolve("server.log.1"), StandardCopyOption.REPLACE_EXISTING);
        }
        if (!Files.exists(log())) {
            Permissions.writeFile(log(), "", "rw-------");
        }
    }

    private String settings(int port, Path access) {
        return """
        # Written at every start; a change made here is lost.
        listen_addresses = '127.0.0.1'
        port = %d
        unix_socket_directories = ''
        hba_file = '%s'
        password_encryption = 'scram-sha-256'
        max_connections = 60
        fsync = on
        synchronous_commit = on
        full_page_writes = on
        log_line_prefix = '%%m [%%p] '
        log_timezone = 'UTC'
        timezone = 'UTC'
        log_checkpoints = off
        """
                .formatted(port, account.seen(access).replace("'", "''"));
    }

    private static void checkVersion(Path data) throws IOException {
        Path file = data.resolve("PG_VERSION");
        if (!Files.isDirectory(data)) {
            return;
        }
        String found = Files.exists(file) ? Files.readString(file).strip() : "unknown";
        if (!found.equals(ServerFiles.MAJOR)) {
            throw Problem.of(
                            "data",
                            Code.UNAVAILABLE,
                            "the database in "
                                    + data
                                    + " is of PostgreSQL "
                                    + found
                                    + " and this release brings PostgreSQL "
                                    + ServerFiles.MAJOR
                                    + ": dump it with the release that made it and load it into a"
                                    + " new data folder")
                    .toException();
        }
    }

    private static String password(Path file) throws IOException {
        if (!Files.exists(file)) {
            if (Files.isDirectory(file.resolveSibling("data"))) {
                throw Problem.of(
                                "data",
                                Code.UNAVAILABLE,
                                file + " is missing, and without it nobody can open the database")
                        .toException();
            }
            byte[] secret = new byte[PASSWORD_BYTES];
            new SecureRandom().nextBytes(secret);
            String text = Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
            Permissions.writeFile(file, text + "\n", "rw-------");
        }
        return Files.readString(file).strip();
    }

    /// Makes the database aside and moves it into place when it is whole.
    private void create() throws IOException, InterruptedException {
        Path aside = home.resolve("init");
        Path made = aside.resolve("data");
        Path secret = aside.resolve("password");
        Permissions.deleteTree(aside);
        Permissions.folder(aside, "rwx------");
        Permissions.writeFile(secret, password + "\n", "rw-------");
        account.giveToInitdb(aside);
        account.giveToInitdb(secret);
        rotateLog();
        Process initdb =
                account.initdb(
                                List.of(
                                        programs.resolve("bin/initdb"),
                                        "-D",
                                        made,
                                        "-U",
                                        NAME,
                                        "--pwfile",
                                        secret,
                                        "--auth=scram-sha-256",
                                        "--encoding=UTF8",
                                        "--locale=C"))
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                        .start();
        if (initdb.waitFor() != 0) {
            throw new ServerLog(log()).failure("initdb could not make the database");
        }
        account.giveTreeToServer(made);
        Files.move(made, data(), StandardCopyOption.ATOMIC_MOVE);
        Permissions.deleteTree(aside);
        Permissions.syncFolder(home);
    }
}
