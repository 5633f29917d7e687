package io.skerry.standalone.postgres;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Who the server runs as, and how its programs are started so.
///
/// Without root: this process's own user. PostgreSQL refuses to be root, so with root it is a user
/// number of its own, which no account has; nobody but root can then read the data. `initdb` wants
/// a number that has a name, so it alone runs as `nobody`, and its result changes hands.
///
/// Each program gets a session of its own (Ctrl-C in a terminal ends the proxy first, the database
/// last), dies with us (SIGINT, a clean end), keeps no capability and sees nothing of our
/// environment. Where a folder above the data is closed to that user (`/root`, a private temporary
/// folder), the program sees the data folder mounted on {@link #MOUNT}, in a mount namespace of its
/// own.
///
/// @param root whether this process may and must become someone else
/// @param closed whether a folder above the data is closed to that someone
/// @param home the folder that holds all the server needs
record ServerAccount(boolean root, boolean closed, Path home) {
    /// User and group number of the server when started by root: in a range that neither the
    /// distributions nor systemd hand out.
    static final int SERVER = 60_918;

    private static final int NOBODY = 65_534;
    private static final Path MOUNT = Path.of("/mnt");

    static ServerAccount choose(Path home) throws IOException, InterruptedException {
        if (Posix.effectiveUser() != 0) {
            return new ServerAccount(false, false, home);
        }
        if (find("setpriv").isEmpty()) {
            throw refuse("started as root, the database needs setpriv (package util-linux)");
        }
        boolean closed = isClosed(home);
        if (closed && !canMount()) {
            throw refuse(
                    "the data folder "
                            + home
                            + " cannot be entered by an unprivileged user, under which the"
                            + " database has to run: choose another with --data, or do not start"
                            + " as root");
        }
        return new ServerAccount(true, closed, home);
    }

    /// The server, or one of its programs.
    ///
    /// @param arguments the program first; paths below {@link #home} are rewritten where the
    ///   program sees them elsewhere
    ProcessBuilder server(List<Object> arguments) {
        return command(SERVER, "INT", arguments);
    }

    /// The program that makes a data folder.
    ProcessBuilder initdb(List<Object> arguments) {
        return command(NOBODY, "KILL", arguments);
    }

    /// Lets `initdb` write here.
    void giveToInitdb(Path path) throws IOException {
        if (root) {
            Permissions.give(path, NOBODY);
        }
    }

    /// Makes what `initdb` wrote the server's.
    void giveTreeToServer(Path path) throws IOException {
        if (root) {
            Permissions.giveTree(path, SERVER);
        }
    }

    private ProcessBuilder command(int uid, String deathSignal, List<Object> arguments) {
        List<String> line = new ArrayList<>();
        if (find("setsid").isPresent()) {
            line.add("setsid");
        }
        if (closed) {
            line.addAll(List.of("unshare", "--mount", "--propagation", "private", "sh", "-c"));
            line.addAll(List.of("mount --bind \"$0\" " + MOUNT + " && exec \"$@\"", "" + home));
        }
        if (root) {
            line.addAll(List.of("setpriv", "--reuid", "" + uid, "--regid", "" + uid));
            line.addAll(List.of("--clear-groups", "--no-new-privs", "--bounding-set", "-all"));
            line.addAll(List.of("--inh-caps", "-all"));
        }
        if (isLinux() && find("setpriv").isPresent()) {
            // A step of its own: a change of user clears the parent-death signal.
            line.addAll(List.of("setpriv", "--pdeathsig", deathSignal));
        }
        arguments.forEach(each -> line.add(each instanceof Path path ? seen(path) : "" + each));
        ProcessBuilder builder = new ProcessBuilder(line).directory(new File("/"));
        Map<String, String> environment = builder.environment();
        environment.clear();
        environment.putAll(Map.of("PATH", System.getenv("PATH"), "LC_ALL", "C", "TZ", "UTC"));
        return builder;
    }

    /// A path below home as the server sees it.
    String seen(Path path) {
        return (closed ? MOUNT.resolve(home.relativize(path)) : path).toString();
    }

    private static boolean isLinux() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("linux");
    }

    private static boolean isClosed(Path home) throws IOException {
        for (Path each = home.getParent(); each != null; each = each.getParent()) {
            if (!Files.getPosixFilePermissions(each, LinkOption.NOFOLLOW_LINKS)
                    .contains(PosixFilePermission.OTHERS_EXECUTE)) {
                return true;
            }
        }
        return false;
    }

    private static boolean canMount() throws IOException, InterruptedException {
        if (find("unshare").isEmpty() || !Files.isDirectory(MOUNT)) {
            return false;
        }
        return new ProcessBuilder("unshare", "--mount", "--propagation", "private", "true")
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }

    private static Optional<Path> find(String program) {
        String path = System.getenv("PATH");
        return List.of((path == null ? "/usr/bin:/bin" : path).split(File.pathSeparator)).stream()
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static RuntimeException refuse(String message) {
        return Problem.of("data", Code.UNAVAILABLE, message).toException();
    }
}
