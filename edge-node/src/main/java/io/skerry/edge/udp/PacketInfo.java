package io.skerry.edge.udp;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.skerry.edge.socket.SocketAddress;
import io.skerry.edge.socket.SystemCalls;
import java.lang.foreign.MemorySegment;

/// Control messages beside a datagram: the local address it came to or leaves from (`in_pktinfo`,
/// `in6_pktinfo`), and the size a long send is cut into.
final class PacketInfo {
    /// Room for the local address.
    static final int ROOM = 40;

    /// Room for the size of segments.
    static final int SEGMENT_ROOM = 24;

    private static final int HEADER = 16;
    private static final int V4_LENGTH = HEADER + 12;
    private static final int V6_LENGTH = HEADER + 20;
    private static final int V4_ROOM = 32;
    private static final long LEVEL = 8;
    private static final long TYPE = 12;
    private static final long V4_LOCAL = HEADER + 4;
    private static final long V6_INTERFACE = HEADER + 16;

    private PacketInfo() {}

    /// Whether the first control message of so many bytes is a local address.
    static boolean isPresent(MemorySegment memory, long at, long length, boolean v6) {
        return length >= (v6 ? V6_LENGTH : V4_LENGTH)
                && memory.get(JAVA_INT_UNALIGNED, at + LEVEL) == level(v6)
                && memory.get(JAVA_INT_UNALIGNED, at + TYPE) == type(v6);
    }

    static long high(MemorySegment memory, long at, boolean v6) {
        return v6 ? memory.get(SocketAddress.LONG, at + HEADER) : 0;
    }

    static long low(MemorySegment memory, long at, boolean v6) {
        return v6
                ? memory.get(SocketAddress.LONG, at + HEADER + 8)
                : memory.get(SocketAddress.INT, at + V4_LOCAL) & 0xffffffffL;
    }

    /// Number of the interface, which a link-local address needs; 0 for every other.
    static int scope(MemorySegment memory, long at, boolean v6, long high) {
        boolean linkLocal = v6 && high >>> 54 == 0xfe80 >>> 6;
        return linkLocal ? memory.get(JAVA_INT_UNALIGNED, at + V6_INTERFACE) : 0;
    }

    /// Writes the address a datagram is to leave from; answers the length.
    static int write(MemorySegment memory, long at, boolean v6, long high, long low, int scope) {
        int room = v6 ? ROOM : V4_ROOM;
        memory.asSlice(at, room).fill((byte) 0);
        memory.set(JAVA_LONG_UNALIGNED, at, v6 ? V6_LENGTH : V4_LENGTH);
        memory.set(JAVA_INT_UNALIGNED, at + LEVEL, level(v6));
        memory.set(JAVA_INT_UNALIGNED, at + TYPE, type(v6));
        if (v6) {
            memory.set(SocketAddress.LONG, at + HEADER, high);
            memory.set(SocketAddress.LONG, at + HEADER + 8, low);
            memory.set(JAVA_INT_UNALIGNED, at + V6_INTERFACE, scope);
        } else {
            memory.set(SocketAddress.INT, at + V4_LOCAL, (int) low);
        }
        return room;
    }

    /// Writes the size of segments; answers the length.
    static int writeSegment(MemorySegment memory, long at, int size) {
        memory.set(JAVA_LONG_UNALIGNED, at, HEADER + Short.BYTES);
        memory.set(JAVA_INT_UNALIGNED, at + LEVEL, SystemCalls.SOL_UDP);
        memory.set(JAVA_INT_UNALIGNED, at + TYPE, SystemCalls.UDP_SEGMENT);
        memory.set(JAVA_SHORT_UNALIGNED, at + HEADER, (short) size);
        return SEGMENT_ROOM;
    }

    private static int level(boolean v6) {
        return v6 ? SystemCalls.SOL_IPV6 : SystemCalls.SOL_IP;
    }

    private static int type(boolean v6) {
        return v6 ? SystemCalls.IPV6_PKTINFO : SystemCalls.IP_PKTINFO;
    }
}
