package io.skerry.edge.handover;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.net.SocketTimeoutException;

/// The calls of Linux that hand open files from process to process and lock a folder; the JDK has
/// none of them. All may block. The numbers are the same on x86-64 and aarch64.
final class LocalCalls {
    static final int AF_UNIX = 1;
    static final int SOL_SOCKET = 1;
    static final int SO_PEERCRED = 17;
    static final int SO_RCVTIMEO = 20;
    static final int SO_SNDTIMEO = 21;
    static final int SCM_RIGHTS = 1;
    static final int MSG_CTRUNC = 0x8;
    static final int MSG_TRUNC = 0x20;
    static final int LOCK_EXCLUSIVE_NOW = 2 | 4;

    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int SOCK_SEQPACKET = 5;
    private static final int CLOEXEC = 0x80000;
    private static final int O_RDWR = 2;
    private static final int O_CREAT = 0x40;
    private static final int SHUT_RDWR = 2;
    private static final int OWNER_ONLY = 0600;

    private static final int ENOENT = 2;
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final VarHandle ERRNO =
            Linker.Option.captureStateLayout().varHandle(PathElement.groupElement("errno"));

    private static final MethodHandle SOCKET =
            handle("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle BIND =
            handle("bind", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle CONNECT =
            handle("connect", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle LISTEN = handle("listen", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle ACCEPT =
            handle("accept4", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SENDMSG =
            handle("sendmsg", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle RECVMSG =
            handle("recvmsg", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle GETSOCKOPT =
            handle("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SETSOCKOPT =
            handle("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SHUTDOWN = handle("shutdown", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle FLOCK = handle("flock", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle CLOSE = handle("close", JAVA_INT, JAVA_INT);
    private static final MethodHandle GETEUID = handle("geteuid", JAVA_INT);
    private static final MethodHandle OPEN = open();

    private LocalCalls() {}

    @SuppressWarnings("restricted") // restricted: this file is here to call into C
    private static MethodHandle handle(
            String name, MemoryLayout answer, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(answer, arguments),
                Linker.Option.captureCallState("errno"));
    }

    @SuppressWarnings("restricted") // restricted: this file is here to call into C
    private static MethodHandle open() {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow("open"),
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT),
                Linker.Option.firstVariadicArg(2),
                Linker.Option.captureCallState("errno"));
    }

    /// A call with the memory that its error number comes back in.
    private interface Call {
        long make(MemorySegment state) throws Throwable;
    }

    /// Makes a call, again where a signal broke it off.
    private static long call(String what, Call call) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            while (true) {
                long answer = made(state, call);
                int errno = (int) ERRNO.get(state, 0L);
                if (answer >= 0) {
                    return answer;
                }
                if (Thread.interrupted()) {
                    throw new InterruptedIOException(what);
                }
                if (errno != EINTR) {
                    throw failure(what, errno);
                }
            }
        }
    }

    private static long made(MemorySegment state, Call call) {
        try {
            return call.make(state);
        } catch (Throwable impossible) {
            throw new IllegalStateException("a system call could not be made", impossible);
        }
    }

    private static IOException failure(String what, int errno) {
        return switch (errno) {
            case EAGAIN -> new SocketTimeoutException(what + ": no answer in time");
            case ENOENT -> new IOException(what + ": No such file or directory");
            case 13 -> new IOException(what + ": Permission denied");
            case 24, 23 -> new IOException(what + ": Too many open files");
            case 32, 104 -> new EOFException(what + ": the other side has gone");
            case 98 -> new IOException(what + ": Address already in use");
            case 109 -> new IOException(what + ": Too many descriptors on their way");
            case 111 -> new IOException(what + ": Connection refused");
            default -> new IOException(what + ": error number " + errno);
        };
    }

    static int socket() throws IOException {
        int type = SOCK_SEQPACKET | CLOEXEC;
        return (int) call("socket", state -> (int) SOCKET.invokeExact(state, AF_UNIX, type, 0));
    }

    static void bind(int fd, MemorySegment address) throws IOException {
        int length = (int) address.byteSize();
        call("bind", state -> (int) BIND.invokeExact(state, fd, address.address(), length));
    }

    static void connect(int fd, MemorySegment address) throws IOException {
        int length = (int) address.byteSize();
        call("connect", state -> (int) CONNECT.invokeExact(state, fd, address.address(), length));
    }

    static void listen(int fd, int backlog) throws IOException {
        call("listen", state -> (int) LISTEN.invokeExact(state, fd, backlog));
    }

    static int accept(int fd) throws IOException {
        return (int) call("accept", state -> (int) ACCEPT.invokeExact(state, fd, 0L, 0L, CLOEXEC));
    }

    static int send(int fd, MemorySegment message) throws IOException {
        return (int)
                call(
                        "sendmsg",
                        state ->
                                (long)
                                        SENDMSG.invokeExact(
                                                state, fd, message.address(), MSG_NOSIGNAL));
    }

    static int receive(int fd, MemorySegment message) throws IOException {
        return (int)
                call(
                        "recvmsg",
                        state ->
                                (long)
                                        RECVMSG.invokeExact(
                                                state, fd, message.address(), MSG_CMSG_CLOEXEC));
    }

    static void getOption(int fd, int option, MemorySegment value, MemorySegment length)
            throws IOException {
        call(
                "getsockopt",
                state ->
                        (int)
                                GETSOCKOPT.invokeExact(
                                        state,
                                        fd,
                                        SOL_SOCKET,
                                        option,
                                        value.address(),
                                        length.address()));
    }

    static void setOption(int fd, int option, MemorySegment value) throws IOException {
        int length = (int) value.byteSize();
        call(
                "setsockopt",
                state ->
                        (int)
                                SETSOCKOPT.invokeExact(
                                        state, fd, SOL_SOCKET, option, value.address(), length));
    }

    /// Wakes whoever waits on a Unix domain socket. Never for a socket that is shared.
    static void wake(int fd) throws IOException {
        call("shutdown", state -> (int) SHUTDOWN.invokeExact(state, fd, SHUT_RDWR));
    }

    /// Opens a file to read and write, makes it where there is none.
    static int open(MemorySegment path) throws IOException {
        int flags = O_RDWR | O_CREAT | CLOEXEC;
        return (int)
                call(
                        "open",
                        state -> (int) OPEN.invokeExact(state, path.address(), flags, OWNER_ONLY));
    }

    /// Locks an open file for whoever has it open, across processes; fails with a {@link
    /// SocketTimeoutException} where somebody else has.
    static void lock(int fd) throws IOException {
        call("flock", state -> (int) FLOCK.invokeExact(state, fd, LOCK_EXCLUSIVE_NOW));
    }

    static void close(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            // Whatever it answers, the number is free again.
            made(state, memory -> (int) CLOSE.invokeExact(memory, fd));
        }
    }

    /// The user this process acts as.
    static int user() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            return (int) made(state, memory -> (int) GETEUID.invokeExact(memory));
        }
    }
}
