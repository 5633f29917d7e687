package io.skerry.edge.toa;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.BpfLink;
import io.skerry.edge.bpf.BpfMap;
import io.skerry.edge.bpf.BpfObject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes the option on connections of this node: the kernel program is attached to a cgroup, and
/// acts on those sockets alone that were {@link #prepare prepared}. Several nodes on one machine
/// have a program and a storage each and do not see one another. The attachment ends with this
/// object, and by itself with the process.
public final class ToaWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ToaWriter.class);

    /// `struct toa_option` in `toa_edge.bpf.c`: the bytes, their number, two fields of the
    /// kernel's.
    private static final int OPTION_SIZE = 24;

    private static final int OPTION_LENGTH = 20;

    private final ToaKinds kinds;
    private final BpfObject object;
    private final BpfLink link;
    private final BpfMap options;
    private final CpuCounters counters;
    private final LongAdder refused = new LongAdder();
    private final Map<ToaCount, Long> last = new EnumMap<>(ToaCount.class);
    private boolean closed;

    /// What one thread hands to the kernel, so that nothing is made for a connection.
    private record Scratch(MemorySegment key, MemorySegment value) {
        Scratch() {
            this(Arena.ofAuto().allocate(JAVA_INT), Arena.ofAuto().allocate(OPTION_SIZE));
        }
    }

    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    private ToaWriter(ToaKinds kinds, BpfObject object, BpfLink link) throws BpfException {
        this.kinds = kinds;
        this.object = object;
        this.link = link;
        this.options = object.map("toa_options");
        this.counters = CpuCounters.of(object.map("toa_counts"));
        for (ToaCount count : ToaCount.values()) {
            last.put(count, 0L);
        }
    }

    /// Loads the program and attaches it.
    ///
    /// @param cgroup folder of a cgroup v2 that holds this process
    public static ToaWriter attach(ToaKinds kinds, Path cgroup) throws BpfException {
        BpfObject object = BpfObject.open("toa_edge");
        try {
            object.load();
            BpfLink link = object.program("toa_write").attachCgroup(cgroup);
            return new ToaWriter(kinds, object, link);
        } catch (BpfException refused) {
            object.close();
            throw refused;
        }
    }

    /// Puts the client's address into the storage of a socket; from then on the kernel does the
    /// rest. To be called before the socket connects, on any thread. The entry goes with the
    /// socket.
    ///
    /// @param fd of a TCP socket of this process
    /// @return whether the kernel took it
    public boolean prepare(int fd, InetSocketAddress client) {
        Scratch mine = scratch.get();
        byte[] option = ToaOption.of(client, kinds);
        mine.key.set(JAVA_INT, 0, fd);
        mine.value.fill((byte) 0);
        MemorySegment.copy(option, 0, mine.value, JAVA_BYTE, 0, option.length);
        mine.value.set(JAVA_BYTE, OPTION_LENGTH, (byte) option.length);
        int errno = options.tryPut(mine.key, mine.value, BpfMap.Put.ANY);
        if (errno != 0) {
            refused.increment();
            LOG.debug("no storage for socket {}: error {}", fd, errno);
        }
        return errno == 0;
    }

    /// How many sockets the kernel gave no storage.
    long refused() {
        return refused.sum();
    }

    /// What the kernel program has counted; once closed, what it had counted then.
    synchronized long count(ToaCount count) {
        if (!closed) {
            try {
                last.put(count, counters.sum(count.place()));
            } catch (BpfException unreadable) {
                LOG.warn("the counters of TOA cannot be read", unreadable);
            }
        }
        return last.getOrDefault(count, 0L);
    }

    /// Detaches. Connections that still carry the option go on without it.
    @Override
    public synchronized void close() {
        if (!closed) {
            for (ToaCount count : ToaCount.values()) {
                count(count);
            }
            closed = true;
            link.close();
            object.close();
        }
    }
}
