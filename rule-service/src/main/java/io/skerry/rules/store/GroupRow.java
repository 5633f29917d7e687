package io.skerry.rules.store;

import io.skerry.shared.origin.OriginGroup;
import java.time.OffsetDateTime;

/// An origin group as stored.
///
/// @param position order of creation
/// @param group what it says
/// @param references number of rules that use it
/// @param revision the revision that changed it last
/// @param createdAt by the database's clock
/// @param updatedAt by the database's clock
public record GroupRow(
        long position,
        OriginGroup group,
        int references,
        long revision,
        OffsetDateTime createdAt,
        OffsetDateTime updatedAt) {}
