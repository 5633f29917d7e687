package io.skerry.rules.rollout;

import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.NodeRow;
import io.skerry.rules.store.NodeTable;
import io.skerry.rules.store.RolloutTable;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One of the nodes that get a change first, as the gate sees it.
///
/// @param node its name
/// @param standing how it is doing
/// @param heardSeconds how long the rollout had been in its state when it was heard of last, in
///   seconds; below 0 where it has been silent since before
/// @param refused rules it cannot serve, with the reason; of what it has applied
/// @param counted what became of sessions there
record Canary(
        String node,
        Standing standing,
        double heardSeconds,
        Map<String, String> refused,
        RolloutTable.Counted counted) {
    /// How a canary is doing.
    enum Standing {
        /// It has not applied the newest revision yet.
        PENDING,
        /// It runs it.
        APPLIED,
        /// It went down or restarted without a word since it was looked at last.
        LOST,
        /// It was lost, and has not come back.
        MISSING,
        /// It was taken out of service, stopped in order, forgotten, or moved to another area.
        AWAY
    }

    /// @param since when the state of the rollout began
    /// @param boot the boot it had when it was looked at last; {@link RolloutTable#AWAITED} where
    ///   it was lost
    /// @param node as it was heard of last; `null` where it is not known any more
    /// @param applied what it made of the instance; `null` where it has not said
    static Canary of(
            String name,
            OffsetDateTime since,
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
        if (node == null || isAway(node, boot) || !node.area().serves(instance.spec().area())) {
            standing = Standing.AWAY;
        } else if (boot.equals(RolloutTable.AWAITED)) {
            standing =
                    node.state() == NodeRow.State.DOWN
                            ? Standing.MISSING
                            : runs ? Standing.APPLIED : Standing.PENDING;
        } else if (!node.boot().equals(boot) || node.state() == NodeRow.State.DOWN) {
            standing = Standing.LOST;
        } else {
            standing = runs ? Standing.APPLIED : Standing.PENDING;
        }
        double heard =
                node == null ? -1 : Duration.between(since, node.seenAt()).toMillis() / 1_000.0;
        return new Canary(
                name,
                standing,
                heard,
                applied != null && runs ? applied.refused() : Map.of(),
                counted);
    }

    /// A node that says goodbye does so whoever looks, also when it is back before anybody has.
    private static boolean isAway(NodeRow node, String boot) {
        boolean ended = node.state() == NodeRow.State.DOWN || !node.boot().equals(boot);
        return node.drain()
                || node.state() == NodeRow.State.DRAINING
                || ended && boot.equals(node.leftBoot());
    }
}
