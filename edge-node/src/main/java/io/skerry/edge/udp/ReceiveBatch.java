package io.skerry.edge.udp;

import io.skerry.edge.socket.SocketAddress;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// Memory for the datagrams of one receiving call, with where they came from and where to; one per
/// event loop, a little above 4 MiB.
final class ReceiveBatch {
    /// Datagrams per call.
    static final int SLOTS = 64;

    private static final int SLOT_BYTES = 65_536;

    /// Slots are this far apart: 9 cache lines more than their size, so that the short datagrams of
    /// a batch do not all fall into the same lines of the first-level cache.
    private static final long STRIDE = SLOT_BYTES + 9 * 64;

    private static final int CONTROL_ROOM = 64;

    /// The signature of PROXY version 2 as two numbers.
    private static final long SIGNATURE_START = 0x0d0a0d0a000d0a51L;

    private static final int SIGNATURE_END = 0x5549540a;

    private final MemorySegment payloads;
    private final MemorySegment names;
    private final MemorySegment controls;
    private final MemorySegment messages;
    private final MemorySegment vectors;
    private int received = SLOTS;

    ReceiveBatch() {
        Arena arena = Arena.ofAuto();
        payloads = arena.allocate(SLOTS * STRIDE, 64);
        names = arena.allocate(SLOTS * SocketAddress.ROOM, 64);
        controls = arena.allocate(SLOTS * CONTROL_ROOM, 64);
        messages = arena.allocate(SLOTS * MessageHeader.SIZE, 64);
        vectors = arena.allocate(SLOTS * MessageHeader.VECTOR, 64);
        for (int i = 0; i < SLOTS; i++) {
            long vector = (long) i * MessageHeader.VECTOR;
            MessageHeader.vector(vectors, vector, payloads.address() + i * STRIDE, SLOT_BYTES);
            MessageHeader.vectors(messages, message(i), vectors.address() + vector, 1);
        }
    }

    /// Receives what is there; answers how many datagrams, or minus an error number. What was
    /// received before is gone.
    int receive(UdpSocket socket) {
        for (int i = 0; i < received; i++) {
            reset(i);
        }
        int count = socket.receive(this);
        received = Math.max(count, 0);
        return count;
    }

    private void reset(int i) {
        MessageHeader.name(messages, message(i), names.address() + name(i), SocketAddress.ROOM);
        long control = controls.address() + control(i);
        MessageHeader.control(messages, message(i), control, CONTROL_ROOM);
    }

    MemorySegment messages() {
        return messages;
    }

    /// Where a datagram goes that Linux's call does not bring.
    ByteBuffer room(int i) {
        return payloads.asSlice(payloadAt(i), SLOT_BYTES).asByteBuffer();
    }

    /// Notes what came into a {@link #room}.
    void put(int i, InetSocketAddress from, int length) {
        SocketAddress.write(names, name(i), from.getAddress(), from.getPort());
        MessageHeader.length(messages, message(i), length);
    }

    /// Notes which address it was sent to.
    void dialled(int i, InetAddress address) {
        boolean v6 = SocketAddress.isV6(address);
        int scope = address instanceof Inet6Address six ? six.getScopeId() : 0;
        long high = SocketAddress.high(address);
        long low = SocketAddress.low(address);
        int length = PacketInfo.write(controls, control(i), v6, high, low, scope);
        MessageHeader.control(messages, message(i), controls.address() + control(i), length);
    }

    int length(int i) {
        return MessageHeader.length(messages, message(i));
    }

    MemorySegment payloads() {
        return payloads;
    }

    long payloadAt(int i) {
        return i * STRIDE;
    }

    MemorySegment names() {
        return names;
    }

    long name(int i) {
        return (long) i * SocketAddress.ROOM;
    }

    MemorySegment controls() {
        return controls;
    }

    long control(int i) {
        return (long) i * CONTROL_ROOM;
    }

    boolean hasLocalAddress(int i, boolean v6) {
        long length = MessageHeader.controlLength(messages, message(i));
        return PacketInfo.isPresent(controls, control(i), length, v6);
    }

    /// Whether a datagram was led here from the port it was sent to.
    boolean isSteered(int i, boolean v6) {
        long length = MessageHeader.controlLength(messages, message(i));
        return OriginalDestination.isPresent(controls, control(i), length, v6);
    }

    /// Whether the payload looks as if a PROXY version 2 header came first.
    boolean looksLikeProxyV2(int i) {
        return length(i) >= 12
                && payloads.get(SocketAddress.LONG, payloadAt(i)) == SIGNATURE_START
                && payloads.get(SocketAddress.INT, payloadAt(i) + 8) == SIGNATURE_END;
    }

    private static long message(int i) {
        return (long) i * MessageHeader.SIZE;
    }
}
