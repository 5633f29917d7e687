package io.skerry.load;

import java.util.List;
import java.util.function.ToDoubleFunction;

/// One number a run yields.
///
/// @param name what it is, with its unit
/// @param higherIsBetter which way is up
/// @param ofProxy whether it says something about a proxy only, so that the direct path has none
/// @param value reads it from a run
record Metric(
        String name, boolean higherIsBetter, boolean ofProxy, ToDoubleFunction<Measured> value) {
    static final List<Metric> CONNECTIONS =
            List.of(
                    up("connections/s", Measured::perSecond),
                    cpu("CPU µs per connection", Measured::cpuMicros));
    static final List<Metric> REQUESTS =
            List.of(
                    up("requests/s", Measured::perSecond),
                    cpu("CPU µs per request", Measured::cpuMicros));
    static final List<Metric> BULK =
            List.of(
                    up("Gbit/s", Measured::gigabits),
                    cpu("CPU µs per MB", Measured::cpuMicrosPerMegabyte));
    static final List<Metric> LATENCY =
            List.of(
                    down("p50 µs", run -> run.percentileMicros(0.5)),
                    down("p99 µs", run -> run.percentileMicros(0.99)),
                    down("p99.9 µs", run -> run.percentileMicros(0.999)),
                    cpu("CPU µs per request", Measured::cpuMicros));
    static final List<Metric> DATAGRAMS =
            List.of(
                    up("datagrams/s", Measured::perSecond),
                    new Metric("datagrams per CPU second", true, true, Measured::perCpuSecond));
    static final List<Metric> ROUND_TRIPS =
            List.of(
                    up("round trips/s", Measured::perSecond),
                    new Metric("round trips per CPU second", true, true, Measured::perCpuSecond));
    static final List<Metric> LOSS = List.of(down("loss %", Measured::lossPercent));

    private static Metric up(String name, ToDoubleFunction<Measured> value) {
        return new Metric(name, true, false, value);
    }

    private static Metric down(String name, ToDoubleFunction<Measured> value) {
        return new Metric(name, false, false, value);
    }

    private static Metric cpu(String name, ToDoubleFunction<Measured> value) {
        return new Metric(name, false, true, value);
    }
}
