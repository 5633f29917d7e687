package io.skerry.edge.toa;

/// What the kernel program counts on the edge; places are those of `enum count` in
/// `toa_edge.bpf.c`.
public enum ToaCount {
    /// Connections to origins that carry the option.
    BEGUN(0),
    /// Of these, the origin has acknowledged or sent something: whoever reads the option has had
    /// it.
    CONFIRMED(1),
    /// Of these, the connection ended before that was known.
    UNCONFIRMED(2),
    /// Segments that carried the option.
    WRITTEN(3),
    /// Segments that had too little room for it. About one with none at all the kernel does not
    /// ask.
    NO_ROOM(4);

    private final int place;

    ToaCount(int place) {
        this.place = place;
    }

    /// Its place in the kernel's array.
    int place() {
        return place;
    }
}
