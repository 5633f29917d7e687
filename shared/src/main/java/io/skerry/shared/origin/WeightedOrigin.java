package io.skerry.shared.origin;

import java.util.OptionalInt;

/// One origin of a group.
///
/// @param address where it is
/// @param weight share of new sessions, 0 to 100; 0 gets none; empty where the group has no weights
public record WeightedOrigin(OriginAddress address, OptionalInt weight) {
    public static final int WEIGHT_MAX = 100;

    public WeightedOrigin {
        if (weight.isPresent() && (weight.getAsInt() < 0 || weight.getAsInt() > WEIGHT_MAX)) {
            throw new IllegalArgumentException("weight " + weight);
        }
    }

    /// The weight to choose by: 1 where the group has no weights.
    public int share() {
        return weight.orElse(1);
    }
}
