package io.skerry.edge.origin;

/// What came of asking for an origin.
public sealed interface Choice {
    /// This one.
    record Chosen(Origin origin) implements Choice {}

    /// The name is being resolved for the first time: ask again soon.
    record Resolving() implements Choice {}

    /// The name has no address.
    record Unresolved() implements Choice {}

    /// Every origin has been tried, or none may be used.
    record None() implements Choice {}
}
