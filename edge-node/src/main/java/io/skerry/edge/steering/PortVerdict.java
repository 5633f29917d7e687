package io.skerry.edge.steering;

/// What the kernel's table says of a port; `enum verdict` in `steer.bpf.c`.
enum PortVerdict {
    /// A port of a rule.
    STEERED,
    /// A port that a front is bound to and that nobody is to reach.
    CLOSED;

    int number() {
        return ordinal() + 1;
    }
}
