package io.skerry.edge.udp;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.skerry.edge.socket.SocketAddress;
import io.skerry.edge.socket.SystemCalls;
import java.lang.foreign.MemorySegment;

/// The control message beside a steered datagram: the address and port its client dialled, which
/// are not those of the socket it was led to (`IP_ORIGDSTADDR`, `IPV6_ORIGDSTADDR`).
final class OriginalDestination {
    private static final int HEADER = 16;
    private static final long LEVEL = 8;
    private static final long TYPE = 12;

    private OriginalDestination() {}

    /// Whether the first control message of so many bytes is one.
    static boolean isPresent(MemorySegment memory, long at, long length, boolean v6) {
        return length >= HEADER + (v6 ? SocketAddress.V6_LENGTH : SocketAddress.V4_LENGTH)
                && memory.get(JAVA_INT_UNALIGNED, at + LEVEL)
                        == (v6 ? SystemCalls.SOL_IPV6 : SystemCalls.SOL_IP)
                && memory.get(JAVA_INT_UNALIGNED, at + TYPE)
                        == (v6 ? SystemCalls.IPV6_ORIGDSTADDR : SystemCalls.IP_ORIGDSTADDR);
    }

    static long high(MemorySegment memory, long at, boolean v6) {
        return SocketAddress.high(memory, at + HEADER, v6);
    }

    static long low(MemorySegment memory, long at, boolean v6) {
        return SocketAddress.low(memory, at + HEADER, v6);
    }

    static int port(MemorySegment memory, long at, boolean v6) {
        return SocketAddress.port(SocketAddress.portAndScope(memory, at + HEADER, v6));
    }

    /// Number of the interface, which a link-local address needs; 0 for every other.
    static int scope(MemorySegment memory, long at, boolean v6) {
        return v6 ? (int) (SocketAddress.portAndScope(memory, at + HEADER, true) >>> 16) : 0;
    }
}
