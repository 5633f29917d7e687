package io.skerry.edge.listener;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// How the ports of a plan are to be opened, rule by rule. Pure.
///
/// @param rules older ones first; one that is served both ways is there twice
record OpeningPlan(List<Opening> rules) {
    /// @param keys the ports to open
    /// @param steered whether they are served by the fronts
    /// @param loops on how many event loops each has a socket, where they are not
    record Opening(WantedListener wanted, List<ListenerKey> keys, boolean steered, int loops) {
        Opening {
            keys = List.copyOf(keys);
        }

        /// Descriptors its ports take.
        long descriptors() {
            return steered ? 0 : (long) keys.size() * loops;
        }
    }

    OpeningPlan {
        rules = List.copyOf(rules);
    }

    /// What is known when a plan is made.
    ///
    /// @param ports that will be open when the plan is applied, however they are opened
    /// @param kept ports that are open and stay
    /// @param held descriptors that these hold
    /// @param before how another process served ports that are taken over: clients may wait there,
    ///   so that such a port is served the same way, and the others of its rule likewise
    record Terms(int ports, int kept, long held, InheritedSockets.Before before) {}

    static OpeningPlan of(
            ListenerPlan plan,
            Terms terms,
            Steering.Mode mode,
            boolean canSteer,
            DescriptorBudget budget,
            int loops) {
        Map<RuleKey, WantedListener> rules = new LinkedHashMap<>();
        Map<RuleKey, List<ListenerKey>> keys = new LinkedHashMap<>();
        for (ListenerChange change : plan.changes()) {
            if (change instanceof ListenerChange.Open(var key, var wanted)) {
                rules.put(wanted.ruleKey(), wanted);
                keys.computeIfAbsent(wanted.ruleKey(), r -> new ArrayList<>()).add(key);
            }
        }
        boolean all = mode == Steering.Mode.ON || terms.ports() > Steering.ABOVE_PORTS;
        int ports = terms.kept();
        long held = terms.held();
        List<Opening> openings = new ArrayList<>();
        for (Map.Entry<RuleKey, List<ListenerKey>> each : keys.entrySet()) {
            List<ListenerKey> own = each.getValue();
            ports += own.size();
            int sockets = ports > DescriptorBudget.MANY_PORTS ? 1 : loops;
            boolean free = all || budget.refusal(held, (long) own.size() * sockets).isPresent();
            List<ListenerKey> steered = canSteer ? steered(own, terms.before(), free) : List.of();
            WantedListener rule = rules.get(each.getKey());
            if (rule != null && !steered.isEmpty()) {
                openings.add(new Opening(rule, steered, true, sockets));
            }
            if (rule != null && steered.size() < own.size()) {
                Set<ListenerKey> gone = new HashSet<>(steered);
                List<ListenerKey> rest = own.stream().filter(key -> !gone.contains(key)).toList();
                Opening opening = new Opening(rule, rest, false, sockets);
                openings.add(opening);
                held += opening.descriptors();
            }
        }
        return new OpeningPlan(openings);
    }

    /// Those of a rule's ports that are steered.
    ///
    /// @param free whether they are where all of them are new
    private static List<ListenerKey> steered(
            List<ListenerKey> own, InheritedSockets.Before before, boolean free) {
        if (own.stream().anyMatch(before.sockets()::contains)) {
            return own.stream().filter(before.steered()::contains).toList();
        }
        return free || own.stream().anyMatch(before.steered()::contains) ? own : List.of();
    }

    /// Rules that need any of some ports.
    Set<RuleKey> withAny(Set<ListenerKey> ports) {
        return rules.stream()
                .filter(rule -> rule.keys().stream().anyMatch(ports::contains))
                .map(rule -> rule.wanted().ruleKey())
                .collect(Collectors.toSet());
    }

    List<Opening> steered() {
        return rules.stream().filter(Opening::steered).toList();
    }

    List<Opening> bySockets() {
        return rules.stream().filter(rule -> !rule.steered()).toList();
    }

    Set<ListenerKey> steeredKeys() {
        Set<ListenerKey> keys = new HashSet<>();
        steered().forEach(rule -> keys.addAll(rule.keys()));
        return keys;
    }

    List<ListenerKey> keys() {
        return rules.stream().flatMap(rule -> rule.keys().stream()).toList();
    }
}
