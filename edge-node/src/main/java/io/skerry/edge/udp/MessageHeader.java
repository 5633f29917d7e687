package io.skerry.edge.udp;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/// `mmsghdr` and `iovec` in native memory, as 64-bit Linux lays them out.
final class MessageHeader {
    /// Size of an `mmsghdr`.
    static final int SIZE = 64;

    /// Size of an `iovec`.
    static final int VECTOR = 16;

    private static final long NAME = 0;
    private static final long NAME_LENGTH = 8;
    private static final long VECTORS = 16;
    private static final long VECTOR_COUNT = 24;
    private static final long CONTROL = 32;
    private static final long CONTROL_LENGTH = 40;
    private static final long LENGTH = 56;

    private MessageHeader() {}

    static void name(MemorySegment memory, long at, long name, int length) {
        memory.set(JAVA_LONG, at + NAME, name);
        memory.set(JAVA_INT, at + NAME_LENGTH, length);
    }

    static void vectors(MemorySegment memory, long at, long vectors, int count) {
        memory.set(JAVA_LONG, at + VECTORS, vectors);
        memory.set(JAVA_LONG, at + VECTOR_COUNT, count);
    }

    static void control(MemorySegment memory, long at, long control, int length) {
        memory.set(JAVA_LONG, at + CONTROL, control);
        memory.set(JAVA_LONG, at + CONTROL_LENGTH, length);
    }

    static long controlLength(MemorySegment memory, long at) {
        return memory.get(JAVA_LONG, at + CONTROL_LENGTH);
    }

    static int length(MemorySegment memory, long at) {
        return memory.get(JAVA_INT, at + LENGTH);
    }

    static void vector(MemorySegment memory, long at, long base, int length) {
        memory.set(JAVA_LONG, at, base);
        memory.set(JAVA_LONG, at + 8, length);
    }
}
