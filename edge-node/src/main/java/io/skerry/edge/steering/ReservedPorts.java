package io.skerry.edge.steering;

import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.edge.transport.Sysctl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps steered ports from being given out to sockets that ask the system for any port: a datagram
/// for such a socket would be led to us. The list is the network namespace's
/// (`net.ipv4.ip_local_reserved_ports`), so only what we added is ever taken out again, by the next
/// start where this process was killed. Without the right to write it, nothing is reserved.
public final class ReservedPorts {
    private static final Logger LOG = LoggerFactory.getLogger(ReservedPorts.class);

    /// The kernel reads at most a page of one write.
    private static final int WRITE_MAX = 2_000;

    private final Path list;
    private final Path system;
    private final Path note;
    private BitSet ours;
    private boolean said;
    private boolean saidTooFew;

    /// @param folder of the node; a note of what was reserved is kept there
    public ReservedPorts(Path folder) {
        this(Sysctl.IPV4, folder);
    }

    ReservedPorts(Path system, Path folder) {
        list = system.resolve("ip_local_reserved_ports");
        this.system = system;
        note = folder.resolve("reserved-ports");
        ours = noted();
    }

    private BitSet noted() {
        try {
            return Files.exists(note) ? PortList.parse(Files.readString(note)) : new BitSet();
        } catch (IOException | IllegalArgumentException unreadable) {
            LOG.warn("{} cannot be read, and is left alone", note, unreadable);
            return new BitSet();
        }
    }

    /// Reserves those of the ports that the system might give out, and no others of ours; none
    /// where too few would be left.
    ///
    /// @return whether they are reserved
    synchronized boolean reserve(BitSet ports) {
        if (ports.isEmpty() && ours.isEmpty()) {
            return true;
        }
        try {
            // What a process that wanted to take over has added is ours as well.
            ours.or(noted());
            int[] ends = Sysctl.portRange(system);
            BitSet range = new BitSet();
            range.set(ends[0], ends[1] + 1);
            BitSet wanted = (BitSet) range.clone();
            wanted.and(ports);
            BitSet now = PortList.parse(Sysctl.read(list));
            BitSet others = (BitSet) now.clone();
            others.andNot(ours);
            boolean possible = wanted.isEmpty() || leavesEnough(range, wanted, others);
            if (!possible) {
                wanted.clear();
            }
            if (contains(now, wanted) && contains(wanted, ours)) {
                return possible;
            }
            BitSet adding = (BitSet) wanted.clone();
            adding.andNot(others);
            BitSet next = (BitSet) others.clone();
            next.or(adding);
            // Noted first what is there afterwards or may be, so that nothing of ours is forgotten.
            BitSet either = (BitSet) ours.clone();
            either.or(adding);
            write(note(either), next);
            ours = adding;
            note(adding);
            return possible;
        } catch (IOException | IllegalArgumentException refused) {
            if (!said && !ports.isEmpty()) {
                said = true;
                LOG.warn(
                        "{} cannot be changed ({}): another program may be given a port of a rule"
                                + " and miss its answers there",
                        list,
                        refused.toString());
            }
            return false;
        }
    }

    /// Whether programs that ask for any port, we among them, still find one.
    private boolean leavesEnough(BitSet range, BitSet wanted, BitSet others) {
        BitSet left = (BitSet) range.clone();
        left.andNot(wanted);
        left.andNot(others);
        boolean enough = left.cardinality() >= OutgoingPorts.RANGE_MIN;
        if (!enough && !saidTooFew) {
            saidTooFew = true;
            LOG.warn(
                    "of the ports that the system gives out, rules leave {}, fewer than {}: none is"
                            + " reserved, and another program may be given a port of a rule and"
                            + " miss its answers there",
                    left.cardinality(),
                    OutgoingPorts.RANGE_MIN);
        }
        return enough;
    }

    private static boolean contains(BitSet all, BitSet some) {
        BitSet rest = (BitSet) some.clone();
        rest.andNot(all);
        return rest.isEmpty();
    }

    private Path note(BitSet ports) throws IOException {
        if (ports.isEmpty()) {
            Files.deleteIfExists(note);
        } else {
            Files.createDirectories(note.toAbsolutePath().getParent());
            Files.writeString(note, PortList.print(ports) + "\n");
        }
        return list;
    }

    /// The first write replaces the list, further ones of the same opening add to it.
    private static void write(Path to, BitSet ports) throws IOException {
        try (FileChannel file =
                FileChannel.open(
                        to, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            for (String part : PortList.printParts(ports, WRITE_MAX)) {
                byte[] bytes = (part + "\n").getBytes(StandardCharsets.US_ASCII);
                file.write(ByteBuffer.wrap(bytes));
            }
        }
    }

    /// Gives back what is reserved.
    synchronized void close() {
        if (!reserve(new BitSet())) {
            LOG.warn("{} keeps ports that this node reserved", list);
        }
    }

    /// Ports as the kernel writes them: `80,8000-8010`.
    static final class PortList {
        private PortList() {}

        static BitSet parse(String text) {
            BitSet ports = new BitSet();
            for (String part : text.strip().split("[,\\s]+")) {
                int dash = part.indexOf('-');
                if (dash > 0) {
                    int last = Integer.parseInt(part.substring(dash + 1));
                    ports.set(Integer.parseInt(part.substring(0, dash)), last + 1);
                } else if (!part.isEmpty()) {
                    ports.set(Integer.parseInt(part));
                }
            }
            return ports;
        }

        static String print(BitSet ports) {
            return String.join(",", printParts(ports, Integer.MAX_VALUE));
        }

        /// Cut between ports into parts of about so many characters; at least one, which may be
        /// empty.
        static List<String> printParts(BitSet ports, int length) {
            List<String> parts = new ArrayList<>();
            StringBuilder part = new StringBuilder();
            for (int first = ports.nextSetBit(0); first >= 0; ) {
                int end = ports.nextClearBit(first);
                if (part.length() >= length) {
                    parts.add(part.toString());
                    part.setLength(0);
                }
                part.append(part.isEmpty() ? "" : ",").append(first);
                if (end - 1 > first) {
                    part.append('-').append(end - 1);
                }
                first = ports.nextSetBit(end);
            }
            parts.add(part.toString());
            return parts;
        }
    }
}
