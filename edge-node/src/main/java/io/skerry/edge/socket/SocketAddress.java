package io.skerry.edge.socket;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.skerry.shared.net.IpText;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// `sockaddr_in` and `sockaddr_in6` in native memory. An address is two numbers as well: its first
/// and last eight bytes, the first zero for IPv4.
public final class SocketAddress {
    /// Room that either structure fits in.
    public static final int ROOM = 32;

    public static final int V4_LENGTH = 16;
    public static final int V6_LENGTH = 28;

    public static final ValueLayout.OfLong LONG =
            JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    public static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final long PORT = 2;
    private static final long V4_ADDRESS = 4;
    private static final long V6_ADDRESS = 8;
    private static final long V6_SCOPE = 24;

    private SocketAddress() {}

    public static boolean isV6(InetAddress address) {
        return address instanceof Inet6Address;
    }

    /// Whether the structure is one of IPv6.
    public static boolean isV6(MemorySegment memory, long at) {
        return memory.get(JAVA_SHORT_UNALIGNED, at) == SystemCalls.AF_INET6;
    }

    public static int family(boolean v6) {
        return v6 ? SystemCalls.AF_INET6 : SystemCalls.AF_INET;
    }

    public static int length(boolean v6) {
        return v6 ? V6_LENGTH : V4_LENGTH;
    }

    /// Writes the structure and answers its length.
    public static int write(MemorySegment memory, long at, InetAddress address, int port) {
        boolean v6 = isV6(address);
        memory.asSlice(at, length(v6)).fill((byte) 0);
        memory.set(JAVA_SHORT_UNALIGNED, at, (short) family(v6));
        memory.set(SHORT, at + PORT, (short) port);
        byte[] bytes = address.getAddress();
        long to = at + (v6 ? V6_ADDRESS : V4_ADDRESS);
        MemorySegment.copy(bytes, 0, memory, JAVA_BYTE, to, bytes.length);
        if (address instanceof Inet6Address six) {
            memory.set(JAVA_INT_UNALIGNED, at + V6_SCOPE, six.getScopeId());
        }
        return length(v6);
    }

    public static long high(MemorySegment memory, long at, boolean v6) {
        return v6 ? memory.get(LONG, at + V6_ADDRESS) : 0;
    }

    public static long low(MemorySegment memory, long at, boolean v6) {
        return v6
                ? memory.get(LONG, at + V6_ADDRESS + 8)
                : memory.get(INT, at + V4_ADDRESS) & 0xffffffffL;
    }

    /// The port, and above its 16 bits the scope of an IPv6 address.
    public static long portAndScope(MemorySegment memory, long at, boolean v6) {
        long port = memory.get(SHORT, at + PORT) & 0xffff;
        return v6 ? port | (long) memory.get(JAVA_INT_UNALIGNED, at + V6_SCOPE) << 16 : port;
    }

    public static int port(long portAndScope) {
        return (int) (portAndScope & 0xffff);
    }

    public static long high(InetAddress address) {
        return isV6(address) ? ByteBuffer.wrap(address.getAddress()).getLong(0) : 0;
    }

    public static long low(InetAddress address) {
        ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return isV6(address) ? bytes.getLong(8) : bytes.getInt(0) & 0xffffffffL;
    }

    /// The address of two numbers; a scope of 0 is none.
    public static InetAddress address(boolean v6, long high, long low, int scope) {
        if (!v6) {
            return IpText.of(ByteBuffer.allocate(4).putInt((int) low).array());
        }
        byte[] bytes = ByteBuffer.allocate(16).putLong(high).putLong(low).array();
        if (scope == 0) {
            return IpText.of(bytes);
        }
        try {
            return Inet6Address.getByAddress(null, bytes, scope);
        } catch (UnknownHostException wrongLength) {
            throw new IllegalStateException(wrongLength);
        }
    }
}
