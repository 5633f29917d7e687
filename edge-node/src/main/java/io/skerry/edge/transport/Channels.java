package io.skerry.edge.transport;

import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.channels.spi.SelectorProvider;

/// Sockets as Netty's channels. Everything that differs between them stands here and nowhere else.
///
/// Listening sockets are exact in their family: one on `[::]` takes no IPv4 client, so that
/// `0.0.0.0` and `[::]` of one port are two sockets.
public enum Channels {
    IO_URING,
    NIO;

    private static final int IPPROTO_IPV6 = 41;
    private static final int IPV6_V6ONLY = 26;
    private static final ChannelOption<Integer> V6ONLY =
            new IntegerUnixChannelOption("IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY);

    private static final int SOL_SOCKET = 1;
    private static final int SO_KEEPALIVE = 9;
    private static final ChannelOption<Integer> KEEPALIVE =
            new IntegerUnixChannelOption("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE);

    /// Whether accepted sockets have keep-alive on by the listening one, without a call for each.
    public boolean inheritsKeepAlive() {
        return switch (this) {
            case IO_URING -> true;
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
            // Without a choice of family; bound to an IPv4 address it takes IPv4 alone.
            case IO_URING -> exact(new IoUringServerSocketChannel(), v6);
            case NIO ->
                    v6
                            ? new NioServerSocketChannel(NioFamily.openV6Only())
                            : new NioServerSocketChannel(
                                    SelectorProvider.provider(), SocketProtocolFamily.INET);
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
            case IO_URING -> new IoUringSocketChannel();
            case NIO -> new NioSocketChannel(SelectorProvider.provider(), family(peer));
        };
    }

    /// A JDK datagram socket of the address's family, not yet registered or bound.
    ///
    /// @throws ChannelException where the system has no descriptor left
    public static DatagramChannel newDatagram(InetAddress peer) {
        return new NioDatagramChannel(family(peer));
    }

    private static SocketProtocolFamily family(InetAddress address) {
        return address instanceof Inet6Address
                ? SocketProtocolFamily.INET6
                : SocketProtocolFamily.INET;
    }
}
