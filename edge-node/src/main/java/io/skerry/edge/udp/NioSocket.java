package io.skerry.edge.udp;

import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoOps;
import io.skerry.edge.socket.SystemCalls;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectableChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A socket of the JDK on Netty's NIO loop, for systems without epoll: one datagram per system
/// call.
final class NioSocket extends LoopSocket implements NioIoHandle {
    private static final Logger LOG = LoggerFactory.getLogger(NioSocket.class);

    private final DatagramChannel channel;
    private final boolean connected;

    NioSocket(UdpLoop loop, DatagramChannel channel) {
        super(loop, NioIoOps.READ);
        this.channel = channel;
        connected = channel.isConnected();
    }

    @Override
    public int receive(ReceiveBatch in) {
        int count = 0;
        try {
            while (count < ReceiveBatch.SLOTS) {
                ByteBuffer room = in.room(count);
                if (!(channel.receive(room) instanceof InetSocketAddress from)) {
                    break;
                }
                in.put(count++, from, room.position());
            }
        } catch (IOException failed) {
            // Behind datagrams the error is forgotten; what is sent next brings it back.
            return count > 0 ? count : error(failed);
        }
        return count > 0 ? count : -SystemCalls.EAGAIN;
    }

    @Override
    public int send(MemorySegment messages, long at, int count) {
        for (int sent = 0; sent < count; sent++) {
            int result = send(messages, at + (long) sent * MessageHeader.SIZE);
            if (result < 0) {
                return sent > 0 ? sent : result;
            }
        }
        return count;
    }

    private int send(MemorySegment messages, long at) {
        ByteBuffer[] parts = MessageHeader.parts(messages, at);
        long length = 0;
        for (ByteBuffer part : parts) {
            length += part.remaining();
        }
        if (connected && length == 0) {
            // The JDK answers 0 and sends nothing.
            return -SystemCalls.EINVAL;
        }
        try {
            long sent =
                    connected
                            ? channel.write(parts)
                            : channel.send(parts[0], MessageHeader.peer(messages, at));
            return sent == length ? 0 : -SystemCalls.EAGAIN;
        } catch (IOException failed) {
            return error(failed);
        }
    }

    private static int error(IOException failed) {
        if (failed instanceof PortUnreachableException) {
            return -SystemCalls.ECONNREFUSED;
        }
        LOG.debug("the system refuses a datagram", failed);
        return -SystemCalls.EINVAL;
    }

    /// There is no such call: the batch sends one by one.
    @Override
    public int sendCut(MemorySegment message) {
        return -SystemCalls.EINVAL;
    }

    @Override
    public SelectableChannel selectableChannel() {
        return channel;
    }

    /// The JDK does not say.
    @Override
    public long overflow() {
        return 0;
    }

    @Override
    void shut() throws IOException {
        channel.close();
    }
}
