package io.skerry.edge.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.util.BitSet;
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

    /// A smaller range would run out too soon.
    private static final int RANGE_MIN = 256;

    private volatile int range;

    /// The value of the option: the first port and above its 16 bits the last one; 0 where no
    /// socket needs it.
    public int range() {
        return range;
    }

    /// Keeps a channel within the range; it must not have connected yet. Only channels of epoll and
    /// io_uring can be.
    public <C extends Channel> C keep(C channel) {
        int now = range;
        if (now != 0 && channel instanceof UnixChannel) {
            try {
                channel.config().setOption(CHANNEL_OPTION, now);
            } catch (ChannelException olderKernel) {
                LOG.trace("a socket may leave from any port", olderKernel);
            }
        }
        return channel;
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
