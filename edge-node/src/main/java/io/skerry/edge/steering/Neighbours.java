package io.skerry.edge.steering;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.SkLookups;
import io.skerry.edge.listener.ListenerKey;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Other nodes that steer in this network namespace. A steered port has no socket that would show
/// it is taken, so their tables are read. What may not be read is taken to be nothing; the kernel
/// asks programs in the order of their attachment, and the first that takes a port keeps it.
final class Neighbours {
    private static final Logger LOG = LoggerFactory.getLogger(Neighbours.class);

    private Neighbours() {}

    /// Ports that they steer, with who they are.
    ///
    /// @param node our own number, as in `steer_facts`
    static Map<ListenerKey, String> ports(int node) {
        Map<ListenerKey, String> ports = new HashMap<>();
        try {
            for (SkLookups.Attached each : SkLookups.here()) {
                if (each.name().equals("steer")) {
                    read(each, node, ports);
                }
            }
        } catch (BpfException refused) {
            LOG.debug("other programs of this network namespace cannot be seen", refused);
        }
        return ports;
    }

    /// Logs the programs of others, for they are asked before ours.
    static void sayWhoIsFirst() {
        try {
            List<SkLookups.Attached> others = SkLookups.here();
            if (!others.isEmpty()) {
                LOG.info(
                        "other programs look at this network namespace before ours: {}",
                        others.stream()
                                .map(each -> each.name() + " (" + each.id() + ")")
                                .collect(Collectors.joining(", ")));
            }
        } catch (BpfException refused) {
            LOG.debug("other programs of this network namespace cannot be seen", refused);
        }
    }

    private static void read(SkLookups.Attached program, int node, Map<ListenerKey, String> ports)
            throws BpfException {
        int pid = 0;
        boolean ours = true;
        int table = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_INT);
            for (int id : program.maps()) {
                try (SkLookups.Found found = SkLookups.map(id)) {
                    switch (found.name()) {
                        case "steer_facts" -> {
                            found.map().get(arena.allocateFrom(JAVA_INT, 1), value);
                            pid = value.get(JAVA_INT, 0);
                            found.map().get(arena.allocateFrom(JAVA_INT, 2), value);
                            ours = value.get(JAVA_INT, 0) == node;
                        }
                        case "steer_ports" -> {
                            if (found.map().get(arena.allocateFrom(JAVA_INT, 0), value)) {
                                table = value.get(JAVA_INT, 0);
                            }
                        }
                        default -> LOG.trace("map {} is of no interest", found.name());
                    }
                }
            }
            if (!ours && table != 0) {
                for (ListenerKey each : table(arena, table)) {
                    ports.put(each, "another Skerry node, which steers it (pid " + pid + ")");
                }
            }
        }
    }

    private static List<ListenerKey> table(Arena arena, int id) throws BpfException {
        List<ListenerKey> ports = new ArrayList<>();
        try (SkLookups.Found found = SkLookups.map(id)) {
            int room = found.entries();
            MemorySegment keys = arena.allocate((long) PortKey.SIZE * room, Integer.BYTES);
            MemorySegment values = arena.allocate(JAVA_INT, room);
            int count = found.map().getAll(keys, values, room);
            for (int i = 0; i < count; i++) {
                if (values.getAtIndex(JAVA_INT, i) == PortVerdict.STEERED.number()) {
                    PortKey.read(keys, (long) i * PortKey.SIZE).ifPresent(ports::add);
                }
            }
        }
        return ports;
    }
}
