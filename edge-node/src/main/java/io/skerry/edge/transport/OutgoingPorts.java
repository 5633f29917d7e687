package io.skerry.edge.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.util.concurrent.FastThreadLocal;
import io.skerry.edge.socket.SystemCalls;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.channels.spi.SelectorProvider;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// From which local ports the node's own connections may leave: never from a port of a rule. The
/// system is told for each socket before it connects (`IP_LOCAL_PORT_RANGE`, Linux 6.3; an older
/// one refuses, to no harm). Safe for all threads.
public final class OutgoingPorts {
    /// Level and number of the socket option, for both families.
    public static final int LEVEL = 0;

    public static final int OPTION = 51;

    private static final Logger LOG = LoggerFactory.getLogger(OutgoingPorts.class);
    private static final ChannelOption<Integer> CHANNEL_OPTION =
            new IntegerUnixChannelOption("IP_LOCAL_PORT_RANGE", LEVEL, OPTION);

    /// Each has memory of its own.
    private static final FastThreadLocal<SystemCalls> CALLS =
            new FastThreadLocal<>() {
                @Override
                protected SystemCalls initialValue() {
                    return new SystemCalls();
                }
            };

    /// Ports that rules have to leave; fewer would run out too soon, and then sockets leave from
    /// any.
    public static final int RANGE_MIN = 256;

    private volatile int range;

    /// The value of the option: the first port and above its 16 bits the last one; 0 where no
    /// socket needs it.
    public int range() {
        return range;
    }

    /// What event loops wait with for the channels made here.
    public static IoHandlerFactory handlers() {
        return Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    }

    /// A channel to connect with, within the range; not yet registered.
    ///
    /// @param family of the peer; null for either
    /// @throws ChannelException where the system has no descriptor left
    public SocketChannel newSocket(@Nullable SocketProtocolFamily family) {
        if (Epoll.isAvailable()) {
            return keep(family == null ? new EpollSocketChannel() : new EpollSocketChannel(family));
        }
        return family == null
                ? new NioSocketChannel()
                : new NioSocketChannel(SelectorProvider.provider(), family);
    }

    /// A datagram channel within the range; not yet registered.
    ///
    /// @param family of the peer; null for either
    /// @throws ChannelException where the system has no descriptor left
    public DatagramChannel newDatagram(@Nullable SocketProtocolFamily family) {
        if (Epoll.isAvailable()) {
            return keep(
                    family == null ? new EpollDatagramChannel() : new EpollDatagramChannel(family));
        }
        return family == null ? new NioDatagramChannel() : new NioDatagramChannel(family);
    }

    /// The family of an address.
    public static SocketProtocolFamily family(InetAddress address) {
        return address instanceof Inet6Address
                ? SocketProtocolFamily.INET6
                : SocketProtocolFamily.INET;
    }

    private <C extends Channel> C keep(C channel) {
        int now = range;
        if (now != 0) {
            try {
                channel.config().setOption(CHANNEL_OPTION, now);
            } catch (ChannelException olderKernel) {
                LOG.trace("a socket may leave from any port", olderKernel);
            }
        }
        return channel;
    }

    /// Keeps a socket within the range; it must not have connected yet. On any thread.
    ///
    /// @param fd its descriptor
    public void keep(int fd) {
        int now = range;
        if (now != 0) {
            CALLS.get().option(fd, LEVEL, OPTION, now);
        }
    }

    /// Keeps off these ports from now on, within the range of the system.
    public void keepOff(BitSet ports) {
        if (ports.isEmpty()) {
            range = 0;
            return;
        }
        try {
            int[] ends = Sysctl.portRange(Sysctl.IPV4);
            range = free(ends[0], ends[1], ports);
        } catch (IOException | NumberFormatException notLinux) {
            range = 0;
        }
    }

    /// The longest run without any of the ports; 0 where there are none of them or all is theirs.
    static int free(int first, int last, BitSet ports) {
        int bestFirst = 0;
        int bestLast = -1;
        for (int from = ports.nextClearBit(first); from <= last; ) {
            int taken = ports.nextSetBit(from);
            int to = taken < 0 ? last : Math.min(last, taken - 1);
            if (to - from > bestLast - bestFirst) {
                bestFirst = from;
                bestLast = to;
            }
            from = ports.nextClearBit(to + 1);
        }
        if (bestFirst == first && bestLast == last) {
            return 0;
        }
        return bestLast - bestFirst + 1 < RANGE_MIN ? 0 : bestLast << 16 | bestFirst;
    }
}
