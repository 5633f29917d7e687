package io.skerry.edge.steering;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.BpfLink;
import io.skerry.edge.bpf.BpfMap;
import io.skerry.edge.bpf.BpfObject;
import io.skerry.edge.bpf.Errno;
import io.skerry.edge.bpf.LibBpf;
import io.skerry.edge.listener.Front;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.Steering;
import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Steering by the kernel program `steer`. The program is loaded at once, which tells whether it
/// can be, and attached to the network namespace of the process with the first port. The attachment
/// is a descriptor: it goes with the process, however that ends. In a hot restart both processes
/// have a program attached for a while, and both lead to the same fronts.
public final class KernelSteering implements Steering {
    private static final Logger LOG = LoggerFactory.getLogger(KernelSteering.class);
    private static final Path NAMESPACE = Path.of("/proc/self/ns/net");

    /// `LOOPS_MAX` in `steer.bpf.c`.
    private static final int LOOPS_MAX = 256;

    private final SteeringSettings settings;

    /// Tells this node from others; a process number would not, across containers.
    private final int node;

    private final ReservedPorts reserved;
    private final OutgoingPorts outgoing;
    private final BpfObject object;
    private final Set<ListenerKey> unclosed = new HashSet<>();
    private @Nullable BpfLink link;
    private @Nullable KernelTable table;
    private boolean closed;

    private KernelSteering(
            SteeringSettings settings,
            int node,
            ReservedPorts reserved,
            OutgoingPorts outgoing,
            BpfObject object) {
        this.settings = settings;
        this.node = node;
        this.reserved = reserved;
        this.outgoing = outgoing;
        this.object = object;
    }

    /// Steering as this machine and the settings allow.
    ///
    /// @param reserved keeps steered ports from being given out by the system
    /// @param outgoing keeps our own sockets off them where that is not allowed
    public static Steering of(
            SteeringSettings settings, ReservedPorts reserved, OutgoingPorts outgoing) {
        return of(settings, reserved, outgoing, OptionalInt.empty());
    }

    /// @param node {@link #node} of the process that is taken over from; empty where there is none
    public static Steering of(
            SteeringSettings settings,
            ReservedPorts reserved,
            OutgoingPorts outgoing,
            OptionalInt node) {
        return of(settings, reserved, outgoing, node, () -> BpfObject.open("steer"));
    }

    /// Where the program comes from.
    interface Program {
        BpfObject open() throws BpfException;
    }

    static Steering of(
            SteeringSettings settings,
            ReservedPorts reserved,
            OutgoingPorts outgoing,
            OptionalInt node,
            Program program) {
        int number = node.orElseGet(() -> new SecureRandom().nextInt());
        // A socket of ours would get nothing where another node steers.
        Supplier<Map<ListenerKey, String>> elsewhere = () -> Neighbours.ports(number);
        if (settings.mode() == Mode.OFF) {
            return Steering.none(Mode.OFF, "it is switched off (edge.steering)", elsewhere);
        }
        try {
            return new KernelSteering(settings, number, reserved, outgoing, load(program));
        } catch (BpfException refused) {
            LOG.debug("the kernel does not take the steering program", refused);
            return Steering.none(settings.mode(), reason(refused), elsewhere);
        }
    }

    /// Why this machine cannot steer; empty where it can. Loads the program to find out.
    public static Optional<String> unavailability() {
        try {
            load(() -> BpfObject.open("steer")).close();
            return Optional.empty();
        } catch (BpfException refused) {
            return Optional.of(reason(refused));
        }
    }

    private static BpfObject load(Program program) throws BpfException {
        BpfObject object = program.open();
        try {
            object.load();
            return object;
        } catch (BpfException refused) {
            object.close();
            throw refused;
        }
    }

    private static String reason(BpfException refused) {
        return LibBpf.unavailability()
                .orElseGet(() ->
                        refused.errno() == Errno.EPERM
                                ? "the process may not load kernel programs: run it as root or with"
                                        + " CAP_BPF and CAP_NET_ADMIN"
                                : "the kernel refuses the program, which needs Linux 5.10 or newer: "
                                        + refused.getMessage());
    }

    @Override
    public Mode mode() {
        return settings.mode();
    }

    @Override
    public Optional<String> missing() {
        return Optional.empty();
    }

    @Override
    public int node() {
        return node;
    }

    @Override
    public int portsMax() {
        return settings.portsMax();
    }

    @Override
    public Map<ListenerKey, String> elsewhere() {
        return Neighbours.ports(node);
    }

    @Override
    public void reserve(BitSet ports) {
        // The second is the lesser: it holds for our own sockets alone, and for one run of ports.
        outgoing.keepOff(reserved.reserve(ports) ? new BitSet() : ports);
    }

    @Override
    public synchronized void change(
            List<Front> fronts, Collection<ListenerKey> closing, Collection<ListenerKey> opened)
            throws IOException {
        if (closed) {
            throw new IOException("the node stops");
        }
        unclosed.addAll(closing);
        unclosed.removeAll(opened);
        if (opened.isEmpty() && table == null) {
            return;
        }
        List<ListenerKey> all = new ArrayList<>(unclosed);
        KernelTable now = table == null ? attach(fronts) : table;
        now.change(all, opened);
        unclosed.clear();
    }

    private KernelTable attach(List<Front> fronts) throws BpfException {
        int loops = fronts.stream().mapToInt(Front::loop).max().orElse(-1) + 1;
        if (loops > LOOPS_MAX) {
            throw new IllegalArgumentException(loops + " event loops");
        }
        BpfMap sockets = object.map("steer_sockets");
        BpfMap facts = object.map("steer_facts");
        try (Arena arena = Arena.ofConfined()) {
            for (Front each : fronts) {
                MemorySegment value = arena.allocateFrom(JAVA_LONG, each.fd());
                sockets.put(arena.allocateFrom(JAVA_INT, index(each)), value);
            }
            facts.put(arena.allocateFrom(JAVA_INT, 0), arena.allocateFrom(JAVA_INT, loops));
            int pid = (int) ProcessHandle.current().pid();
            facts.put(arena.allocateFrom(JAVA_INT, 1), arena.allocateFrom(JAVA_INT, pid));
            facts.put(arena.allocateFrom(JAVA_INT, 2), arena.allocateFrom(JAVA_INT, node));
        }
        KernelTable made = new KernelTable(object, fronts);
        Neighbours.sayWhoIsFirst();
        link = object.program("steer").attachNetns(NAMESPACE);
        table = made;
        LOG.info("steering through {} sockets", fronts.size());
        return made;
    }

    private static int index(Front front) {
        boolean v6 = front.address() instanceof Inet6Address;
        boolean udp = front.protocol() == Protocol.UDP;
        return (udp ? 2 * LOOPS_MAX : 0) + (v6 ? LOOPS_MAX : 0) + front.loop();
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            letGo();
            reserved.close();
        }
    }

    @Override
    public synchronized void letGo() {
        if (closed) {
            return;
        }
        closed = true;
        if (link != null) {
            link.close();
        }
        if (table != null) {
            table.close();
        }
        object.close();
    }
}
