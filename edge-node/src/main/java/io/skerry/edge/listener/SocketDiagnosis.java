package io.skerry.edge.listener;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.BiConsumer;

/// Asks the kernel for its sockets by netlink (`sock_diag(7)`): only those that hold a port,
/// however many connections there are, and with what `/proc/net` does not tell, whether a socket on
/// `[::]` takes IPv4 too.
final class SocketDiagnosis {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int NETLINK_SOCK_DIAG = 4;
    private static final short SOCK_DIAG_BY_FAMILY = 20;
    private static final short NLM_F_REQUEST_DUMP = 0x301;
    private static final short NLMSG_ERROR = 2;
    private static final short NLMSG_DONE = 3;

    private static final int TCP_ESTABLISHED = 1;
    private static final int TCP_LISTEN = 10;
    private static final int ALL_STATES = -1;

    /// `nlmsghdr`.
    private static final int HEADER = 16;

    /// `nlmsghdr` and `inet_diag_req_v2`.
    private static final int REQUEST = HEADER + 56;

    /// `inet_diag_msg`; its attributes follow.
    private static final int MESSAGE = 72;

    private static final short INET_DIAG_SKV6ONLY = 11;

    private static final int ROOM = 1 << 16;
    private static final ValueLayout.OfShort BIG_SHORT =
            JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private SocketDiagnosis() {}

    private static final class Calls {
        static final MethodHandle SOCKET =
                handle("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
        static final MethodHandle SEND =
                handle(
                        "send",
                        FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
        static final MethodHandle RECEIVE =
                handle(
                        "recv",
                        FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
        static final MethodHandle CLOSE =
                handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

        private Calls() {}

        @SuppressWarnings("restricted") // restricted: this is the one place here that calls into C
        private static MethodHandle handle(String name, FunctionDescriptor type) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
        }
    }

    /// Lists listening TCP sockets, or bound UDP sockets, of both families.
    ///
    /// @param each told the port and what holds it
    /// @throws IOException where the kernel does not answer, such as one without `udp_diag`
    static void list(Protocol protocol, BiConsumer<Integer, PortTable.Held> each)
            throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int fd =
                    (int) Calls.SOCKET.invokeExact(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
            if (fd < 0) {
                throw new IOException("no netlink socket");
            }
            try {
                MemorySegment memory = arena.allocate(ROOM, Long.BYTES);
                ask(fd, memory, AF_INET, protocol, each);
                ask(fd, memory, AF_INET6, protocol, each);
            } finally {
                int _ = (int) Calls.CLOSE.invokeExact(fd);
            }
        } catch (IOException | RuntimeException | Error known) {
            throw known;
        } catch (Throwable impossible) {
            throw new IllegalStateException("a system call could not be made", impossible);
        }
    }

    private static void ask(
            int fd,
            MemorySegment memory,
            int family,
            Protocol protocol,
            BiConsumer<Integer, PortTable.Held> each)
            throws Throwable {
        memory.asSlice(0, REQUEST).fill((byte) 0);
        memory.set(JAVA_INT, 0, REQUEST);
        memory.set(JAVA_SHORT_UNALIGNED, 4, SOCK_DIAG_BY_FAMILY);
        memory.set(JAVA_SHORT_UNALIGNED, 6, NLM_F_REQUEST_DUMP);
        memory.set(JAVA_BYTE, HEADER, (byte) family);
        memory.set(JAVA_BYTE, HEADER + 1, (byte) number(protocol));
        memory.set(JAVA_INT, HEADER + 4, states(protocol));
        if ((long) Calls.SEND.invokeExact(fd, memory, (long) REQUEST, 0) != REQUEST) {
            throw new IOException("netlink takes no question");
        }
        boolean more = true;
        while (more) {
            long length = (long) Calls.RECEIVE.invokeExact(fd, memory, (long) ROOM, 0);
            if (length < HEADER) {
                throw new IOException("netlink does not answer");
            }
            more = messages(memory.asSlice(0, length), each);
        }
    }

    private static int number(Protocol protocol) {
        return switch (protocol) {
            case TCP -> 6;
            case UDP -> 17;
        };
    }

    private static int states(Protocol protocol) {
        return switch (protocol) {
            case TCP -> 1 << TCP_LISTEN;
            case UDP -> ALL_STATES;
        };
    }

    /// Reads one answer; whether there are more.
    private static boolean messages(MemorySegment answer, BiConsumer<Integer, PortTable.Held> each)
            throws IOException {
        long at = 0;
        while (at + HEADER <= answer.byteSize()) {
            int length = answer.get(JAVA_INT_UNALIGNED, at);
            short type = answer.get(JAVA_SHORT_UNALIGNED, at + 4);
            if (type == NLMSG_ERROR || length < HEADER || at + length > answer.byteSize()) {
                throw new IOException("the kernel does not list its sockets by netlink");
            }
            if (type == NLMSG_DONE) {
                return false;
            }
            if (length >= HEADER + MESSAGE) {
                one(answer.asSlice(at + HEADER, length - HEADER), each);
            }
            at += length + 3 & ~3;
        }
        return true;
    }

    private static void one(MemorySegment message, BiConsumer<Integer, PortTable.Held> each) {
        boolean v6 = message.get(JAVA_BYTE, 0) == AF_INET6;
        byte[] address = message.asSlice(8, v6 ? 16 : 4).toArray(JAVA_BYTE);
        int port = message.get(BIG_SHORT, 4) & 0xffff;
        long inode = message.get(JAVA_INT_UNALIGNED, 68) & 0xffffffffL;
        InetAddress bound = IpText.of(address);
        each.accept(
                port,
                new PortTable.Held(
                        bound,
                        inode,
                        message.get(JAVA_BYTE, 1) == TCP_ESTABLISHED,
                        bound instanceof Inet6Address ? v6Only(message) : Optional.of(true)));
    }

    private static Optional<Boolean> v6Only(MemorySegment message) {
        long at = MESSAGE;
        while (at + 4 <= message.byteSize()) {
            int length = message.get(JAVA_SHORT_UNALIGNED, at) & 0xffff;
            if (length < 4) {
                break;
            }
            if (message.get(JAVA_SHORT_UNALIGNED, at + 2) == INET_DIAG_SKV6ONLY) {
                return Optional.of(message.get(JAVA_BYTE, at + 4) != 0);
            }
            at += length + 3 & ~3;
        }
        return Optional.empty();
    }
}
