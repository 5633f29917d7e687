package io.skerry.load;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/// All runs so far.
final class Results {
    /// One number of one run.
    ///
    /// @param scenario name of the scenario
    /// @param contender name of the contender
    /// @param metric name of the metric, with its unit
    /// @param higherIsBetter which way is up
    /// @param run number of the run, from 1
    /// @param value the number
    record Value(
            String scenario,
            String contender,
            String metric,
            boolean higherIsBetter,
            int run,
            double value) {}

    /// One whole run.
    ///
    /// @param scenario name of the scenario
    /// @param contender name of the contender
    /// @param run number of the run, from 1
    /// @param rate the rate of the load, 0 when it saturates
    /// @param measured what the generator said
    record Run(String scenario, String contender, int run, double rate, Measured measured) {}

    /// What one line of the table is about.
    ///
    /// @param scenario name of the scenario
    /// @param metric name of the metric
    /// @param higherIsBetter which way is up
    record Line(String scenario, String metric, boolean higherIsBetter) {}

    private final List<Value> values = new ArrayList<>();
    private final List<Run> runs = new ArrayList<>();
    private final List<String> repeated = new ArrayList<>();

    void add(Scenario scenario, String contender, int run, double rate, Measured measured) {
        runs.add(new Run(scenario.name(), contender, run, rate, measured));
        for (Metric metric : scenario.metrics()) {
            if (!(metric.ofProxy() && contender.equals(Contender.DIRECT))) {
                double value = metric.value().applyAsDouble(measured);
                add(
                        new Value(
                                scenario.name(),
                                contender,
                                metric.name(),
                                metric.higherIsBetter(),
                                run,
                                value));
            }
        }
    }

    void add(Value value) {
        if (Double.isFinite(value.value)) {
            values.add(value);
        }
    }

    /// @param what scenario and contender of a run that failed and was done again
    void addRepeated(String what) {
        repeated.add(what);
    }

    List<String> repeated() {
        return List.copyOf(repeated);
    }

    List<Value> values() {
        return List.copyOf(values);
    }

    List<Run> runs() {
        return List.copyOf(runs);
    }

    /// The lines of the table, in the order in which they were measured.
    List<Line> lines() {
        return values.stream()
                .map(each -> new Line(each.scenario, each.metric, each.higherIsBetter))
                .distinct()
                .toList();
    }

    Optional<Spread> spread(Line line, String contender) {
        List<Double> found =
                values.stream()
                        .filter(each -> each.scenario.equals(line.scenario))
                        .filter(each -> each.metric.equals(line.metric))
                        .filter(each -> each.contender.equals(contender))
                        .map(Value::value)
                        .toList();
        return found.isEmpty() ? Optional.empty() : Optional.of(Spread.of(found));
    }

    /// The median of the better peer: neither the direct path nor Skerry.
    OptionalDouble betterPeer(Line line) {
        var medians =
                Contender.NAMES.stream()
                        .filter(name -> !name.equals(Contender.DIRECT))
                        .filter(name -> !name.equals(Contender.SKERRY))
                        .flatMap(name -> spread(line, name).stream())
                        .mapToDouble(Spread::median);
        return line.higherIsBetter ? medians.max() : medians.min();
    }

    /// Skerry's median divided by the better peer's; empty where there is nothing to divide.
    OptionalDouble ratio(Line line) {
        OptionalDouble peer = betterPeer(line);
        Optional<Spread> own = spread(line, Contender.SKERRY);
        if (peer.isEmpty() || own.isEmpty() || peer.getAsDouble() == 0) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(own.get().median() / peer.getAsDouble());
    }

    /// How busy both cores were in a scenario, median over the runs of a contender: generator and
    /// origin first, proxy second.
    Map<String, double[]> busy(String scenario) {
        Map<String, double[]> busy = new LinkedHashMap<>();
        for (String name : Contender.NAMES) {
            List<Measured> own =
                    runs.stream()
                            .filter(each -> each.scenario.equals(scenario))
                            .filter(each -> each.contender.equals(name))
                            .map(Run::measured)
                            .toList();
            if (!own.isEmpty()) {
                busy.put(
                        name,
                        new double[] {
                            Spread.of(own.stream().map(Measured::loadCoreBusy).toList()).median(),
                            Spread.of(own.stream().map(Measured::proxyCoreBusy).toList()).median()
                        });
            }
        }
        return busy;
    }
}
