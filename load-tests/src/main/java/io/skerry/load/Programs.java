package io.skerry.load;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The programs the bench needs: what it compiles and what must be installed.
///
/// @param folder where everything of the run goes
/// @param generator the load generator
/// @param origin the origin
record Programs(Path folder, Path generator, Path origin) {
    /// Compiles generator and origin.
    ///
    /// @param root the repository
    /// @param folder where the programs go, made when missing
    static Programs build(Path root, Path folder) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        return new Programs(
                folder, compile(root, folder, "generator"), compile(root, folder, "origin"));
    }

    private static Path compile(Path root, Path folder, String name)
            throws IOException, InterruptedException {
        Path source = root.resolve("load-tests/src/main/c").resolve(name + ".c");
        Path program = folder.resolve(name);
        Process gcc =
                new ProcessBuilder(
                                List.of(
                                        "gcc",
                                        "-O2",
                                        "-Wall",
                                        "-o",
                                        program.toString(),
                                        source.toString()))
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("gcc.log").toFile())
                        .start();
        if (gcc.waitFor() != 0) {
            throw new IOException("gcc failed: see " + folder.resolve("gcc.log"));
        }
        return program;
    }

    /// What is missing on this machine, each with what to install; empty when nothing is.
    static List<String> missing() {
        List<String> missing = new ArrayList<>();
        check(missing, "gcc", "Debian: gcc, libc6-dev");
        check(missing, "taskset", "Debian: util-linux");
        return missing;
    }

    static boolean installed(String program) {
        String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin";
        return Stream.of(path.split(":"))
                .filter(folder -> !folder.isEmpty())
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /// What the peers say they are; those that are not installed are left out.
    static List<String> versions() {
        List<String> versions = new ArrayList<>();
        version("haproxy").ifPresent(versions::add);
        version("nginx").ifPresent(versions::add);
        return versions;
    }

    private static Optional<String> version(String program) {
        if (!installed(program)) {
            return Optional.empty();
        }
        ProcessBuilder builder = new ProcessBuilder(program, "-v").redirectErrorStream(true);
        builder.environment().merge("PATH", "/usr/sbin:/sbin", (path, more) -> path + ":" + more);
        try {
            String text =
                    new String(
                            builder.start().getInputStream().readAllBytes(),
                            StandardCharsets.UTF_8);
            return text.lines().findFirst();
        } catch (IOException unknown) {
            return Optional.of(program);
        }
    }

    private static void check(List<String> missing, String program, String packages) {
        if (!installed(program)) {
            missing.add(program + " is missing: install it (" + packages + ")");
        }
    }
}
