package io.skerry.edge.toa;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.BpfMap;
import io.skerry.edge.bpf.LibBpf;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// An array of counters that each processor counts for itself.
///
/// @param map the kernel's
/// @param processors how many values each counter has
record CpuCounters(BpfMap map, int processors) {
    static CpuCounters of(BpfMap map) throws BpfException {
        return new CpuCounters(map, LibBpf.processors());
    }

    /// What each processor has counted.
    ///
    /// @param counter its place in the array
    long[] each(int counter) throws BpfException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(JAVA_LONG, processors);
            map.get(arena.allocateFrom(JAVA_INT, counter), values);
            return values.toArray(JAVA_LONG);
        }
    }

    long sum(int counter) throws BpfException {
        long sum = 0;
        for (long value : each(counter)) {
            sum += value;
        }
        return sum;
    }
}
