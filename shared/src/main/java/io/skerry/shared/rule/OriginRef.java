package io.skerry.shared.rule;

import io.skerry.shared.origin.OriginAddress;

/// Where a rule forwards to.
public sealed interface OriginRef {
    /// One origin.
    record Single(OriginAddress address) implements OriginRef {}

    /// An origin group by its identity; the only form in which groups are stored.
    record Group(String id) implements OriginRef {}

    /// An origin group by its name, as a caller may give it; resolved before it is stored. Matched
    /// exactly first, then without regard to case where that is unambiguous.
    record GroupNamed(String name) implements OriginRef {}
}
