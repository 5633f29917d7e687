package io.skerry.rules.store;

import io.skerry.shared.instance.InstanceSpec;
import io.skerry.shared.instance.RolloutStrategy;
import io.skerry.shared.rule.Status;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/// An instance as stored.
///
/// @param id identity, `sid-…`
/// @param position order of creation
/// @param spec what it was asked to be
/// @param slot slot whose addresses it is served on; 0 is shared
/// @param accessLabel first label of its access domain, 16 hex digits
/// @param wanted whether people want it to serve
/// @param status how far it is
/// @param statusReason why, where there is more to say
/// @param switched the revision that switched it on or off last
/// @param ownRevision the revision that changed the instance itself last; rules do not count
/// @param revision the revision that changed its content last
/// @param digest of the content at `revision`
/// @param settled newest revision that every required node has acknowledged
/// @param ruleCount number of its rules
/// @param strategy how its changes reach its nodes
/// @param createdAt by the database's clock
/// @param updatedAt by the database's clock
public record InstanceRow(
        String id,
        long position,
        InstanceSpec spec,
        int slot,
        String accessLabel,
        boolean wanted,
        Status status,
        @Nullable String statusReason,
        long switched,
        long ownRevision,
        long revision,
        String digest,
        long settled,
        int ruleCount,
        RolloutStrategy strategy,
        OffsetDateTime createdAt,
        OffsetDateTime updatedAt) {
    /// The same instance with another desire and status, changed by `by`.
    public InstanceRow switched(boolean on, Status next, long by) {
        return new InstanceRow(
                id,
                position,
                spec,
                slot,
                accessLabel,
                on,
                next,
                null,
                by,
                by,
                revision,
                digest,
                settled,
                ruleCount,
                strategy,
                createdAt,
                updatedAt);
    }

    /// The same instance, asked to be something else by the revision `by`.
    public InstanceRow with(InstanceSpec other, Status next, long by) {
        return new InstanceRow(
                id,
                position,
                other,
                slot,
                accessLabel,
                wanted,
                next,
                null,
                switched,
                by,
                revision,
                digest,
                settled,
                ruleCount,
                strategy,
                createdAt,
                updatedAt);
    }

    /// The same instance, whose changes reach its nodes in another way.
    public InstanceRow with(RolloutStrategy other) {
        return new InstanceRow(
                id,
                position,
                spec,
                slot,
                accessLabel,
                wanted,
                status,
                statusReason,
                switched,
                ownRevision,
                revision,
                digest,
                settled,
                ruleCount,
                other,
                createdAt,
                updatedAt);
    }

    /// The same instance with new content.
    public InstanceRow at(long newRevision, String newDigest) {
        return new InstanceRow(
                id,
                position,
                spec,
                slot,
                accessLabel,
                wanted,
                status,
                statusReason,
                switched,
                ownRevision,
                newRevision,
                newDigest,
                settled,
                ruleCount,
                strategy,
                createdAt,
                updatedAt);
    }
}
