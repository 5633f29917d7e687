package io.skerry.edge.udp;

import io.netty.util.concurrent.Future;
import io.skerry.edge.socket.SocketAddress;
import io.skerry.shared.net.IpText;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sockets of the JDK, on a loop of Netty's that waits with a selector. They know nothing of the
/// address a client dialled, so that a wildcard is a socket for each address the node has; the
/// addresses are looked up again every {@link #LOOK_MILLIS}.
final class NioSockets implements UdpSockets {
    private static final Logger LOG = LoggerFactory.getLogger(NioSockets.class);
    private static final long LOOK_MILLIS = 5_000;

    private final UdpLoop loop;
    private final int receiveBuffer;
    private final Supplier<List<InetAddress>> addresses;
    private final List<NioWildcard> wildcards = new ArrayList<>();
    private @Nullable Future<?> looking;

    /// @param receiveBuffer bytes, of each socket
    /// @param addresses the node's addresses; may take its time
    NioSockets(UdpLoop loop, int receiveBuffer, Supplier<List<InetAddress>> addresses) {
        this.loop = loop;
        this.receiveBuffer = receiveBuffer;
        this.addresses = addresses;
    }

    /// The addresses of this machine's interfaces that are up.
    static List<InetAddress> addressesOfMachine() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .toList();
        } catch (IOException unknown) {
            LOG.warn("the node's addresses cannot be looked up", unknown);
            return List.of();
        }
    }

    @Override
    public boolean sharesPorts() {
        return false;
    }

    @Override
    public UdpSocket listening(InetAddress address, int port, Sharing sharing) throws IOException {
        if (!address.isAnyLocalAddress()) {
            return exact(address, port, sharing);
        }
        NioWildcard wildcard = new NioWildcard(this, SocketAddress.isV6(address), port);
        try {
            for (InetAddress each : addresses.get()) {
                wildcard.add(each, sharing);
            }
        } catch (IOException refused) {
            wildcard.release();
            throw refused;
        }
        wildcards.add(wildcard);
        if (looking == null) {
            looking = loop.every(LOOK_MILLIS, this::look);
        }
        return wildcard;
    }

    NioSocket exact(InetAddress address, int port, Sharing sharing) throws IOException {
        return new NioSocket(loop, bound(address, port, sharing));
    }

    /// A wildcard is closed.
    void forget(NioWildcard wildcard) {
        wildcards.remove(wildcard);
        if (wildcards.isEmpty() && looking != null) {
            looking.cancel(false);
            looking = null;
        }
    }

    /// Looks beside the loop, which the lookup would hold up.
    private void look() {
        Thread.startVirtualThread(() -> {
            List<InetAddress> now = addresses.get();
            loop.execute(() -> List.copyOf(wildcards).forEach(each -> each.follow(now)));
        });
    }

    @Override
    public EpollSocket front(InetAddress address) throws IOException {
        throw new IOException("steering needs epoll");
    }

    @Override
    public UdpSocket connected(InetAddress peer, int port) throws SocketRefused {
        DatagramChannel channel;
        try {
            channel = DatagramChannel.open(family(peer));
        } catch (IOException full) {
            throw new SocketRefused(SocketRefused.Cause.DESCRIPTORS);
        }
        return connect(channel, peer, port);
    }

    @Override
    public UdpSocket connected(InetAddress own, int ownPort, InetAddress peer, int port)
            throws IOException {
        return connect(bound(own, ownPort, Sharing.FROM_THE_START), peer, port);
    }

    private UdpSocket connect(DatagramChannel channel, InetAddress peer, int port)
            throws SocketRefused {
        try {
            prepare(channel);
            channel.connect(new InetSocketAddress(peer, port));
            return new NioSocket(loop, channel);
        } catch (IOException unreachable) {
            close(channel);
            throw new SocketRefused(SocketRefused.Cause.UNREACHABLE);
        }
    }

    private DatagramChannel bound(InetAddress address, int port, Sharing sharing)
            throws IOException {
        DatagramChannel channel = DatagramChannel.open(family(address));
        try {
            prepare(channel);
            if (sharing == Sharing.FROM_THE_START) {
                share(channel);
            }
            channel.bind(new InetSocketAddress(address, port));
            if (sharing == Sharing.ONCE_BOUND) {
                share(channel);
            }
            return channel;
        } catch (IOException refused) {
            close(channel);
            String where = IpText.print(address) + " port " + port;
            throw new BindException("udp " + where + ": " + refused.getMessage());
        }
    }

    private void prepare(DatagramChannel channel) throws IOException {
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.SO_RCVBUF, receiveBuffer);
    }

    /// Where the system cannot share, sessions end with their port.
    private static void share(DatagramChannel channel) throws IOException {
        if (channel.supportedOptions().contains(StandardSocketOptions.SO_REUSEPORT)) {
            channel.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        }
    }

    private static StandardProtocolFamily family(InetAddress address) {
        return SocketAddress.isV6(address)
                ? StandardProtocolFamily.INET6
                : StandardProtocolFamily.INET;
    }

    private static void close(DatagramChannel channel) {
        try {
            channel.close();
        } catch (IOException failed) {
            LOG.debug("closing a socket failed", failed);
        }
    }
}
