package io.skerry.load;

import io.skerry.load.Options.Area;
import java.util.List;
import java.util.stream.Stream;

/// One thing that is measured.
///
/// @param name unique, also the name in raw results
/// @param area under which it is asked for
/// @param port where the load goes
/// @param mode the generator's mode
/// @param arguments further arguments of the generator
/// @param load at which rate
/// @param metrics what comes out
record Scenario(
        String name,
        Area area,
        OriginPort port,
        String mode,
        List<String> arguments,
        Load load,
        List<Metric> metrics) {
    /// How much is sent.
    sealed interface Load {
        /// As much as goes.
        record Saturating() implements Load {}

        /// Half of what the better peer does in a scenario: the same rate for every contender.
        ///
        /// @param of name of the saturating scenario
        record HalfOfBetterPeer(String of) implements Load {}

        /// 70 % of what the same contender does in a scenario.
        ///
        /// @param of name of the saturating scenario
        record SeventyPercent(String of) implements Load {}
    }

    private static final Load FULL = new Load.Saturating();
    private static final List<String> BURST = List.of("--burst", "16");
    private static final List<String> ECHO = List.of("--echo", "1");

    static final List<Scenario> ALL =
            List.of(
                    connections("connections", OriginPort.ONCE),
                    connections("connections-ppv2", OriginPort.ONCE_PPV2),
                    requests("requests-64", OriginPort.ECHO, 64),
                    requests("requests-1k", OriginPort.ECHO, 1024),
                    requests("requests-64-ppv2", OriginPort.ECHO_PPV2, 64),
                    latency("latency-64", OriginPort.ECHO, "requests-64"),
                    latency("latency-64-ppv2", OriginPort.ECHO_PPV2, "requests-64"),
                    bulk("bulk", OriginPort.SOURCE),
                    bulk("bulk-ppv2", OriginPort.SOURCE_PPV2),
                    udp("udp-64", OriginPort.UDP_SINK, 64, List.of(), FULL),
                    udp("udp-64-bursts", OriginPort.UDP_SINK, 64, BURST, FULL),
                    udp("udp-64-echo", OriginPort.UDP_ECHO, 64, ECHO, FULL),
                    udp("udp-1200", OriginPort.UDP_SINK, 1200, List.of(), FULL),
                    udp("udp-1200-bursts", OriginPort.UDP_SINK, 1200, BURST, FULL),
                    udp("udp-1200-echo", OriginPort.UDP_ECHO, 1200, ECHO, FULL),
                    loss("udp-64-loss", OriginPort.UDP_SINK, 64, List.of(), "udp-64"),
                    loss("udp-64-echo-loss", OriginPort.UDP_ECHO, 64, ECHO, "udp-64-echo"),
                    loss("udp-1200-loss", OriginPort.UDP_SINK, 1200, List.of(), "udp-1200"),
                    loss("udp-1200-echo-loss", OriginPort.UDP_ECHO, 1200, ECHO, "udp-1200-echo"));

    static Scenario named(String name) {
        return ALL.stream()
                .filter(each -> each.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name));
    }

    private static Scenario connections(String name, OriginPort port) {
        List<String> arguments = List.of("--concurrency", "64", "--size", "64");
        return new Scenario(
                name, Area.CONNECTIONS, port, "connections", arguments, FULL, Metric.CONNECTIONS);
    }

    private static Scenario requests(String name, OriginPort port, int size) {
        List<String> arguments = List.of("--concurrency", "64", "--size", "" + size);
        return new Scenario(
                name, Area.REQUESTS, port, "requests", arguments, FULL, Metric.REQUESTS);
    }

    private static Scenario latency(String name, OriginPort port, String of) {
        List<String> arguments = List.of("--concurrency", "64", "--size", "64");
        Load load = new Load.HalfOfBetterPeer(of);
        return new Scenario(name, Area.LATENCY, port, "latency", arguments, load, Metric.LATENCY);
    }

    private static Scenario bulk(String name, OriginPort port) {
        List<String> arguments = List.of("--concurrency", "4");
        return new Scenario(name, Area.BULK, port, "bulk", arguments, FULL, Metric.BULK);
    }

    private static Scenario udp(
            String name, OriginPort port, int size, List<String> more, Load load) {
        return new Scenario(
                name,
                Area.UDP,
                port,
                "udp",
                clients(size, more),
                load,
                port == OriginPort.UDP_ECHO ? Metric.ROUND_TRIPS : Metric.DATAGRAMS);
    }

    private static Scenario loss(
            String name, OriginPort port, int size, List<String> more, String of) {
        Load load = new Load.SeventyPercent(of);
        return new Scenario(name, Area.UDP, port, "udp", clients(size, more), load, Metric.LOSS);
    }

    private static List<String> clients(int size, List<String> more) {
        return Stream.concat(Stream.of("--concurrency", "1000", "--size", "" + size), more.stream())
                .toList();
    }
}
