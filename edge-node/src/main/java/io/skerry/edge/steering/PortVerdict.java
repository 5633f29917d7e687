package io.skerry.edge.steering;

/// What the kernel's table says of a port; `enum verdict` in `steer.bpf.c`.
enum PortVerdict {
    /// A port of a rule.
    STEERED(1),
    /// A port that a front is bound to and that nobody is to reach.
    CLOSED(2);

    private final int number;

    PortVerdict(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }
}
