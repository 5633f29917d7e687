package io.skerry.edge.steering;

import io.skerry.edge.listener.Steering;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A network namespace of a test, with loopback alone; it goes with the last process in it.
final class Namespace implements AutoCloseable {
    private static final int SECONDS = 120;

    private final Process holder;
    private final List<Node> nodes = new ArrayList<>();

    Namespace() throws IOException {
        // Ends with its standard input, so with this process at the latest.
        holder =
                new ProcessBuilder("unshare", "-n", "sh", "-c", "ip link set lo up; echo up; cat")
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        if (!"up".equals(line(new BufferedReader(reader(holder))))) {
            throw new IOException("no network namespace");
        }
    }

    private static InputStreamReader reader(Process process) {
        return new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII);
    }

    private static String line(BufferedReader from) {
        return CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return String.valueOf(from.readLine());
                            } catch (IOException broken) {
                                throw new java.io.UncheckedIOException(broken);
                            }
                        },
                        Thread::startVirtualThread)
                .orTimeout(SECONDS, TimeUnit.SECONDS)
                .join();
    }

    /// A command to be run in it.
    List<String> command(String... words) {
        List<String> command =
                new ArrayList<>(List.of("nsenter", "--net=/proc/" + holder.pid() + "/ns/net"));
        command.addAll(List.of(words));
        return command;
    }

    /// Runs a command to its end; answers its status and what it said.
    String run(String... words) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command(words)).redirectErrorStream(true).start();
        String said =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return process.waitFor() + " " + said;
    }

    Process start(String... words) throws IOException {
        return new ProcessBuilder(command(words))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    Node node(Steering.Mode mode, int portsMax, Path folder, String... before) throws IOException {
        Node node = new Node(this, mode, portsMax, folder, before);
        nodes.add(node);
        return node;
    }

    @Override
    public void close() {
        nodes.forEach(Node::kill);
        holder.destroyForcibly();
        holder.onExit().orTimeout(10, TimeUnit.SECONDS).join();
    }

    /// A {@link SteeredNode} in it.
    static final class Node {
        private final Process process;
        private final BufferedReader out;
        private final PrintWriter in;

        Node(Namespace at, Steering.Mode mode, int portsMax, Path folder, String... before)
                throws IOException {
            List<String> command = at.command(before);
            command.addAll(
                    List.of(
                            ProcessHandle.current().info().command().orElse("java"),
                            "-Xmx512m",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "--enable-native-access=ALL-UNNAMED",
                            "--sun-misc-unsafe-memory-access=allow",
                            "-cp",
                            System.getProperty("java.class.path"),
                            SteeredNode.class.getName(),
                            mode.name(),
                            "" + portsMax,
                            folder.toString()));
            process =
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            out = new BufferedReader(reader(process));
            in = new PrintWriter(process.getOutputStream(), true, StandardCharsets.US_ASCII);
        }

        String ask(String command) {
            in.println(command);
            for (String line = line(out); ; line = line(out)) {
                // What is logged comes the same way.
                if (!line.matches("\\d\\d:\\d\\d:\\d\\d.*|\\s+at .*")) {
                    return line;
                }
            }
        }

        long pid() {
            return process.pid();
        }

        void kill() {
            process.destroyForcibly();
            process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
        }
    }
}
