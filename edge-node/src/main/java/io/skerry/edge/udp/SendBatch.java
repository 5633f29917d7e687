package io.skerry.edge.udp;

import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.socket.SystemCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Datagrams that leave through one socket to one peer, sent with as few calls as can be. One per
/// event loop; nothing is copied, so what was added must stay in place until {@link #flush}.
///
/// Two or more datagrams of one size without headers go out as one long send that the kernel cuts
/// (UDP_SEGMENT); the last of them may be shorter.
final class SendBatch {
    private static final int MAX = ReceiveBatch.SLOTS;

    /// Longest datagram worth handing over for cutting; a longer one may not fit a link's MTU,
    /// which cutting demands.
    private static final int SEGMENT_MAX = 1_452;

    private static final int CUT_TOTAL_MAX = 65_000;
    private static final int CONTROL_ROOM = PacketInfo.ROOM + PacketInfo.SEGMENT_ROOM;

    private final SessionMetrics metrics;
    private final MemorySegment messages;
    private final MemorySegment vectors;
    private final MemorySegment cut;
    private final MemorySegment cutControl;
    private final int[] lengths = new int[MAX];
    private final int[] firstVector = new int[MAX];

    private @Nullable UdpSocket socket;
    private long name;
    private int nameLength;
    private MemorySegment control = MemorySegment.NULL;
    private int controlLength;
    private boolean mayCut;
    private boolean plain;
    private int count;
    private int vectorCount;

    private int sent;
    private long bytes;
    private boolean refused;
    private boolean firstFailed;

    SendBatch(SessionMetrics metrics) {
        this.metrics = metrics;
        Arena arena = Arena.ofAuto();
        messages = arena.allocate(MAX * MessageHeader.SIZE, 64);
        vectors = arena.allocate(2L * MAX * MessageHeader.VECTOR, 64);
        cut = arena.allocate(MessageHeader.SIZE, 64);
        cutControl = arena.allocate(CONTROL_ROOM, 64);
    }

    /// Starts a batch.
    ///
    /// @param to the peer's `sockaddr`, or 0 on a connected socket
    /// @param from control message with the address to leave from, empty for none
    /// @param cutting whether the kernel may be asked to cut
    void begin(UdpSocket through, long to, int toLength, MemorySegment from, boolean cutting) {
        socket = through;
        name = to;
        nameLength = toLength;
        control = from;
        controlLength = (int) from.byteSize();
        mayCut = cutting;
        plain = true;
        count = 0;
        vectorCount = 0;
        sent = 0;
        bytes = 0;
        refused = false;
        firstFailed = false;
    }

    /// Adds a datagram; at most as many as one receiving call yields.
    void add(long header, int headerLength, long payload, int length) {
        long at = (long) count * MessageHeader.SIZE;
        long first = vectors.address() + (long) vectorCount * MessageHeader.VECTOR;
        firstVector[count] = vectorCount;
        if (headerLength > 0) {
            vector(header, headerLength);
            plain = false;
        }
        vector(payload, length);
        MessageHeader.name(messages, at, name, nameLength);
        MessageHeader.vectors(messages, at, first, headerLength > 0 ? 2 : 1);
        long from = controlLength == 0 ? 0 : control.address();
        MessageHeader.control(messages, at, from, controlLength);
        lengths[count++] = length;
    }

    private void vector(long base, int length) {
        long at = (long) vectorCount++ * MessageHeader.VECTOR;
        MessageHeader.vector(vectors, at, base, length);
    }

    /// Sends what was added. What cannot be sent is dropped and counted.
    void flush() {
        UdpSocket to = Objects.requireNonNull(socket, "begun");
        for (int i = 0; i < count && !refused; ) {
            int run = mayCut && plain ? run(i) : 1;
            if (run > 1) {
                int result = sendCut(to, i, run);
                if (result >= 0) {
                    sent(i, run);
                    i += run;
                    continue;
                }
                if (fails(i, run, -result)) {
                    i += run;
                    continue;
                }
                mayCut = false;
            }
            i += sendSome(to, i, run > 1 || !mayCut || !plain ? count - i : nextRun(i) - i);
        }
        count = 0;
    }

    /// Whether an error of a cut send also speaks for its datagrams one by one.
    private boolean fails(int i, int run, int errno) {
        switch (errno) {
            case SystemCalls.EAGAIN, SystemCalls.ENOBUFS ->
                    drop(i, run, DropReason.SEND_BUFFER_FULL);
            case SystemCalls.ECONNREFUSED -> {
                refused = true;
                drop(i, count - i, DropReason.SEND_FAILED);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private int sendSome(UdpSocket to, int i, int some) {
        int result = to.send(messages, (long) i * MessageHeader.SIZE, some);
        if (result > 0) {
            sent(i, result);
            return result;
        }
        if (fails(i, some, -result)) {
            return some;
        }
        drop(i, 1, DropReason.SEND_FAILED);
        return 1;
    }

    private int sendCut(UdpSocket to, int i, int run) {
        MemorySegment.copy(control, 0, cutControl, 0, controlLength);
        int segment = PacketInfo.writeSegment(cutControl, controlLength, lengths[i]);
        MessageHeader.name(cut, 0, name, nameLength);
        long first = vectors.address() + (long) firstVector[i] * MessageHeader.VECTOR;
        MessageHeader.vectors(cut, 0, first, run);
        MessageHeader.control(cut, 0, cutControl.address(), controlLength + segment);
        return to.sendCut(cut);
    }

    /// How many datagrams from one on can go out as one long send.
    private int run(int from) {
        int size = lengths[from];
        if (size == 0 || size > SEGMENT_MAX) {
            return 1;
        }
        int total = size;
        int i = from + 1;
        while (i < count && lengths[i] == size && total + size <= CUT_TOTAL_MAX) {
            total += size;
            i++;
        }
        boolean tail = i < count && lengths[i] > 0 && lengths[i] < size;
        return i - from + (tail && total + lengths[i] <= CUT_TOTAL_MAX ? 1 : 0);
    }

    private int nextRun(int from) {
        int i = from + 1;
        while (i < count && run(i) == 1) {
            i++;
        }
        return i;
    }

    private void sent(int from, int number) {
        sent += number;
        for (int i = from; i < from + number; i++) {
            bytes += lengths[i];
        }
    }

    private void drop(int from, int number, DropReason reason) {
        firstFailed |= from == 0;
        for (int i = 0; i < number; i++) {
            metrics.dropped(reason);
        }
    }

    /// Datagrams that went out in the last flush.
    int sent() {
        return sent;
    }

    /// Payload bytes that went out in the last flush.
    long bytes() {
        return bytes;
    }

    /// Whether the peer is known to refuse: nobody listens there.
    boolean refused() {
        return refused;
    }

    /// Whether the first datagram of the batch was dropped.
    boolean firstFailed() {
        return firstFailed;
    }

    /// Whether the kernel has not refused to cut for this peer.
    boolean mayCut() {
        return mayCut;
    }
}
