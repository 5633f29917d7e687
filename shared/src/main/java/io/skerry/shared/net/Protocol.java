package io.skerry.shared.net;

import java.util.Locale;
import java.util.Set;

/// What a rule forwards.
public enum Protocol {
    TCP(Set.of(3943, 3944, 6088, 36000, 56000)),
    UDP(Set.of(4789, 4790, 6080, 61708));

    private final Set<Integer> reservedPorts;

    Protocol(Set<Integer> reservedPorts) {
        this.reservedPorts = reservedPorts;
    }

    /// Ports that the product keeps for itself (manual, "Forwarding port").
    public Set<Integer> reservedPorts() {
        return reservedPorts;
    }

    /// The word in batch text and metric labels.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
