package io.skerry.edge.follow;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.RuleCounts;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/// Makes the node run what it is to run. Called by the {@link Follower}, one call after another, on
/// its context.
public interface Applier {
    /// What became of one instance.
    ///
    /// @param refused rules that cannot be served, with the reason as `code: sentence`
    /// @param draining rules without a listener whose sessions still drain
    record Outcome(Map<String, String> refused, List<String> draining) {
        public static final Outcome GOOD = new Outcome(Map.of(), List.of());

        public Outcome {
            refused = Map.copyOf(refused);
            draining = List.copyOf(draining);
        }
    }

    /// Runs exactly these instances from now on. The future succeeds when every rule was opened or
    /// refused; it fails only for a bug.
    Future<Void> apply(SortedMap<String, InstanceContent> contents);

    /// Tries refused rules again whose reason may have gone away. Called about every 2 s.
    Future<Void> retryRefused();

    /// What became of the sessions of some rules; those without sessions are left out.
    default Map<String, RuleCounts> counts(Collection<String> rules) {
        return Map.of();
    }

    /// What has become, by now, of each instance applied last.
    Map<String, Outcome> outcomes();
}
