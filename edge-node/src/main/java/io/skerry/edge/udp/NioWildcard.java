package io.skerry.edge.udp;

import io.skerry.edge.socket.SocketAddress;
import io.skerry.edge.socket.SystemCalls;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One port on all addresses of a family: a socket for each, so that answers leave from the address
/// the client dialled. Towards its user it is one socket that tells the dialled address and takes
/// the address to leave from, as the system's own wildcard does.
final class NioWildcard implements UdpSocket {
    private static final Logger LOG = LoggerFactory.getLogger(NioWildcard.class);

    private final NioSockets sockets;
    private final boolean v6;
    private final int port;
    private final Map<InetAddress, NioSocket> members = new HashMap<>();
    private @Nullable InetAddress readable;
    private @Nullable Runnable whenReadable;
    private Runnable whenLoopEnds = () -> {};
    private boolean released;

    NioWildcard(NioSockets sockets, boolean v6, int port) {
        this.sockets = sockets;
        this.v6 = v6;
        this.port = port;
    }

    /// Listens on one more address; one of the other family is not ours.
    void add(InetAddress address, UdpSockets.Sharing sharing) throws IOException {
        if (SocketAddress.isV6(address) != v6 || members.containsKey(address)) {
            return;
        }
        NioSocket member = sockets.exact(address, port, sharing);
        members.put(address, member);
        if (whenReadable != null) {
            watch(address, member);
        }
    }

    private void watch(InetAddress address, NioSocket member) throws IOException {
        member.register(() -> read(address), whenLoopEnds);
    }

    private void read(InetAddress address) {
        readable = address;
        if (whenReadable != null) {
            whenReadable.run();
        }
    }

    /// Follows the addresses of the node.
    void follow(List<InetAddress> now) {
        members.entrySet()
                .removeIf(each -> {
                    boolean gone = !now.contains(each.getKey());
                    if (gone) {
                        each.getValue().release();
                    }
                    return gone;
                });
        for (InetAddress each : now) {
            try {
                add(each, UdpSockets.Sharing.ONCE_BOUND);
            } catch (IOException refused) {
                LOG.warn("a new address of the node is not served", refused);
            }
        }
    }

    @Override
    public void register(Runnable onReadable, Runnable onLoopEnd) throws IOException {
        whenReadable = onReadable;
        whenLoopEnds = onLoopEnd;
        for (Map.Entry<InetAddress, NioSocket> each : members.entrySet()) {
            watch(each.getKey(), each.getValue());
        }
    }

    /// Receives from the address that has something.
    @Override
    public int receive(ReceiveBatch in) {
        InetAddress dialled = readable;
        NioSocket member = dialled == null ? null : members.get(dialled);
        if (dialled == null || member == null) {
            return -SystemCalls.EAGAIN;
        }
        int count = member.receive(in);
        for (int i = 0; i < count; i++) {
            in.dialled(i, dialled);
        }
        return count;
    }

    @Override
    public int send(MemorySegment messages, long at, int count) {
        NioSocket member = members.get(MessageHeader.from(messages, at, v6));
        return member == null ? -SystemCalls.EADDRNOTAVAIL : member.send(messages, at, count);
    }

    @Override
    public int sendCut(MemorySegment message) {
        return -SystemCalls.EINVAL;
    }

    /// The JDK does not say.
    @Override
    public long overflow() {
        return 0;
    }

    @Override
    public void release() {
        if (!released) {
            released = true;
            sockets.forget(this);
            members.values().forEach(NioSocket::release);
            members.clear();
        }
    }
}
