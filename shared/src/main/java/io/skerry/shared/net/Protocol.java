package io.skerry.shared.net;

import java.util.Locale;
import java.util.Set;

/// What a rule forwards.
public enum Protocol {
    TCP,
    UDP;

    private static final Set<Integer> RESERVED_TCP = Set.of(3943, 3944, 6088, 36000, 56000);
    private static final Set<Integer> RESERVED_UDP = Set.of(4789, 4790, 6080, 61708);

    /// Ports that the product keeps for itself (manual, "Forwarding port").
    public Set<Integer> reservedPorts() {
        return switch (this) {
            case TCP -> RESERVED_TCP;
            case UDP -> RESERVED_UDP;
        };
    }

    /// The word in batch text and metric labels.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
