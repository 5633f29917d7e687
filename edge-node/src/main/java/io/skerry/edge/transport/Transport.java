package io.skerry.edge.transport;

import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.channels.NotYetConnectedException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The ways of this machine to wait for sockets. Everything that differs between them stands here
/// and nowhere else.
///
/// Listening sockets are exact in their family: one on `[::]` takes no IPv4 client, so that
/// `0.0.0.0` and `[::]` of one port are two sockets.
public enum Transport {
    /// Linux epoll; the default there.
    EPOLL,
    /// Linux io_uring; by setting only.
    IO_URING,
    /// What every JDK has; one listening socket per port.
    NIO;

    private static final int IPPROTO_IPV6 = 41;
    private static final int IPV6_V6ONLY = 26;
    private static final ChannelOption<Integer> V6ONLY =
            new IntegerUnixChannelOption("IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY);

    private static final int SOL_SOCKET = 1;
    private static final int SO_KEEPALIVE = 9;
    private static final ChannelOption<Integer> KEEPALIVE =
            new IntegerUnixChannelOption("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE);

    /// The fastest that has proved itself: epoll where there is one, else NIO.
    public static Transport best() {
        return EPOLL.isAvailable() ? EPOLL : NIO;
    }

    public boolean isAvailable() {
        return unavailability().isEmpty();
    }

    /// Why it cannot be used here; empty where it can.
    public Optional<String> unavailability() {
        return switch (this) {
            case EPOLL -> reason(Epoll.unavailabilityCause());
            case IO_URING -> reason(IoUring.unavailabilityCause());
            case NIO -> Optional.empty();
        };
    }

    private static Optional<String> reason(@Nullable Throwable cause) {
        if (cause == null) {
            return Optional.empty();
        }
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return Optional.of(root.getMessage() == null ? root.toString() : root.getMessage());
    }

    /// How event loops wait.
    public IoHandlerFactory handlers() {
        return switch (this) {
            case EPOLL -> WatchedEpoll.newFactory();
            case IO_URING -> IoUringIoHandler.newFactory();
            case NIO -> NioIoHandler.newFactory();
        };
    }

    /// Whether several sockets can share one port, the system spreading clients over them.
    public boolean sharesPorts() {
        return switch (this) {
            case EPOLL, IO_URING -> true;
            case NIO -> false;
        };
    }

    /// Whether accepted sockets have keep-alive on by the listening one, without a call for each.
    public boolean inheritsKeepAlive() {
        return switch (this) {
            case EPOLL, IO_URING -> true;
            case NIO -> false;
        };
    }

    /// A socket to listen with on an address, not yet registered or bound. Sharing the port is
    /// switched on where the transport can.
    ///
    /// @throws ChannelException where the system has no descriptor left
    public ServerSocketChannel newServer(InetAddress address) {
        boolean v6 = address instanceof Inet6Address;
        return switch (this) {
            case EPOLL -> exact(new EpollServerSocketChannel(family(address)), v6);
            // Without a choice of family; bound to an IPv4 address it takes IPv4 alone.
            case IO_URING -> exact(new IoUringServerSocketChannel(), v6);
            case NIO ->
                    v6
                            ? new NioServerSocketChannel(NioFamily.openV6Only())
                            : new NioServerSocketChannel(
                                    java.nio.channels.spi.SelectorProvider.provider(),
                                    SocketProtocolFamily.INET);
        };
    }

    private static ServerSocketChannel exact(ServerSocketChannel server, boolean v6) {
        server.config().setOption(UnixChannelOption.SO_REUSEPORT, true);
        server.config().setOption(KEEPALIVE, 1);
        if (v6) {
            server.config().setOption(V6ONLY, 1);
        }
        return server;
    }

    /// A socket to connect to an address with, not yet registered.
    ///
    /// @throws ChannelException where the system has no descriptor left
    public SocketChannel newSocket(InetAddress peer) {
        return switch (this) {
            case EPOLL -> new EpollSocketChannel(family(peer));
            case IO_URING -> new IoUringSocketChannel();
            case NIO ->
                    new NioSocketChannel(
                            java.nio.channels.spi.SelectorProvider.provider(), family(peer));
        };
    }

    /// Sends the end of the stream; everything before it must have been written. With epoll this is
    /// the system call alone: Netty's way makes an exception with its stack trace each time.
    public ChannelFuture shutdownOutput(SocketChannel channel) {
        return switch (this) {
            case EPOLL -> shutdownAtOnce((EpollSocketChannel) channel);
            case IO_URING, NIO -> channel.shutdownOutput();
        };
    }

    private static ChannelFuture shutdownAtOnce(EpollSocketChannel channel) {
        try {
            ((Socket) channel.fd()).shutdown(false, true);
            return channel.newSucceededFuture();
        } catch (IOException | NotYetConnectedException failed) {
            return channel.newFailedFuture(failed);
        }
    }

    /// A datagram socket of the address's family, not yet registered or bound, for listening
    /// (sharing its port where the transport can) or for talking to a peer.
    ///
    /// @throws ChannelException where the system has no descriptor left
    public DatagramChannel newDatagram(InetAddress address, boolean listening) {
        DatagramChannel channel =
                switch (this) {
                    case EPOLL -> new EpollDatagramChannel(family(address));
                    case IO_URING -> new IoUringDatagramChannel(family(address));
                    case NIO -> new NioDatagramChannel(family(address));
                };
        if (listening && sharesPorts()) {
            channel.config().setOption(UnixChannelOption.SO_REUSEPORT, true);
            if (address instanceof Inet6Address) {
                channel.config().setOption(V6ONLY, 1);
            }
        }
        return channel;
    }

    /// A datagram socket for peers of both families, not yet registered or bound.
    ///
    /// @throws ChannelException where the system has no descriptor left
    public DatagramChannel newDatagram() {
        return switch (this) {
            case EPOLL -> new EpollDatagramChannel();
            case IO_URING -> new IoUringDatagramChannel();
            case NIO -> new NioDatagramChannel();
        };
    }

    /// A socket for a peer of either family, not yet registered.
    ///
    /// @throws ChannelException where the system has no descriptor left
    public SocketChannel newSocket() {
        return switch (this) {
            case EPOLL -> new EpollSocketChannel();
            case IO_URING -> new IoUringSocketChannel();
            case NIO -> new NioSocketChannel();
        };
    }

    private static SocketProtocolFamily family(InetAddress address) {
        return address instanceof Inet6Address
                ? SocketProtocolFamily.INET6
                : SocketProtocolFamily.INET;
    }
}
