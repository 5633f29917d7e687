package io.skerry.shared.origin;

import java.util.OptionalInt;

/// One origin of a group.
///
/// @param address where it is
/// @param weight share of new sessions, 0 to 100; 0 gets none; empty where the group has no weights
/// @param maxConnections open sessions per node and address, 0 to 1,000,000; 0 is no cap
public record WeightedOrigin(OriginAddress address, OptionalInt weight, int maxConnections) {
    public static final int WEIGHT_MAX = 100;
    public static final int CONNECTIONS_MAX = 1_000_000;

    public WeightedOrigin {
        if (weight.isPresent() && (weight.getAsInt() < 0 || weight.getAsInt() > WEIGHT_MAX)) {
            throw new IllegalArgumentException("weight " + weight);
        }
        if (maxConnections < 0 || maxConnections > CONNECTIONS_MAX) {
            throw new IllegalArgumentException("maxConnections " + maxConnections);
        }
    }

    /// An origin without a cap.
    public WeightedOrigin(OriginAddress address, OptionalInt weight) {
        this(address, weight, 0);
    }

    /// The weight to choose by: 1 where the group has no weights.
    public int share() {
        return weight.orElse(1);
    }
}
