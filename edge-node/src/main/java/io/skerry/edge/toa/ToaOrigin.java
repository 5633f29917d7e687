package io.skerry.edge.toa;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.BpfFs;
import io.skerry.edge.bpf.BpfLink;
import io.skerry.edge.bpf.BpfMap;
import io.skerry.edge.bpf.BpfObject;
import io.skerry.edge.bpf.Cgroup;
import io.skerry.shared.net.IpText;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// The origin's side: programs that make `accept()` and `getpeername()` answer the client for every
/// program of a cgroup. They are pinned in a folder, which is all there is to know of them: they
/// outlive the process that attached them, and are found there by the next.
///
/// @param pins the folder, on a bpf file system
public record ToaOrigin(Path pins) {
    /// Where they are pinned unless another folder is named.
    public static final Path PINS_DEFAULT = BpfFs.MOUNT.resolve("skerry-toa");

    /// Networks that can be trusted; `TRUSTED_MAX` in `toa_origin.bpf.c`.
    public static final int TRUSTED_MAX = 1024;

    private static final String CLIENTS = "toa_clients";
    private static final String TRUSTED = "toa_trusted";
    private static final String KINDS = "toa_kinds";
    private static final String STATS = "toa_stats";
    private static final List<String> MAPS = List.of(CLIENTS, TRUSTED, KINDS, STATS);
    private static final List<String> PROGRAMS = List.of("toa_read", "toa_peer4", "toa_peer6");

    /// `KIND_IPV4` and `KIND_IPV6` in `toa_origin.bpf.c`.
    private static final int KIND_IPV4 = 1;

    private static final int KIND_IPV6 = 2;

    /// `struct network`: bits, family, address.
    private static final int NETWORK_SIZE = 24;

    private static final int FAMILY = 4;
    private static final int ADDRESS = 8;
    private static final int FAMILY_BITS = 32;

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
    }

    /// What is attached.
    ///
    /// @param cgroup its folder; empty where the cgroup is gone
    /// @param trusted whom it believes
    /// @param stats of each processor
    public record Status(
            Optional<Path> cgroup, List<Network> trusted, Map<ToaStat, long[]> stats) {}

    /// Whether something is attached here.
    public boolean isAttached() {
        return Files.exists(pins.resolve(PROGRAMS.getFirst()));
    }

    /// Attaches, in the place of what was there: connections that are open keep their clients, and
    /// counters go on.
    public void attach(Wanted wanted) throws BpfException {
        Cgroup.check(wanted.cgroup);
        BpfFs.createFolder(pins);
        List<BpfLink> links = new ArrayList<>();
        try (BpfObject object = load()) {
            fill(object, wanted);
            for (String program : PROGRAMS) {
                links.add(object.program(program).attachCgroup(wanted.cgroup));
            }
            removePins();
            for (String map : MAPS) {
                object.map(map).pin(pins.resolve(map));
            }
            for (int i = 0; i < PROGRAMS.size(); i++) {
                links.get(i).pin(pins.resolve(PROGRAMS.get(i)));
            }
        } catch (BpfException refused) {
            if (!links.isEmpty()) {
                detach();
            }
            throw refused;
        } finally {
            links.forEach(BpfLink::close);
        }
    }

    /// Loads the programs, with the clients and counters of those before where these fit.
    private BpfObject load() throws BpfException {
        if (isAttached()) {
            try {
                return load(List.of(CLIENTS, STATS));
            } catch (BpfException ofAnotherVersion) {
                return load(List.of());
            }
        }
        return load(List.of());
    }

    private BpfObject load(List<String> kept) throws BpfException {
        BpfObject object = BpfObject.open("toa_origin");
        try {
            for (String map : kept) {
                try (BpfMap before = BpfMap.pinned(pins.resolve(map))) {
                    object.reuse(map, before);
                }
            }
            object.load();
            return object;
        } catch (BpfException refused) {
            object.close();
            throw refused;
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

    private static Network network(MemorySegment key) {
        byte[] address = new byte[key.get(JAVA_INT, FAMILY) == 4 ? 4 : 16];
        MemorySegment.copy(key, JAVA_BYTE, ADDRESS, address, 0, address.length);
        return new Network(IpText.of(address), key.get(JAVA_INT, 0) - FAMILY_BITS);
    }

    /// Detaches and forgets everything.
    ///
    /// @return whether there was something
    public boolean detach() throws BpfException {
        boolean was = isAttached();
        removePins();
        try {
            Files.deleteIfExists(pins);
        } catch (IOException stays) {
            // Something of somebody else's lies there.
        }
        return was;
    }

    private void removePins() throws BpfException {
        List<String> names = new ArrayList<>(PROGRAMS);
        names.addAll(MAPS);
        for (String name : names) {
            BpfFs.remove(pins.resolve(name));
        }
    }

    /// What is attached and what it has counted.
    public Status status() throws BpfException {
        try (BpfLink link = BpfLink.pinned(pins.resolve(PROGRAMS.getFirst()));
                BpfMap trusted = BpfMap.pinned(pins.resolve(TRUSTED));
                BpfMap counts = BpfMap.pinned(pins.resolve(STATS))) {
            long cgroup = link.cgroup();
            Map<ToaStat, long[]> stats = new EnumMap<>(ToaStat.class);
            CpuCounters counters = CpuCounters.of(counts);
            for (ToaStat stat : ToaStat.values()) {
                stats.put(stat, counters.each(stat.place()));
            }
            return new Status(
                    cgroup == 0 ? Optional.empty() : Cgroup.ofNumber(cgroup),
                    networks(trusted),
                    stats);
        }
    }

    private static List<Network> networks(BpfMap trusted) throws BpfException {
        List<Network> networks = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment key = arena.allocate(NETWORK_SIZE, Integer.BYTES);
            for (boolean more = trusted.nextKey(null, key);
                    more && networks.size() < TRUSTED_MAX;
                    more = trusted.nextKey(key, key)) {
                networks.add(network(key));
            }
        }
        return networks;
    }
}
