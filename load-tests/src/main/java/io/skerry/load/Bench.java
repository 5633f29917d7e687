package io.skerry.load;

import io.skerry.load.Options.Area;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;

/// A whole benchmark.
///
/// @param options what was asked for
/// @param root the repository
/// @param folder where programs, logs and raw results go
/// @param log lines about progress
record Bench(Options options, Path root, Path folder, PrintStream log) {
    static final int MEMORY_RUNS_MAX = 3;

    private static final int CORES_MIN = 2;

    Results run() throws IOException, InterruptedException {
        var missing = Programs.missing();
        if (!missing.isEmpty()) {
            throw new IOException(String.join("; ", missing));
        }
        Machine machine = Machine.here();
        if (machine.cores().size() < CORES_MIN) {
            throw new IOException("two cores are needed: one for the load, one for the proxies");
        }
        Programs programs = Programs.build(root, folder);
        Results results = new Results();
        if (Scenario.ALL.stream().anyMatch(each -> options.areas().contains(each.area()))) {
            measureLoad(programs, machine, results);
        }
        if (options.areas().contains(Area.MEMORY)) {
            measureMemory(programs, machine, results);
        }
        RawResults.write(results, folder);
        return results;
    }

    private void measureLoad(Programs programs, Machine machine, Results results)
            throws IOException, InterruptedException {
        try (Arena arena = Arena.open(options, programs, machine, root, log)) {
            Load load = new Load(options, programs, machine, arena, results, log::println);
            for (Scenario scenario : Scenario.ALL) {
                if (options.areas().contains(scenario.area()) && !done(results, scenario)) {
                    load.run(scenario);
                    RawResults.write(results, folder);
                }
            }
        }
    }

    private void measureMemory(Programs programs, Machine machine, Results results)
            throws IOException, InterruptedException {
        for (int run = 1; run <= Math.min(MEMORY_RUNS_MAX, options.runs()); run++) {
            // Fresh processes: what a pool has kept from before would hide the growth.
            try (Arena arena = Arena.open(options, programs, machine, root, log)) {
                new IdleMemory(options, programs, machine, results).run(arena, run);
            }
            log.println(IdleMemory.SCENARIO + " " + run);
        }
    }

    /// A scenario may have been run already, to find the rate of another.
    private static boolean done(Results results, Scenario scenario) {
        return results.runs().stream().anyMatch(run -> run.scenario().equals(scenario.name()));
    }
}
