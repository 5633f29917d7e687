package io.skerry.edge.listener;

import io.skerry.edge.metrics.RuleCounters;
import io.skerry.edge.origin.OriginPool;
import io.skerry.shared.rule.Rule;

/// Where one listener forwards to now. Immutable; a change of the rule replaces it whole, and
/// sessions keep the route they began with.
///
/// @param instance the rule's instance
/// @param rule what the rule says
/// @param originPort the origin port this listener's port leads to
/// @param origins chooses the origin; shared by all listeners of the rule
/// @param counters the rule's counters; shared by all listeners of the rule
public record Route(
        String instance, Rule rule, int originPort, OriginPool origins, RuleCounters counters) {}
