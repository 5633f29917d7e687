package io.skerry.edge.bpf;

/// Kinds of maps that are made from here; the numbers are `enum bpf_map_type` of the kernel.
public enum BpfMapType {
    HASH(1),
    ARRAY(2);

    private final int number;

    BpfMapType(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }
}
