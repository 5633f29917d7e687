package io.skerry.edge.steering;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.skerry.edge.listener.ListenerKey;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.util.Optional;

/// A port as the kernel's table has it; `struct steer_port` in `steer.bpf.c`.
final class PortKey {
    static final int SIZE = 20;

    private static final int PORT = 16;
    private static final int FAMILY = 18;
    private static final int PROTOCOL = 19;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_UDP = 17;

    private PortKey() {}

    static void write(MemorySegment memory, long at, ListenerKey key) {
        memory.asSlice(at, SIZE).fill((byte) 0);
        byte[] address = key.address().getAddress();
        MemorySegment.copy(address, 0, memory, JAVA_BYTE, at, address.length);
        memory.set(JAVA_SHORT_UNALIGNED, at + PORT, (short) key.port());
        boolean v6 = key.address() instanceof Inet6Address;
        memory.set(JAVA_BYTE, at + FAMILY, (byte) (v6 ? AF_INET6 : AF_INET));
        memory.set(JAVA_BYTE, at + PROTOCOL, (byte) number(key.protocol()));
    }

    private static int number(Protocol protocol) {
        return switch (protocol) {
            case TCP -> IPPROTO_TCP;
            case UDP -> IPPROTO_UDP;
        };
    }

    /// What a table of somebody else's holds; empty where it is nothing we know.
    static Optional<ListenerKey> read(MemorySegment memory, long at) {
        int family = memory.get(JAVA_BYTE, at + FAMILY);
        int number = memory.get(JAVA_BYTE, at + PROTOCOL);
        int port = memory.get(JAVA_SHORT_UNALIGNED, at + PORT) & 0xffff;
        if (family != AF_INET && family != AF_INET6) {
            return Optional.empty();
        }
        byte[] address = memory.asSlice(at, family == AF_INET ? 4 : 16).toArray(JAVA_BYTE);
        return switch (number) {
            case IPPROTO_TCP ->
                    Optional.of(new ListenerKey(Protocol.TCP, IpText.of(address), port));
            case IPPROTO_UDP ->
                    Optional.of(new ListenerKey(Protocol.UDP, IpText.of(address), port));
            default -> Optional.empty();
        };
    }
}
