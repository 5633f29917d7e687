package io.skerry.edge.metrics;

import io.skerry.shared.content.RuleCounts;
import io.skerry.shared.net.Protocol;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The counters of every rule the node has served, through all changes of the rule. Safe for all
/// threads.
///
/// What a rule counted that is gone for good, its last session included, is added up under {@link
/// #OTHER}, so that totals never fall and memory does not grow with the rules there have been.
public final class RuleCounterRegistry {
    /// The label of everything that is not counted by rule.
    public static final String OTHER = "other";

    /// The sums of one rule, or of several.
    ///
    /// @param protocol of the rule
    /// @param rule its identity, or {@link #OTHER}
    public record Sums(
            Protocol protocol,
            String rule,
            long sessions,
            long bytesToOrigin,
            long bytesToClient,
            long datagramsToOrigin,
            long datagramsToClient) {
        Sums plus(Sums more) {
            return new Sums(
                    protocol,
                    rule,
                    sessions + more.sessions,
                    bytesToOrigin + more.bytesToOrigin,
                    bytesToClient + more.bytesToClient,
                    datagramsToOrigin + more.datagramsToOrigin,
                    datagramsToClient + more.datagramsToClient);
        }

        Sums named(String name) {
            return new Sums(
                    protocol,
                    name,
                    sessions,
                    bytesToOrigin,
                    bytesToClient,
                    datagramsToOrigin,
                    datagramsToClient);
        }
    }

    private record Key(Protocol protocol, String rule) {}

    private final Map<Key, RuleCounters> live = new HashMap<>();
    private final Set<Key> leaving = new HashSet<>();
    private final Map<Protocol, Sums> gone = new HashMap<>();

    /// The counters of a rule, the same at every call while it is served or drains.
    public synchronized RuleCounters counters(String rule, Protocol protocol) {
        Key key = new Key(protocol, rule);
        leaving.remove(key);
        return live.computeIfAbsent(key, k -> new RuleCounters());
    }

    /// The rule is no longer served; its counters go when its last session has.
    public synchronized void release(String rule) {
        for (Key key : live.keySet()) {
            if (key.rule().equals(rule)) {
                leaving.add(key);
            }
        }
    }

    /// What became of the sessions of some rules; those without sessions are left out.
    public synchronized Map<String, RuleCounts> counts(Collection<String> rules) {
        Map<String, RuleCounts> counts = new HashMap<>();
        for (String rule : rules) {
            for (Protocol protocol : Protocol.values()) {
                RuleCounters of = live.get(new Key(protocol, rule));
                if (of != null && !of.counts().equals(RuleCounts.NONE)) {
                    counts.merge(rule, of.counts(), RuleCounts::plus);
                }
            }
        }
        return counts;
    }

    /// Sums by rule; or, where there are more rules than `max`, by protocol alone.
    synchronized List<Sums> sums(int max) {
        settle();
        boolean byRule = live.size() <= max;
        List<Sums> sums = new ArrayList<>();
        Map<Protocol, Sums> other = new HashMap<>(gone);
        live.forEach((key, counters) -> {
            Sums each = sums(key, counters);
            if (byRule) {
                sums.add(each);
            } else {
                other.merge(key.protocol(), each.named(OTHER), Sums::plus);
            }
        });
        sums.addAll(other.values());
        return sums;
    }

    private void settle() {
        for (Key key : List.copyOf(leaving)) {
            RuleCounters counters = live.get(key);
            if (counters == null || counters.open.get() <= 0) {
                leaving.remove(key);
                live.remove(key);
                if (counters != null) {
                    gone.merge(key.protocol(), sums(key, counters).named(OTHER), Sums::plus);
                }
            }
        }
    }

    private static Sums sums(Key key, RuleCounters counters) {
        return new Sums(
                key.protocol(),
                key.rule(),
                counters.sessions.sum(),
                counters.bytesToOrigin.sum(),
                counters.bytesToClient.sum(),
                counters.datagramsToOrigin.sum(),
                counters.datagramsToClient.sum());
    }
}
