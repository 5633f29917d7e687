package io.skerry.rules.rollout;

import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.NodeRow;
import io.skerry.rules.store.NodeTable;
import io.skerry.rules.store.RolloutTable;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One of the nodes that get a change first, as the gate sees it.
///
/// @param node its name
/// @param standing how it is doing
/// @param refused rules it cannot serve, with the reason; of what it has applied
/// @param counted what became of sessions there
record Canary(
        String node, Standing standing, Map<String, String> refused, RolloutTable.Counted counted) {
    /// How a canary is doing.
    enum Standing {
        /// It has not applied the newest revision yet.
        PENDING,
        /// It runs it.
        APPLIED,
        /// It went down or restarted since the rollout began.
        LOST,
        /// It was taken out of service, or forgotten, by people.
        AWAY
    }

    /// @param boot the boot it had when the rollout began
    /// @param node as it was heard of last; `null` where it is not known any more
    /// @param applied what it made of the instance; `null` where it has not said
    static Canary of(
            String name,
            String boot,
            @Nullable NodeRow node,
            NodeTable.@Nullable Applied applied,
            InstanceRow instance,
            RolloutTable.Counted counted) {
        boolean runs =
                applied != null
                        && applied.revision() == instance.revision()
                        && applied.digest().equals(instance.digest());
        Standing standing;
        if (node == null || node.drain()) {
            standing = Standing.AWAY;
        } else if (!node.boot().equals(boot) || node.state() == NodeRow.State.DOWN) {
            standing = Standing.LOST;
        } else {
            standing = runs ? Standing.APPLIED : Standing.PENDING;
        }
        return new Canary(
                name, standing, applied != null && runs ? applied.refused() : Map.of(), counted);
    }
}
