package io.skerry.standalone.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// One way in which the network between processes is broken.
///
/// @param process the one that is cut off, where the kind leaves a choice
record RandomCut(Kind kind, String process) {
    private static final List<String> CONTROL = List.of("rules-1", "rules-2", "gateway");
    private static final List<String> EDGES = List.of("edge-1", "edge-2", "edge-3");
    private static final List<String> RULES = List.of("rules-1", "rules-2");

    /// Beyond the 10 s after which the cluster drops a member as well as below.
    private static final Duration LONGEST = Duration.ofSeconds(15);

    enum Kind {
        EDGE_FROM_ALL,
        EDGE_FROM_BUS,
        EDGE_FROM_HTTP,
        EDGE_FROM_A_RULE_SERVICE,
        RULES_FROM_EACH_OTHER,
        RULES_FROM_POSTGRES,
        RULES_FROM_GATEWAY,
        /// No hint reaches anybody.
        ALL_EDGES_FROM_BUS;

        /// What may be cut off so.
        private List<String> processes() {
            return switch (this) {
                case EDGE_FROM_ALL, EDGE_FROM_BUS, EDGE_FROM_HTTP, EDGE_FROM_A_RULE_SERVICE ->
                        EDGES;
                case RULES_FROM_EACH_OTHER -> List.of("rules-1");
                case RULES_FROM_POSTGRES, RULES_FROM_GATEWAY -> RULES;
                case ALL_EDGES_FROM_BUS -> List.of("edges");
            };
        }
    }

    /// One cut, or two at a time.
    static List<RandomCut> draw(Random random) {
        List<RandomCut> cuts = new ArrayList<>();
        for (int i = random.nextInt(2); i >= 0; i--) {
            Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
            cuts.add(
                    new RandomCut(
                            kind, kind.processes().get(random.nextInt(kind.processes().size()))));
        }
        return cuts;
    }

    static Duration duration(Random random) {
        return Duration.ofMillis(1_000 + random.nextInt((int) LONGEST.toMillis()));
    }

    /// @param rulesPorts ports of the rule services where edge nodes pull
    void apply(Namespaces network, int... rulesPorts) {
        switch (kind) {
            case EDGE_FROM_ALL -> network.cut(process, CONTROL);
            case EDGE_FROM_BUS -> network.cutAllBut(process, CONTROL, rulesPorts);
            case EDGE_FROM_HTTP -> network.cutPorts(process, CONTROL, rulesPorts);
            case EDGE_FROM_A_RULE_SERVICE -> network.cut(process, List.of("rules-2"));
            case RULES_FROM_EACH_OTHER -> network.cut(process, List.of("rules-2"));
            case RULES_FROM_POSTGRES -> network.cutHome(process);
            case RULES_FROM_GATEWAY -> network.cut(process, List.of("gateway"));
            case ALL_EDGES_FROM_BUS ->
                    EDGES.forEach(edge -> network.cutAllBut(edge, CONTROL, rulesPorts));
        }
    }

    @Override
    public String toString() {
        return kind + " " + process;
    }
}
