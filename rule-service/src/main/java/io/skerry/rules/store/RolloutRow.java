package io.skerry.rules.store;

import io.skerry.shared.instance.RolloutStrategy;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The last rollout in waves of an instance.
///
/// @param instance identity of the instance
/// @param state how far it is
/// @param from the revision an abort goes back to
/// @param revision the newest revision that takes part
/// @param heldRevision revision of the content that the other nodes go on with
/// @param heldDigest its digest
/// @param strategy as it was when the rollout began
/// @param canaries the nodes that are first, with the boot each had
/// @param touched rules that are not what they are in the held content
/// @param refusedBefore rules that a node refused already before
/// @param lost canaries that went without a word since its newest revision took part, each as often
///   as it did
/// @param reason why it is in its state, where there is more to say
/// @param startedAt when it began, by the database's clock
/// @param stateAt when its state began
/// @param stateSeconds how long it has been in its state
public record RolloutRow(
        String instance,
        State state,
        long from,
        long revision,
        long heldRevision,
        String heldDigest,
        RolloutStrategy strategy,
        Map<String, String> canaries,
        Set<String> touched,
        Set<String> refusedBefore,
        List<String> lost,
        @Nullable String reason,
        OffsetDateTime startedAt,
        OffsetDateTime stateAt,
        double stateSeconds) {
    /// How far a rollout is.
    public enum State {
        /// The canaries apply it.
        CANARY,
        /// The canaries run it and are watched.
        OBSERVING,
        /// People hold it where it is.
        PAUSED,
        /// It went to every node.
        DONE,
        /// People took it back.
        ABORTED,
        /// The gate took it back.
        ROLLED_BACK,
        /// A change that goes to every node at once took its place.
        OVERTAKEN;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static State of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }
    }
}
