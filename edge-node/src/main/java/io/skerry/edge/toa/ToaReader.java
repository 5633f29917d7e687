package io.skerry.edge.toa;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.BpfLink;
import io.skerry.edge.bpf.BpfMap;
import io.skerry.edge.bpf.BpfObject;
import io.skerry.edge.bpf.Cgroup;
import io.skerry.shared.net.IpText;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// The origin's side of TOA: programs that make `accept()` and `getpeername()` answer the client
/// for every program of a cgroup. They stay until this is closed or the process ends, or, pinned,
/// beyond.
public final class ToaReader implements AutoCloseable {
    /// Networks that can be trusted; `TRUSTED_MAX` in `toa_origin.bpf.c`.
    public static final int TRUSTED_MAX = 1024;

    static final String CLIENTS = "toa_clients";
    static final String TRUSTED = "toa_trusted";
    static final String KINDS = "toa_kinds";
    static final String STATS = "toa_stats";
    static final List<String> MAPS = List.of(CLIENTS, TRUSTED, KINDS, STATS);
    static final List<String> PROGRAMS = List.of("toa_read", "toa_peer4", "toa_peer6");

    /// `KIND_IPV4` and `KIND_IPV6` in `toa_origin.bpf.c`.
    private static final int KIND_IPV4 = 1;

    private static final int KIND_IPV6 = 2;

    /// `struct network`: bits, family, address.
    static final int NETWORK_SIZE = 24;

    private static final int FAMILY = 4;
    private static final int ADDRESS = 8;
    private static final int FAMILY_BITS = 32;

    private final BpfObject object;
    private final List<BpfLink> links = new ArrayList<>();

    private ToaReader(BpfObject object) {
        this.object = object;
    }

    /// What is to be believed.
    ///
    /// @param cgroup folder of the cgroup v2 whose programs are to see clients
    /// @param trusted addresses of edges, 1 to {@link #TRUSTED_MAX}
    /// @param kindsIpv4 kinds read as an IPv4 client where the option is 8 bytes long
    /// @param kindsIpv6 kinds read as an IPv6 client where it is 20 bytes long
    public record Wanted(
            Path cgroup, List<Network> trusted, Set<Integer> kindsIpv4, Set<Integer> kindsIpv6) {
        public Wanted {
            trusted = List.copyOf(trusted);
            kindsIpv4 = Set.copyOf(kindsIpv4);
            kindsIpv6 = Set.copyOf(kindsIpv6);
            if (trusted.isEmpty() || trusted.size() > TRUSTED_MAX) {
                throw new IllegalArgumentException(trusted.size() + " trusted networks");
            }
        }

        /// With the kinds that edges write by default.
        public Wanted(Path cgroup, List<Network> trusted) {
            this(cgroup, trusted, Set.of(ToaKinds.DEFAULT.ipv4()), Set.of(ToaKinds.DEFAULT.ipv6()));
        }
    }

    /// Attaches, beside whatever else is attached to the cgroup.
    public static ToaReader attach(Wanted wanted) throws BpfException {
        return attach(wanted, List.of());
    }

    /// The same with maps of an earlier one instead of new ones.
    ///
    /// @param kept pins of maps, called as in the C file
    static ToaReader attach(Wanted wanted, List<Path> kept) throws BpfException {
        Cgroup.check(wanted.cgroup);
        ToaReader reader = new ToaReader(BpfObject.open("toa_origin"));
        try {
            for (Path map : kept) {
                try (BpfMap before = BpfMap.pinned(map)) {
                    reader.object.reuse(String.valueOf(map.getFileName()), before);
                }
            }
            reader.object.load();
            fill(reader.object, wanted);
            for (String program : PROGRAMS) {
                reader.links.add(reader.object.program(program).attachCgroup(wanted.cgroup));
            }
            return reader;
        } catch (BpfException refused) {
            reader.close();
            throw refused;
        }
    }

    /// Makes it stay after the process.
    ///
    /// @param folder on a bpf file system, without pins of these names
    void pin(Path folder) throws BpfException {
        for (String map : MAPS) {
            object.map(map).pin(folder.resolve(map));
        }
        for (int i = 0; i < PROGRAMS.size(); i++) {
            links.get(i).pin(folder.resolve(PROGRAMS.get(i)));
        }
    }

    private static void fill(BpfObject object, Wanted wanted) throws BpfException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment yes = arena.allocateFrom(JAVA_INT, 1);
            for (Network network : wanted.trusted) {
                object.map(TRUSTED).put(key(arena, network), yes);
            }
            BpfMap kinds = object.map(KINDS);
            Set<Integer> all = new TreeSet<>(wanted.kindsIpv4);
            all.addAll(wanted.kindsIpv6);
            for (int kind : all) {
                int forms =
                        (wanted.kindsIpv4.contains(kind) ? KIND_IPV4 : 0)
                                | (wanted.kindsIpv6.contains(kind) ? KIND_IPV6 : 0);
                kinds.put(arena.allocateFrom(JAVA_INT, kind), arena.allocateFrom(JAVA_INT, forms));
            }
        }
    }

    private static MemorySegment key(Arena arena, Network network) {
        byte[] address = network.address().getAddress();
        MemorySegment key = arena.allocate(NETWORK_SIZE, Integer.BYTES);
        key.set(JAVA_INT, 0, FAMILY_BITS + network.prefix());
        key.set(JAVA_INT, FAMILY, address.length == 4 ? 4 : 6);
        MemorySegment.copy(address, 0, key, JAVA_BYTE, ADDRESS, address.length);
        return key;
    }

    static Network network(MemorySegment key) {
        byte[] address = new byte[key.get(JAVA_INT, FAMILY) == 4 ? 4 : 16];
        MemorySegment.copy(key, JAVA_BYTE, ADDRESS, address, 0, address.length);
        return new Network(IpText.of(address), key.get(JAVA_INT, 0) - FAMILY_BITS);
    }

    @Override
    public void close() {
        links.forEach(BpfLink::close);
        object.close();
    }
}
