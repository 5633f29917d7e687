package io.skerry.load;

import io.skerry.load.Scenario.Load.HalfOfBetterPeer;
import io.skerry.load.Scenario.Load.Saturating;
import io.skerry.load.Scenario.Load.SeventyPercent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Runs scenarios against an arena, contenders in turn.
///
/// @param options how long, how often
/// @param programs the generator
/// @param machine the cores
/// @param arena who takes part
/// @param results where the numbers go
/// @param say a line about progress
record Load(
        Options options,
        Programs programs,
        Machine machine,
        Arena arena,
        Results results,
        Consumer<String> say) {
    private static final double HALF = 0.5;
    private static final double SEVENTY_PERCENT = 0.7;
    private static final int REPEATS_MAX = 2;
    private static final double LEAD_IN_SECONDS = 0.3;

    /// Warms up, then runs A B C D, A B C D, as often as asked.
    void run(Scenario scenario) throws IOException, InterruptedException {
        List<Contender> able =
                arena.contenders().stream().filter(each -> each.canDo(scenario)).toList();
        if (options.warmUp() > 0) {
            for (Contender contender : able) {
                boolean jit = contender.name().equals(Contender.SKERRY);
                double seconds = jit ? options.warmUp() : options.seconds();
                generate(scenario, contender, rate(scenario, contender), seconds);
            }
        }
        for (int run = 1; run <= options.runs(); run++) {
            for (Contender contender : able) {
                double rate = rate(scenario, contender);
                Measured measured = once(scenario, contender, rate, options.seconds());
                results.add(scenario, contender.name(), run, rate, measured);
            }
            say.accept(scenario.name() + " " + run + "/" + options.runs());
        }
    }

    /// The rate of the load, 0 when it is to saturate.
    private double rate(Scenario scenario, Contender contender)
            throws IOException, InterruptedException {
        return switch (scenario.load()) {
            case Saturating full -> 0;
            case HalfOfBetterPeer half -> HALF * saturating(half.of(), null);
            case SeventyPercent most -> SEVENTY_PERCENT * saturating(most.of(), contender);
        };
    }

    /// What a contender does in a saturating scenario; the better peer when none is given.
    private double saturating(String name, @Nullable Contender contender)
            throws IOException, InterruptedException {
        Scenario scenario = Scenario.named(name);
        Metric metric = scenario.metrics().getFirst();
        Results.Line line = new Results.Line(name, metric.name(), true);
        if (results.lines().contains(line)) {
            if (contender != null) {
                return results.spread(line, contender.name()).orElseThrow().median();
            }
            OptionalDouble peer = results.betterPeer(line);
            if (peer.isPresent()) {
                return peer.getAsDouble();
            }
        }
        // It was not asked for, or there is no peer: find out first, with the same number of runs.
        run(scenario);
        OptionalDouble peer = results.betterPeer(line);
        return contender == null && peer.isEmpty()
                ? arena.contenders().stream()
                        .flatMap(each -> results.spread(line, each.name()).stream())
                        .mapToDouble(Spread::median)
                        .min()
                        .orElseThrow()
                : saturating(name, contender);
    }

    /// One run; one that fails is repeated, and that is told.
    private Measured once(Scenario scenario, Contender contender, double rate, double seconds)
            throws IOException, InterruptedException {
        for (int failures = 0; ; failures++) {
            try {
                return generate(scenario, contender, rate, seconds);
            } catch (IOException failed) {
                if (failures == REPEATS_MAX || !arena.origin().process().alive()) {
                    throw failed;
                }
                results.addRepeated(scenario.name() + " of " + contender.name());
                say.accept(failed.getMessage() + "; once more");
            }
        }
    }

    private Measured generate(Scenario scenario, Contender contender, double rate, double seconds)
            throws IOException, InterruptedException {
        List<String> line =
                new ArrayList<>(
                        List.of(
                                programs.generator().toString(),
                                scenario.mode(),
                                "--port",
                                Integer.toString(scenario.port().number(contender.base())),
                                "--seconds",
                                Double.toString(seconds),
                                "--warm-up",
                                Double.toString(LEAD_IN_SECONDS),
                                "--counters",
                                arena.origin().counters().toString(),
                                "--origin-pid",
                                Long.toString(arena.origin().process().pid())));
        line.addAll(scenario.arguments());
        if (!contender.pids().isEmpty()) {
            line.addAll(List.of("--pids", contender.pids()));
        }
        if (rate > 0) {
            line.addAll(List.of("--rate", Double.toString(rate)));
        }
        String who = scenario.name() + " of " + contender.name();
        try (Running generator =
                Running.start(
                        who,
                        machine.loadCore(),
                        programs.folder().resolve("generator.log"),
                        Map.of(),
                        line)) {
            String json = generator.lineThatBegins("{");
            generator.end();
            return Measured.read(json);
        } catch (IOException failed) {
            throw new IOException(
                    who + " failed: see " + programs.folder().resolve("generator.log"), failed);
        }
    }
}
