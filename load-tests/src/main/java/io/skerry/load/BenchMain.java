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
    private static final String PROPAGATION = "propagation";

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
            if (arguments.contains(PROPAGATION)) {
                return propagation(arguments);
            }
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

    private static int propagation(List<String> arguments)
            throws Options.Mistake, IOException, InterruptedException {
        boolean quick = arguments.contains("--quick");
        for (String each : arguments) {
            if (!each.equals(PROPAGATION) && !each.equals("--quick")) {
                throw new Options.Mistake("bench: propagation takes --quick alone, not " + each);
            }
        }
        Path root = Path.of(System.getProperty("skerry.root", ".")).toAbsolutePath().normalize();
        Path folder = Files.createDirectories(root.resolve("target/bench"));
        List<Integer> edges = quick ? List.of(1, 2) : List.of(1, 5, 10);
        String table = new Propagation(root, folder, quick ? 10 : 100, edges).run();
        Files.writeString(folder.resolve(PROPAGATION + ".md"), table);
        new PrintStream(System.out, true, StandardCharsets.UTF_8).print(table);
        return 0;
    }

    private void run() throws IOException, InterruptedException {
        if (options.areas().contains(Options.Area.PORTS)) {
            String table = new ManyPorts(options, root, folder, log).run();
            new PrintStream(System.out, true, StandardCharsets.UTF_8).print(table);
        }
        if (options.areas().stream().anyMatch(area -> area != Options.Area.PORTS)) {
            tell(new Bench(options, root, folder, log).run(), Machine.here());
        }
    }

    private void tell(Results results, Machine machine) throws IOException {
        String plot = BarPlot.of(results);
        Files.writeString(folder.resolve("plot.svg"), plot);
        String table = MarkdownTable.of(results);
        new PrintStream(System.out, true, StandardCharsets.UTF_8).print(table);
        log.println("raw results and a plot: " + folder);
        if (options.write()) {
            String date = LocalDate.now(ZoneOffset.UTC).toString();
            Path docs = Files.createDirectories(root.resolve("docs/benchmarks"));
            Files.writeString(docs.resolve(date + ".svg"), plot);
            Files.writeString(docs.resolve(date + ".csv"), RawResults.csv(results));
            Files.writeString(docs.resolve(date + ".md"), page(date, table, results, machine));
            log.println("written: " + docs.resolve(date + ".md"));
        }
    }

    private String page(String date, String table, Results results, Machine machine) {
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
