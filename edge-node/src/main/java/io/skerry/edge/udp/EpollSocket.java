package io.skerry.edge.udp;

import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.skerry.edge.socket.SocketAddress;
import io.skerry.edge.socket.SystemCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;

/// A socket below Netty on Netty's epoll loop: many datagrams in one system call. Owns the
/// descriptor.
final class EpollSocket extends LoopSocket implements EpollIoHandle {
    private final SystemCalls calls;
    private final FileDescriptor fd;
    private int overflow;

    EpollSocket(UdpLoop loop, SystemCalls calls, int fd) {
        super(loop, EpollIoOps.EPOLLIN);
        this.calls = calls;
        this.fd = new FileDescriptor(fd);
    }

    @Override
    public void leave() {
        unregister();
    }

    @Override
    public int descriptor() {
        return fd.intValue();
    }

    @Override
    public int receive(ReceiveBatch in) {
        int count;
        do {
            count = calls.receive(fd.intValue(), in.messages().address(), ReceiveBatch.SLOTS);
        } while (count == -SystemCalls.EINTR);
        return count;
    }

    @Override
    public int send(MemorySegment messages, long at, int count) {
        if (count == 1 && MessageHeader.isBare(messages, at)) {
            return sendBare(messages, at);
        }
        int result;
        do {
            result = calls.send(fd.intValue(), messages.address() + at, count);
        } while (result == -SystemCalls.EINTR);
        return result;
    }

    /// One datagram in one piece: the system copies no structures.
    private int sendBare(MemorySegment messages, long at) {
        long payload = MessageHeader.payload(messages, at);
        int length = MessageHeader.payloadLength(messages, at);
        long name = MessageHeader.name(messages, at);
        int nameLength = MessageHeader.nameLength(messages, at);
        int result;
        do {
            result = calls.sendTo(fd.intValue(), payload, length, name, nameLength);
        } while (result == -SystemCalls.EINTR);
        return result < 0 ? result : 1;
    }

    @Override
    public int sendCut(MemorySegment message) {
        int result;
        do {
            result = calls.sendOne(fd.intValue(), message.address());
        } while (result == -SystemCalls.EINTR);
        return result;
    }

    /// Where it is bound.
    InetSocketAddress boundTo(boolean v6) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(SocketAddress.ROOM, Long.BYTES);
            calls.localAddress(fd.intValue(), name.address(), SocketAddress.ROOM);
            long high = SocketAddress.high(name, 0, v6);
            long low = SocketAddress.low(name, 0, v6);
            int port = SocketAddress.port(SocketAddress.portAndScope(name, 0, v6));
            return new InetSocketAddress(SocketAddress.address(v6, high, low, 0), port);
        }
    }

    @Override
    public long overflow() {
        if (!fd.isOpen()) {
            return 0;
        }
        int now = calls.dropped(fd.intValue());
        // A number of 32 bits that goes round.
        long more = now - overflow & 0xffff_ffffL;
        overflow = now;
        return more;
    }

    @Override
    public FileDescriptor fd() {
        return fd;
    }

    /// Not by its number: leaving the loop may have closed it, and the number may be another's.
    @Override
    void shut() throws IOException {
        fd.close();
    }
}
