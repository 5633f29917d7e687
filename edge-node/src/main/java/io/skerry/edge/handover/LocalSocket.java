package io.skerry.edge.handover;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// A Unix domain socket that keeps messages apart and carries open files with them
/// ([unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html), `SOCK_SEQPACKET` and
/// `SCM_RIGHTS`). Blocks, each call for as long as {@link #timeout} says; for one thread.
final class LocalSocket implements AutoCloseable {
    /// Descriptors in one message, at most; the system's own limit is 253.
    static final int DESCRIPTORS_MAX = 250;

    /// Bytes of one message, at most.
    static final int BYTES_MAX = 131_072;

    /// Bytes of the path of a socket, at most: 108 with the zero that ends it.
    static final int PATH_MAX = 107;

    private static final int HEADER = 56;
    private static final int VECTOR = 16;
    private static final int CONTROL_HEADER = 16;
    private static final int CONTROL = CONTROL_HEADER + DESCRIPTORS_MAX * Integer.BYTES;

    /// Who is at the other end, as the system knows it.
    record Peer(int pid, int user) {}

    /// @param descriptors open files that are the receiver's from now on
    @SuppressWarnings("ArrayRecordComponent") // ArrayRecordComponent: read once, never compared
    record Received(byte[] bytes, List<Integer> descriptors) {}

    private final int fd;
    private boolean closed;

    private LocalSocket(int fd) {
        this.fd = fd;
    }

    /// Whether a path is short enough.
    static boolean fits(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8).length <= PATH_MAX;
    }

    /// Listens; where there is a file of that name it must be gone.
    static LocalSocket bound(Path path) throws IOException {
        return opened((socket, address) -> LocalCalls.bind(socket, address), path);
    }

    static LocalSocket connected(Path path) throws IOException {
        return opened((socket, address) -> LocalCalls.connect(socket, address), path);
    }

    private interface Opening {
        void open(int fd, MemorySegment address) throws IOException;
    }

    private static LocalSocket opened(Opening opening, Path path) throws IOException {
        if (!fits(path)) {
            throw new IOException(path + " is longer than " + PATH_MAX + " bytes");
        }
        int fd = LocalCalls.socket();
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
            MemorySegment address = arena.allocate(Short.BYTES + bytes.length + 1L);
            address.set(JAVA_SHORT, 0, (short) LocalCalls.AF_UNIX);
            MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, Short.BYTES, bytes.length);
            opening.open(fd, address);
            return new LocalSocket(fd);
        } catch (IOException refused) {
            LocalCalls.close(fd);
            throw refused;
        }
    }

    void listen() throws IOException {
        LocalCalls.listen(fd, 4);
    }

    LocalSocket accept() throws IOException {
        return new LocalSocket(LocalCalls.accept(fd));
    }

    /// Makes an {@link #accept} on another thread fail.
    synchronized void wake() {
        try {
            if (!closed) {
                LocalCalls.wake(fd);
            }
        } catch (IOException gone) {
            return;
        }
    }

    Peer peer() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment credentials = arena.allocate(JAVA_INT, 3);
            MemorySegment length = arena.allocate(JAVA_INT);
            length.set(JAVA_INT, 0, (int) credentials.byteSize());
            LocalCalls.getOption(fd, LocalCalls.SO_PEERCRED, credentials, length);
            return new Peer(
                    credentials.getAtIndex(JAVA_INT, 0), credentials.getAtIndex(JAVA_INT, 1));
        }
    }

    /// How long a call may take from now on.
    void timeout(Duration time) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_LONG, 2);
            value.setAtIndex(JAVA_LONG, 0, time.toSeconds());
            value.setAtIndex(JAVA_LONG, 1, time.toNanosPart() / 1_000);
            LocalCalls.setOption(fd, LocalCalls.SO_RCVTIMEO, value);
            LocalCalls.setOption(fd, LocalCalls.SO_SNDTIMEO, value);
        }
    }

    /// Sends one message; the descriptors stay open here.
    void send(byte[] bytes, List<Integer> descriptors) throws IOException {
        if (bytes.length == 0 || bytes.length > BYTES_MAX || descriptors.size() > DESCRIPTORS_MAX) {
            throw new IllegalArgumentException(
                    bytes.length + " bytes and " + descriptors.size() + " descriptors");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment control = arena.allocate(CONTROL, Long.BYTES);
            int length = CONTROL_HEADER + descriptors.size() * Integer.BYTES;
            control.set(JAVA_LONG, 0, length);
            control.set(JAVA_INT, 8, LocalCalls.SOL_SOCKET);
            control.set(JAVA_INT, 12, LocalCalls.SCM_RIGHTS);
            for (int i = 0; i < descriptors.size(); i++) {
                control.set(
                        JAVA_INT, CONTROL_HEADER + (long) i * Integer.BYTES, descriptors.get(i));
            }
            MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            MemorySegment header = header(arena, data, control);
            if (descriptors.isEmpty()) {
                header.set(JAVA_LONG, 32, 0);
                header.set(JAVA_LONG, 40, 0);
            } else {
                header.set(JAVA_LONG, 40, length + 7 & ~7);
            }
            LocalCalls.send(fd, header);
        }
    }

    private static MemorySegment header(Arena arena, MemorySegment data, MemorySegment control) {
        MemorySegment vector = arena.allocate(VECTOR, Long.BYTES);
        vector.set(JAVA_LONG, 0, data.address());
        vector.set(JAVA_LONG, 8, data.byteSize());
        MemorySegment header = arena.allocate(HEADER, Long.BYTES);
        header.set(JAVA_LONG, 16, vector.address());
        header.set(JAVA_LONG, 24, 1);
        header.set(JAVA_LONG, 32, control.address());
        header.set(JAVA_LONG, 40, control.byteSize());
        return header;
    }

    /// Waits for a message.
    ///
    /// @throws EOFException where the other side has gone
    /// @throws java.net.SocketTimeoutException where it keeps silent
    Received receive() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment control = arena.allocate(CONTROL, Long.BYTES);
            MemorySegment data = arena.allocate(BYTES_MAX);
            MemorySegment header = header(arena, data, control);
            int count = receive(header);
            List<Integer> descriptors = descriptors(control, header.get(JAVA_LONG, 40));
            int flags = header.get(JAVA_INT, 48);
            if ((flags & (LocalCalls.MSG_TRUNC | LocalCalls.MSG_CTRUNC)) != 0) {
                descriptors.forEach(LocalCalls::close);
                throw new IOException(
                        (flags & LocalCalls.MSG_CTRUNC) != 0
                                ? "descriptors were lost on their way: raise the limit (ulimit -n)"
                                : "a message of more than " + BYTES_MAX + " bytes");
            }
            if (count == 0) {
                throw new EOFException("the other side has gone");
            }
            return new Received(data.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE), descriptors);
        }
    }

    /// Where the other side hung up on something unread, that is told first and what it said last
    /// comes afterwards.
    private int receive(MemorySegment header) throws IOException {
        try {
            return LocalCalls.receive(fd, header);
        } catch (EOFException hungUp) {
            return LocalCalls.receive(fd, header);
        }
    }

    private static List<Integer> descriptors(MemorySegment control, long length) {
        if (length < CONTROL_HEADER
                || control.get(JAVA_INT, 8) != LocalCalls.SOL_SOCKET
                || control.get(JAVA_INT, 12) != LocalCalls.SCM_RIGHTS) {
            return List.of();
        }
        long end = Math.min(length, control.get(JAVA_LONG, 0));
        int count = (int) ((end - CONTROL_HEADER) / Integer.BYTES);
        return java.util.stream.IntStream.range(0, count)
                .mapToObj(i -> control.get(JAVA_INT, CONTROL_HEADER + (long) i * Integer.BYTES))
                .toList();
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            LocalCalls.close(fd);
        }
    }
}
