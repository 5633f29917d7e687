package io.skerry.edge.listener;

import io.skerry.edge.metrics.RuleCounters;
import io.skerry.edge.origin.OriginPool;

/// Gives rules their origins and counters. Called on the control context.
public interface RouteSource {
    /// The origins of a rule; asked for once for each change of it and shared by its ports.
    OriginPool origins(WantedListener wanted);

    /// The counters of a rule, the same for all its revisions.
    RuleCounters counters(RuleKey rule);

    /// No port of the rule is open any more; its sessions may still drain.
    void forget(RuleKey rule);
}
