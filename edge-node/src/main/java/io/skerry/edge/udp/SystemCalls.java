package io.skerry.edge.udp;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The socket calls of Linux that batch datagrams and tell the address a client dialled; Netty and
/// the JDK offer neither. One instance per thread: it owns the memory that errors come back in.
///
/// Pointers are passed as numbers, which the calling conventions of x86-64 and aarch64 treat alike;
/// the caller keeps the memory alive. A call answers what the C function answers, or minus the
/// error number. The numbers below are the same on x86-64 and aarch64.
final class SystemCalls {
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;

    static final int SOL_IP = 0;
    static final int IP_PKTINFO = 8;
    static final int SOL_SOCKET = 1;
    static final int SO_RCVBUF = 8;
    static final int SO_REUSEPORT = 15;
    static final int SO_RCVBUFFORCE = 33;
    static final int SO_MEMINFO = 55;
    static final int SOL_UDP = 17;
    static final int UDP_SEGMENT = 103;
    static final int SOL_IPV6 = 41;
    static final int IPV6_V6ONLY = 26;
    static final int IPV6_RECVPKTINFO = 49;
    static final int IPV6_PKTINFO = 50;

    static final int EPERM = 1;
    static final int EINTR = 4;
    static final int EAGAIN = 11;
    static final int EACCES = 13;
    static final int ENFILE = 23;
    static final int EMFILE = 24;
    static final int EINVAL = 22;
    static final int EADDRINUSE = 98;
    static final int EADDRNOTAVAIL = 99;
    static final int ENETUNREACH = 101;
    static final int ENOBUFS = 105;
    static final int ECONNREFUSED = 111;
    static final int EHOSTUNREACH = 113;

    /// Nine numbers (`linux/sock_diag.h`), the drops last.
    private static final int MEMORY_INFO_BYTES = 9 * Integer.BYTES;

    private static final long DROPS_AT = 8 * Integer.BYTES;

    private static final int MSG_DONTWAIT = 0x40;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCK_CLOEXEC = 0x80000;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final VarHandle ERRNO =
            Linker.Option.captureStateLayout().varHandle(PathElement.groupElement("errno"));

    private static final MethodHandle SOCKET =
            handle("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle BIND =
            handle("bind", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle CONNECT =
            handle("connect", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SETSOCKOPT =
            handle("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle GETSOCKOPT =
            handle("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle RECVMMSG =
            handle("recvmmsg", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle SENDMMSG =
            handle("sendmmsg", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle SENDMSG =
            handle("sendmsg", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SENDTO =
            handle(
                    "sendto", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG,
                    JAVA_INT);
    private static final MethodHandle CLOSE = handle("close", JAVA_INT, JAVA_INT);

    private final MemorySegment state;
    private final MemorySegment number;
    private final MemorySegment memoryInfo;
    private final MemorySegment memoryLength;

    SystemCalls() {
        state = Arena.ofAuto().allocate(Linker.Option.captureStateLayout());
        number = Arena.ofAuto().allocate(JAVA_INT);
        memoryInfo = Arena.ofAuto().allocate(MEMORY_INFO_BYTES, Integer.BYTES);
        memoryLength = Arena.ofAuto().allocate(JAVA_INT);
    }

    @SuppressWarnings("restricted") // restricted: this is the one place that calls into C
    private static MethodHandle handle(
            String name, MemoryLayout answer, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(answer, arguments),
                Linker.Option.captureCallState("errno"));
    }

    /// A UDP socket that never blocks and is not inherited by child processes.
    int socket(int family) {
        try {
            int type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
            return answer((int) SOCKET.invokeExact(state, family, type, 0));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    int bind(int fd, long address, int length) {
        try {
            return answer((int) BIND.invokeExact(state, fd, address, length));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    int connect(int fd, long address, int length) {
        try {
            return answer((int) CONNECT.invokeExact(state, fd, address, length));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Sets an option whose value is a number.
    int option(int fd, int level, int option, int value) {
        number.set(JAVA_INT, 0, value);
        try {
            return answer(
                    (int)
                            SETSOCKOPT.invokeExact(
                                    state, fd, level, option, number.address(), Integer.BYTES));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// How many datagrams the system dropped for want of room in the receive buffer, modulo 2^32; 0
    /// where it cannot be told.
    int dropped(int fd) {
        memoryLength.set(JAVA_INT, 0, MEMORY_INFO_BYTES);
        try {
            int result =
                    (int)
                            GETSOCKOPT.invokeExact(
                                    state,
                                    fd,
                                    SOL_SOCKET,
                                    SO_MEMINFO,
                                    memoryInfo.address(),
                                    memoryLength.address());
            return result < 0 ? 0 : memoryInfo.get(JAVA_INT, DROPS_AT);
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Receives up to `count` datagrams into `mmsghdr` structures.
    int receive(int fd, long messages, int count) {
        try {
            return answer((int) RECVMMSG.invokeExact(state, fd, messages, count, MSG_DONTWAIT, 0L));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Sends `count` datagrams from `mmsghdr` structures; answers how many went out, at least 1.
    int send(int fd, long messages, int count) {
        try {
            return answer((int) SENDMMSG.invokeExact(state, fd, messages, count, MSG_DONTWAIT));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Sends one datagram; to a `sockaddr`, or with none on a connected socket. Answers its length.
    int sendTo(int fd, long payload, int length, long name, int nameLength) {
        try {
            return answer(
                    (int)
                            (long)
                                    SENDTO.invokeExact(
                                            state,
                                            fd,
                                            payload,
                                            (long) length,
                                            MSG_DONTWAIT,
                                            name,
                                            nameLength));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Sends one `msghdr`.
    int sendMessage(int fd, long message) {
        try {
            return answer((int) (long) SENDMSG.invokeExact(state, fd, message, MSG_DONTWAIT));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    void close(int fd) {
        try {
            answer((int) CLOSE.invokeExact(state, fd));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    private int answer(int result) {
        return result < 0 ? -(int) ERRNO.get(state, 0L) : result;
    }

    private static IllegalStateException unexpected(Throwable impossible) {
        return new IllegalStateException("a system call could not be made", impossible);
    }

    /// What an error number means, in words.
    static String text(int errno) {
        return switch (errno) {
            case EPERM -> "Operation not permitted";
            case EACCES -> "Permission denied";
            case ENFILE, EMFILE -> "Too many open files";
            case EADDRINUSE -> "Address already in use";
            case EADDRNOTAVAIL -> "Cannot assign requested address";
            case ENETUNREACH -> "Network is unreachable";
            case EHOSTUNREACH -> "No route to host";
            case ECONNREFUSED -> "Connection refused";
            default -> "error number " + errno;
        };
    }
}
