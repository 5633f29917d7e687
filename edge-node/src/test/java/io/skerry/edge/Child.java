package io.skerry.edge;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A program in a process of its own, with descriptors of its own: takes a command a line and
/// answers each with a line. It ends with its standard input at the latest.
public final class Child implements AutoCloseable {
    private static final int ANSWER_SECONDS = 40;

    private final Process process;
    private final BufferedReader out;
    private final PrintWriter in;

    private Child(Process process) {
        this.process = process;
        out =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        in = new PrintWriter(process.getOutputStream(), true, StandardCharsets.US_ASCII);
    }

    /// Starts a main class with this process's class path.
    ///
    /// @param descriptors most descriptors it may have; 0 for as many as this process
    public static Child start(Class<?> main, int descriptors) throws IOException {
        String java = ProcessHandle.current().info().command().orElse("java");
        String limit = descriptors == 0 ? "" : "ulimit -n " + descriptors + "; ";
        List<String> command =
                List.of(
                        "sh",
                        "-c",
                        limit + "exec \"$0\" \"$@\"",
                        java,
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        // As the product is run; tests run in their module's folder.
                        "@../jvm.options",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName());
        return new Child(
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    /// Sends a command and waits for the answer.
    public String ask(String command) {
        in.println(command);
        return CompletableFuture.supplyAsync(this::line, Thread::startVirtualThread)
                .orTimeout(ANSWER_SECONDS, TimeUnit.SECONDS)
                .join();
    }

    private String line() {
        try {
            String line = out.readLine();
            if (line == null) {
                throw new IllegalStateException("the child has ended");
            }
            return line;
        } catch (IOException broken) {
            throw new java.io.UncheckedIOException(broken);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
    }
}
