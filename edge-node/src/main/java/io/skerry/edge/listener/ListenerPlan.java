package io.skerry.edge.listener;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The way from what runs to what is wanted. Pure.
///
/// Ports are freed before they are taken, so that a port may move between rules in one plan; a port
/// whose rule stays keeps its socket; an equal one is not touched.
///
/// @param changes in the order to apply: closes, reroutes, then opens, older rules first
public record ListenerPlan(List<ListenerChange> changes) {
    private static final Comparator<ListenerChange.Open> OLDER_FIRST =
            Comparator.<ListenerChange.Open>comparingLong(open -> open.wanted().rule().revision())
                    .thenComparing(open -> open.wanted().rule().id())
                    .thenComparingInt(open -> open.key().port())
                    .thenComparing(open -> open.key().toString());

    public ListenerPlan {
        changes = List.copyOf(changes);
    }

    public static ListenerPlan of(
            Map<ListenerKey, WantedListener> running, Map<ListenerKey, WantedListener> wanted) {
        List<ListenerChange> changes = new ArrayList<>();
        List<ListenerChange> reroutes = new ArrayList<>();
        List<ListenerChange.Open> opens = new ArrayList<>();
        running.forEach((key, was) -> {
            WantedListener next = wanted.get(key);
            if (next == null || !next.ruleKey().equals(was.ruleKey())) {
                changes.add(new ListenerChange.Close(key, was));
            } else if (!next.equals(was)) {
                reroutes.add(new ListenerChange.Reroute(key, next));
            }
        });
        wanted.forEach((key, next) -> {
            WantedListener was = running.get(key);
            if (was == null || !next.ruleKey().equals(was.ruleKey())) {
                opens.add(new ListenerChange.Open(key, next));
            }
        });
        opens.sort(OLDER_FIRST);
        changes.addAll(reroutes);
        changes.addAll(opens);
        return new ListenerPlan(changes);
    }

    /// The same for rules of which some cannot be opened: these keep the ports that they have and
    /// no other rule opens.
    ListenerPlan keeping(Set<RuleKey> refused) {
        Set<ListenerKey> passedOn = new HashSet<>();
        for (ListenerChange change : changes) {
            if (change instanceof ListenerChange.Open(var key, var next)
                    && !refused.contains(next.ruleKey())) {
                passedOn.add(key);
            }
        }
        return new ListenerPlan(
                changes.stream()
                        .filter(change ->
                                !(change instanceof ListenerChange.Close(var key, var was))
                                        || !refused.contains(was.ruleKey())
                                        || passedOn.contains(key))
                        .toList());
    }

    /// Ports that it closes.
    List<ListenerKey> closed() {
        return changes.stream()
                .filter(ListenerChange.Close.class::isInstance)
                .map(ListenerChange::key)
                .toList();
    }

    /// What runs once the whole plan has been applied to what ran.
    public Map<ListenerKey, WantedListener> applyTo(Map<ListenerKey, WantedListener> running) {
        Map<ListenerKey, WantedListener> after = new HashMap<>(running);
        for (ListenerChange change : changes) {
            switch (change) {
                case ListenerChange.Close(var key, var was) -> after.remove(key);
                case ListenerChange.Reroute(var key, var next) -> after.put(key, next);
                case ListenerChange.Open(var key, var next) -> {
                    if (after.put(key, next) != null) {
                        throw new IllegalStateException(key + " is taken before it is freed");
                    }
                }
            }
        }
        return after;
    }
}
