package io.skerry.edge.listener;

import io.skerry.shared.net.Protocol;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The listeners that are open, with what would take long to count among tens of thousands. For one
/// thread at a time.
final class RunningListeners {
    /// @param steered whether the port has no socket of its own
    record Running(Listener listener, WantedListener wanted, boolean steered) {}

    private static final int PORTS = 65_536;

    private final Map<ListenerKey, Running> running = new HashMap<>();
    private final Map<RuleKey, Set<ListenerKey>> byRule = new HashMap<>();
    private final Map<Protocol, Integer> counts = new EnumMap<>(Protocol.class);

    /// How many listeners of each port number are steered.
    private final int[] steered = new int[PORTS];

    private final BitSet steeredPorts = new BitSet();
    private int steeredCount;
    private long descriptors;

    /// @throws IllegalStateException where another one has the port
    void add(Running opened) {
        ListenerKey key = opened.listener().key();
        if (running.putIfAbsent(key, opened) != null) {
            throw new IllegalStateException(key + " runs already");
        }
        byRule.computeIfAbsent(opened.wanted().ruleKey(), r -> new HashSet<>()).add(key);
        counts.merge(key.protocol(), 1, Integer::sum);
        descriptors += opened.listener().descriptors();
        if (opened.steered()) {
            steeredCount++;
            steered[key.port()]++;
            steeredPorts.set(key.port());
        }
    }

    /// @throws IllegalStateException where none has the port
    Running remove(ListenerKey key) {
        Running gone = running.remove(key);
        if (gone == null) {
            throw new IllegalStateException(key + " does not run");
        }
        byRule.computeIfPresent(
                gone.wanted().ruleKey(),
                (rule, keys) -> {
                    keys.remove(key);
                    return keys.isEmpty() ? null : keys;
                });
        counts.merge(key.protocol(), -1, Integer::sum);
        descriptors -= gone.listener().descriptors();
        if (gone.steered()) {
            steeredCount--;
            steeredPorts.set(key.port(), --steered[key.port()] > 0);
        }
        return gone;
    }

    /// The same listener serves its rule in another form.
    void reroute(ListenerKey key, WantedListener next) {
        running.computeIfPresent(key, (k, old) -> new Running(old.listener(), next, old.steered()));
    }

    @Nullable Running get(ListenerKey key) {
        return running.get(key);
    }

    List<Listener> listeners() {
        return running.values().stream().map(Running::listener).toList();
    }

    boolean isSteered(ListenerKey key) {
        Running each = running.get(key);
        return each != null && each.steered();
    }

    boolean contains(ListenerKey key) {
        return running.containsKey(key);
    }

    Set<ListenerKey> keys() {
        return Collections.unmodifiableSet(running.keySet());
    }

    /// Rules with an open port.
    Set<RuleKey> rules() {
        return Collections.unmodifiableSet(byRule.keySet());
    }

    /// What runs for some rules.
    Map<ListenerKey, WantedListener> of(Collection<RuleKey> rules) {
        Map<ListenerKey, WantedListener> some = new HashMap<>();
        for (RuleKey rule : rules) {
            for (ListenerKey key : byRule.getOrDefault(rule, Set.of())) {
                Running each = running.get(key);
                if (each != null) {
                    some.put(key, each.wanted());
                }
            }
        }
        return some;
    }

    int size() {
        return running.size();
    }

    int count(Protocol protocol) {
        return counts.getOrDefault(protocol, 0);
    }

    int steeredCount() {
        return steeredCount;
    }

    /// Descriptors that all of them hold.
    long descriptors() {
        return descriptors;
    }

    /// Those that some of them hold.
    long descriptors(List<ListenerKey> keys) {
        long some = 0;
        for (ListenerKey key : keys) {
            Running each = running.get(key);
            some += each == null ? 0 : each.listener().descriptors();
        }
        return some;
    }

    /// Numbers of the ports that are steered still once some listeners are closed.
    BitSet steeredPortsWithout(List<ListenerKey> closed) {
        BitSet ports = (BitSet) steeredPorts.clone();
        Map<Integer, Integer> fewer = new HashMap<>();
        for (ListenerKey key : closed) {
            Running each = running.get(key);
            if (each != null
                    && each.steered()
                    && fewer.merge(key.port(), 1, Integer::sum) == steered[key.port()]) {
                ports.clear(key.port());
            }
        }
        return ports;
    }

    long sessions() {
        return running.values().stream().mapToLong(each -> each.listener().sessions()).sum();
    }
}
