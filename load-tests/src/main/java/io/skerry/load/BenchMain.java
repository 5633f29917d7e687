package io.skerry.load;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/// The entry of `./skerry bench`.
public final class BenchMain {
    private static final List<Integer> EDGES = List.of(1, 5, 10);
    private static final List<Integer> EDGES_QUICK = List.of(1, 2);
    private static final int CHANGES = 100;
    private static final int CHANGES_QUICK = 10;

    private final Options options;
    private final String command;
    private final Path root;
    private final Path folder;
    private final PrintStream log = System.err;

    private BenchMain(Options options, String command) {
        this.options = options;
        this.command = command;
        this.root = Path.of(System.getProperty("skerry.root", ".")).toAbsolutePath().normalize();
        this.folder = root.resolve("target/bench");
    }

    /// @param arguments as on the command line; see `./skerry bench --help`
    public static void main(String[] arguments) {
        // Ended from outside: nothing it started may stay behind.
        Runnable endAll =
                () -> ProcessHandle.current().descendants().forEach(ProcessHandle::destroy);
        Runtime.getRuntime().addShutdownHook(new Thread(endAll, "end-all"));
        System.exit(run(List.of(arguments)));
    }

    /// Runs the benchmark and prints its table.
    ///
    /// @return the exit status: 0, 1 when something failed, 2 for a mistake in the arguments
    static int run(List<String> arguments) {
        try {
            String command = ("./skerry bench " + String.join(" ", arguments)).strip();
            new BenchMain(Options.parse(arguments), command).run();
            return 0;
        } catch (Options.Mistake mistake) {
            System.err.println("skerry: " + mistake.getMessage());
            return 2;
        } catch (IOException failed) {
            System.err.println("skerry: bench: " + failed.getMessage());
            for (Throwable cause = failed.getCause(); cause != null; cause = cause.getCause()) {
                System.err.println("  " + cause.getMessage());
            }
            return 1;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    private void run() throws IOException, InterruptedException {
        if (options.areas().contains(Options.Area.PORTS)) {
            print(new ManyPorts(options, root, folder, log).run());
        }
        Results results =
                options.compares() ? new Bench(options, root, folder, log).run() : new Results();
        String table = MarkdownTable.of(results);
        if (options.compares()) {
            print(table);
        }
        String propagation = propagation();
        print(propagation);
        if (options.compares()) {
            keep(results, table, propagation);
        }
    }

    private static void print(String table) {
        new PrintStream(System.out, true, StandardCharsets.UTF_8).print(table);
    }

    /// The table of how long changes take to every edge node; empty where it is not asked for.
    private String propagation() throws IOException, InterruptedException {
        if (!options.areas().contains(Options.Area.PROPAGATION) || !options.takesPart("skerry")) {
            return "";
        }
        Files.createDirectories(folder);
        String table =
                new Propagation(
                                root,
                                folder,
                                options.quick() ? CHANGES_QUICK : CHANGES,
                                options.quick() ? EDGES_QUICK : EDGES)
                        .run();
        Files.writeString(folder.resolve("propagation.md"), table);
        return table;
    }

    private void keep(Results results, String table, String propagation) throws IOException {
        String plot = BarPlot.of(results);
        Files.writeString(folder.resolve("plot.svg"), plot);
        log.println("raw results and a plot: " + folder);
        if (options.write()) {
            String date = LocalDate.now(ZoneOffset.UTC).toString();
            Path docs = Files.createDirectories(root.resolve("docs/benchmarks"));
            Files.writeString(docs.resolve(date + ".svg"), plot);
            Files.writeString(docs.resolve(date + ".csv"), RawResults.csv(results));
            String page = page(date, table, results) + section(propagation);
            Files.writeString(docs.resolve(date + ".md"), page);
            log.println("written: " + docs.resolve(date + ".md"));
        }
    }

    private static String section(String propagation) {
        return propagation.isEmpty()
                ? ""
                : """

                ## From a change to every node

                What is measured: [propagation.md](propagation.md).

                %s\
                """
                        .formatted(propagation);
    }

    private String page(String date, String table, Results results) throws IOException {
        Machine machine = Machine.here();
        return """
        # Side by side, %s

        Command: `%s`. Machine: %s, %d cores, Linux %s; JDK: %s. Peers: %s.
        Runs per number: %d of %s s (at most %d for memory), contenders in turn; Skerry warmed up
        for %s s before each scenario. Median, and lowest to highest run in brackets. How it is
        measured and what it is not good for: [README.md](README.md). Raw numbers:
        [%s.csv](%s.csv).

        ![bars](%s.svg)

        %s
        Runs that failed and were done again: %s.

        ## How busy the cores were

        Medians. Where the proxy's core is busy and the generator's is not, the proxy is the limit.

        %s\
        """
                .formatted(
                        date,
                        command,
                        machine.cpu(),
                        machine.cores().size(),
                        machine.kernel(),
                        machine.jdk(),
                        String.join(", ", Programs.versions()),
                        options.runs(),
                        MarkdownTable.number(options.seconds()),
                        Bench.MEMORY_RUNS_MAX,
                        MarkdownTable.number(options.warmUp()),
                        date,
                        date,
                        date,
                        table,
                        results.repeated().isEmpty()
                                ? "none"
                                : String.join(", ", results.repeated()),
                        MarkdownTable.busy(results));
    }
}
