package io.skerry.edge.udp;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.skerry.edge.socket.SocketAddress;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

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

    /// Behind pointers, which are our own and lead into memory that lives as long.
    private static final MemorySegment ALL = allMemory();

    private MessageHeader() {}

    @SuppressWarnings("restricted") // nothing else can follow a pointer
    private static MemorySegment allMemory() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

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

    static long name(MemorySegment memory, long at) {
        return memory.get(JAVA_LONG, at + NAME);
    }

    static int nameLength(MemorySegment memory, long at) {
        return memory.get(JAVA_INT, at + NAME_LENGTH);
    }

    /// Whether a message is one piece of payload and nothing beside it.
    static boolean isBare(MemorySegment memory, long at) {
        return memory.get(JAVA_LONG, at + VECTOR_COUNT) == 1 && controlLength(memory, at) == 0;
    }

    /// Where the first piece of a message stands.
    static long payload(MemorySegment memory, long at) {
        return ALL.get(JAVA_LONG, memory.get(JAVA_LONG, at + VECTORS));
    }

    /// Length of the first piece.
    static int payloadLength(MemorySegment memory, long at) {
        return (int) ALL.get(JAVA_LONG, memory.get(JAVA_LONG, at + VECTORS) + 8);
    }

    static void length(MemorySegment memory, long at, int length) {
        memory.set(JAVA_INT, at + LENGTH, length);
    }

    /// Where a message goes, as the JDK says it.
    static InetSocketAddress peer(MemorySegment memory, long at) {
        int length = memory.get(JAVA_INT, at + NAME_LENGTH);
        boolean v6 = length == SocketAddress.V6_LENGTH;
        MemorySegment name = memory(memory.get(JAVA_LONG, at + NAME), length);
        long portAndScope = SocketAddress.portAndScope(name, 0, v6);
        InetAddress address =
                SocketAddress.address(
                        v6,
                        SocketAddress.high(name, 0, v6),
                        SocketAddress.low(name, 0, v6),
                        (int) (portAndScope >>> 16));
        return new InetSocketAddress(address, SocketAddress.port(portAndScope));
    }

    /// The address that the control of a message makes it leave from.
    static InetAddress from(MemorySegment memory, long at, boolean v6) {
        MemorySegment control = memory(memory.get(JAVA_LONG, at + CONTROL), PacketInfo.ROOM);
        return SocketAddress.address(
                v6, PacketInfo.high(control, 0, v6), PacketInfo.low(control, 0, v6), 0);
    }

    /// The payload of a message, as the JDK takes it.
    static ByteBuffer[] parts(MemorySegment memory, long at) {
        ByteBuffer[] parts = new ByteBuffer[(int) memory.get(JAVA_LONG, at + VECTOR_COUNT)];
        MemorySegment vectors =
                memory(memory.get(JAVA_LONG, at + VECTORS), parts.length * (long) VECTOR);
        for (int i = 0; i < parts.length; i++) {
            long vector = (long) i * VECTOR;
            long base = vectors.get(JAVA_LONG, vector);
            parts[i] = memory(base, vectors.get(JAVA_LONG, vector + 8)).asByteBuffer();
        }
        return parts;
    }

    private static MemorySegment memory(long address, long length) {
        return ALL.asSlice(address, length);
    }

    static void vector(MemorySegment memory, long at, long base, int length) {
        memory.set(JAVA_LONG, at, base);
        memory.set(JAVA_LONG, at + 8, length);
    }
}
