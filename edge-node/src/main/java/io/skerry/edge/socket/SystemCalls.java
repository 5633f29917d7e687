package io.skerry.edge.socket;

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

/// The socket calls of Linux, without what Netty and the JDK put around them or leave out. One
/// instance per thread: it owns the memory that errors and lengths come back in.
///
/// Pointers are passed as numbers, which the calling conventions of x86-64 and aarch64 treat alike;
/// the caller keeps the memory alive. A call answers what the C function answers, or minus the
/// error number. The numbers below are the same on x86-64 and aarch64.
public final class SystemCalls {
    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;

    public static final int SOL_IP = 0;
    public static final int IP_PKTINFO = 8;
    public static final int IP_ORIGDSTADDR = 20;
    public static final int SOL_SOCKET = 1;
    public static final int SO_REUSEADDR = 2;
    public static final int SO_RCVBUF = 8;
    public static final int SO_KEEPALIVE = 9;
    public static final int SO_REUSEPORT = 15;
    public static final int SO_RCVBUFFORCE = 33;
    public static final int SO_MEMINFO = 55;
    public static final int SOL_TCP = 6;
    public static final int TCP_NODELAY = 1;
    private static final int TCP_INFO = 11;

    /// `struct tcp_info` up to and with `tcpi_bytes_acked` (Linux 4.1).
    private static final int TCP_INFO_BYTES = 128;

    private static final long TCP_INFO_ACKED = 120;
    public static final int SOL_UDP = 17;
    public static final int UDP_SEGMENT = 103;
    public static final int SOL_IPV6 = 41;
    public static final int IPV6_V6ONLY = 26;
    public static final int IPV6_RECVPKTINFO = 49;
    public static final int IPV6_PKTINFO = 50;
    public static final int IPV6_ORIGDSTADDR = 74;

    public static final int EPERM = 1;
    public static final int EINTR = 4;
    public static final int EAGAIN = 11;
    public static final int EACCES = 13;
    public static final int EINVAL = 22;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;
    public static final int ENOMEM = 12;
    public static final int EPROTO = 71;
    public static final int EADDRINUSE = 98;
    public static final int EADDRNOTAVAIL = 99;
    public static final int ENETUNREACH = 101;
    public static final int ECONNABORTED = 103;
    public static final int ECONNRESET = 104;
    public static final int ENOBUFS = 105;
    public static final int ETIMEDOUT = 110;
    public static final int ECONNREFUSED = 111;
    public static final int EHOSTUNREACH = 113;
    public static final int EINPROGRESS = 115;

    private static final int SO_ERROR = 4;
    private static final int SO_LINGER = 13;
    private static final int SHUT_WR = 1;

    /// Nine numbers (`linux/sock_diag.h`), the drops last.
    private static final int MEMORY_INFO_BYTES = 9 * Integer.BYTES;

    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int SOCK_STREAM = 1;
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
    private static final MethodHandle GETSOCKNAME =
            handle("getsockname", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle LISTEN = handle("listen", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle ACCEPT4 =
            handle("accept4", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle RECV =
            handle("recv", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SEND =
            handle("send", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SHUTDOWN = handle("shutdown", JAVA_INT, JAVA_INT, JAVA_INT);
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

    /// Ten numbers that a call reads or writes.
    private final MemorySegment number;

    private final MemorySegment info;

    public SystemCalls() {
        state = Arena.ofAuto().allocate(Linker.Option.captureStateLayout());
        number = Arena.ofAuto().allocate(10 * JAVA_INT.byteSize(), JAVA_LONG.byteAlignment());
        info = Arena.ofAuto().allocate(TCP_INFO_BYTES, JAVA_LONG.byteAlignment());
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
    public int socket(int family) {
        return socket(family, SOCK_DGRAM);
    }

    /// A TCP socket that never blocks and is not inherited by child processes.
    public int streamSocket(int family) {
        return socket(family, SOCK_STREAM);
    }

    private int socket(int family, int kind) {
        try {
            int type = kind | SOCK_NONBLOCK | SOCK_CLOEXEC;
            return answer((int) SOCKET.invokeExact(state, family, type, 0));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    public int bind(int fd, long address, int length) {
        try {
            return answer((int) BIND.invokeExact(state, fd, address, length));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    public int connect(int fd, long address, int length) {
        try {
            return answer((int) CONNECT.invokeExact(state, fd, address, length));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Sets an option whose value is a number.
    public int option(int fd, int level, int option, int value) {
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

    /// Has the coming `close` reset the connection.
    public int resetOnClose(int fd) {
        number.set(JAVA_INT, 0, 1);
        number.set(JAVA_INT, Integer.BYTES, 0);
        try {
            return answer(
                    (int)
                            SETSOCKOPT.invokeExact(
                                    state,
                                    fd,
                                    SOL_SOCKET,
                                    SO_LINGER,
                                    number.address(),
                                    2 * Integer.BYTES));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// The error that waits at a socket, which is taken from it; 0 for none.
    public int error(int fd) {
        number.set(JAVA_INT, Integer.BYTES, Integer.BYTES);
        try {
            int failed =
                    answer(
                            (int)
                                    GETSOCKOPT.invokeExact(
                                            state,
                                            fd,
                                            SOL_SOCKET,
                                            SO_ERROR,
                                            number.address(),
                                            number.address() + Integer.BYTES));
            return failed < 0 ? -failed : number.get(JAVA_INT, 0);
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Writes the socket's own address into `room` bytes.
    public int localAddress(int fd, long address, int room) {
        number.set(JAVA_INT, 0, room);
        try {
            return answer((int) GETSOCKNAME.invokeExact(state, fd, address, number.address()));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    public int listen(int fd, int backlog) {
        try {
            return answer((int) LISTEN.invokeExact(state, fd, backlog));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Takes a connection, as a socket that never blocks and is not inherited, and writes its
    /// peer's address into `room` bytes.
    public int accept(int fd, long peer, int room) {
        number.set(JAVA_INT, 0, room);
        try {
            int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
            return answer((int) ACCEPT4.invokeExact(state, fd, peer, number.address(), flags));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Receives bytes of a stream; 0 is its end.
    public int receiveBytes(int fd, long memory, int room) {
        try {
            return answer((int) (long) RECV.invokeExact(state, fd, memory, (long) room, 0));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Sends bytes of a stream; answers how many the system took, at least 1.
    public int sendBytes(int fd, long memory, int length) {
        try {
            return answer(
                    (int) (long) SEND.invokeExact(state, fd, memory, (long) length, MSG_NOSIGNAL));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Sends the end of a stream.
    public int shutdownOutput(int fd) {
        try {
            return answer((int) SHUTDOWN.invokeExact(state, fd, SHUT_WR));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// How many bytes of a stream the peer has acknowledged so far; 0 where it cannot be told.
    public long acknowledged(int fd) {
        number.set(JAVA_INT, 0, TCP_INFO_BYTES);
        try {
            int result =
                    answer(
                            (int)
                                    GETSOCKOPT.invokeExact(
                                            state,
                                            fd,
                                            SOL_TCP,
                                            TCP_INFO,
                                            info.address(),
                                            number.address()));
            boolean told = result == 0 && number.get(JAVA_INT, 0) == TCP_INFO_BYTES;
            return told ? info.get(JAVA_LONG, TCP_INFO_ACKED) : 0;
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Receives up to `count` datagrams into `mmsghdr` structures.
    public int receive(int fd, long messages, int count) {
        try {
            return answer((int) RECVMMSG.invokeExact(state, fd, messages, count, MSG_DONTWAIT, 0L));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Sends `count` datagrams from `mmsghdr` structures; answers how many went out, at least 1.
    public int send(int fd, long messages, int count) {
        try {
            return answer((int) SENDMMSG.invokeExact(state, fd, messages, count, MSG_DONTWAIT));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Sends one `msghdr`.
    public int sendOne(int fd, long message) {
        try {
            return answer((int) (long) SENDMSG.invokeExact(state, fd, message, MSG_DONTWAIT));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Sends one datagram; to a `sockaddr`, or with none on a connected socket. Answers its length.
    public int sendTo(int fd, long payload, int length, long name, int nameLength) {
        try {
            long all = length;
            return answer(
                    (int)
                            (long)
                                    SENDTO.invokeExact(
                                            state,
                                            fd,
                                            payload,
                                            all,
                                            MSG_DONTWAIT,
                                            name,
                                            nameLength));
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// How many datagrams the system dropped for want of room in the receive buffer, modulo 2^32; 0
    /// where it cannot be told.
    public int dropped(int fd) {
        number.set(JAVA_INT, MEMORY_INFO_BYTES, MEMORY_INFO_BYTES);
        try {
            int result =
                    (int)
                            GETSOCKOPT.invokeExact(
                                    state,
                                    fd,
                                    SOL_SOCKET,
                                    SO_MEMINFO,
                                    number.address(),
                                    number.address() + MEMORY_INFO_BYTES);
            return result < 0 ? 0 : number.get(JAVA_INT, MEMORY_INFO_BYTES - Integer.BYTES);
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    public void close(int fd) {
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
    public static String text(int errno) {
        return switch (errno) {
            case EPERM -> "Operation not permitted";
            case EACCES -> "Permission denied";
            case ENFILE, EMFILE -> "Too many open files";
            case EADDRINUSE -> "Address already in use";
            case EADDRNOTAVAIL -> "Cannot assign requested address";
            case ENETUNREACH -> "Network is unreachable";
            case EHOSTUNREACH -> "No route to host";
            case ECONNREFUSED -> "Connection refused";
            case ENOBUFS, ENOMEM -> "No memory for it";
            default -> "error number " + errno;
        };
    }
}
