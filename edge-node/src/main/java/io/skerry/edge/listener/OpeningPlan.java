package io.skerry.edge.listener;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// How the ports of a plan are to be opened, rule by rule. Pure.
///
/// @param rules older ones first
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
    /// @param inherited ports whose sockets are open already: clients may wait in them, so that
    ///   rules with such a port are not steered
    record Terms(int ports, int kept, long held, Set<ListenerKey> inherited) {}

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
            long wanted = (long) own.size() * sockets;
            boolean steered =
                    canSteer
                            && own.stream().noneMatch(terms.inherited()::contains)
                            && (all || budget.refusal(held, wanted).isPresent());
            WantedListener rule = rules.get(each.getKey());
            if (rule != null) {
                openings.add(new Opening(rule, own, steered, sockets));
            }
            held += steered ? 0 : wanted;
        }
        return new OpeningPlan(openings);
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
