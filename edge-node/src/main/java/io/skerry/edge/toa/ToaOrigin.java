package io.skerry.edge.toa;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.BpfFs;
import io.skerry.edge.bpf.BpfLink;
import io.skerry.edge.bpf.BpfMap;
import io.skerry.edge.bpf.Cgroup;
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

/// A {@link ToaReader} that outlives the process which attached it: it is pinned in a folder, which
/// is all there is to know of it, and is found there by the next.
///
/// @param pins the folder, on a bpf file system
public record ToaOrigin(Path pins) {
    /// Where it is pinned unless another folder is named.
    public static final Path PINS_DEFAULT = BpfFs.MOUNT.resolve("skerry-toa");

    /// What is attached.
    ///
    /// @param cgroup its folder; empty where the cgroup is gone
    /// @param trusted whom it believes
    /// @param stats of each processor
    public record Status(
            Optional<Path> cgroup, List<Network> trusted, Map<ToaStat, long[]> stats) {}

    /// Whether something is attached here.
    public boolean isAttached() {
        return Files.exists(pins.resolve(ToaReader.PROGRAMS.getFirst()));
    }

    /// Attaches, in the place of what was there: connections that are open keep their clients, and
    /// counters go on. What was there stays until what comes has been attached.
    public void attach(ToaReader.Wanted wanted) throws BpfException {
        Cgroup.check(wanted.cgroup());
        BpfFs.createFolder(pins);
        try (ToaReader reader = reader(wanted)) {
            removePins();
            reader.pin(pins);
        } catch (BpfException refused) {
            removeFolder();
            throw refused;
        }
    }

    /// With the clients and counters of the one before, where these fit.
    private ToaReader reader(ToaReader.Wanted wanted) throws BpfException {
        if (isAttached()) {
            try {
                List<Path> kept =
                        List.of(pins.resolve(ToaReader.CLIENTS), pins.resolve(ToaReader.STATS));
                return ToaReader.attach(wanted, kept);
            } catch (BpfException ofAnotherVersion) {
                return ToaReader.attach(wanted);
            }
        }
        return ToaReader.attach(wanted);
    }

    /// Detaches and forgets everything.
    ///
    /// @return whether there was something
    public boolean detach() throws BpfException {
        boolean was = isAttached();
        removePins();
        removeFolder();
        return was;
    }

    private void removePins() throws BpfException {
        List<String> names = new ArrayList<>(ToaReader.PROGRAMS);
        names.addAll(ToaReader.MAPS);
        for (String name : names) {
            BpfFs.remove(pins.resolve(name));
        }
    }

    private void removeFolder() {
        try {
            Files.deleteIfExists(pins);
        } catch (IOException notEmpty) {
            // What lies there is attached, or somebody else's.
        }
    }

    /// What is attached and what it has counted.
    public Status status() throws BpfException {
        try (BpfLink link = BpfLink.pinned(pins.resolve(ToaReader.PROGRAMS.getFirst()));
                BpfMap trusted = BpfMap.pinned(pins.resolve(ToaReader.TRUSTED));
                BpfMap counts = BpfMap.pinned(pins.resolve(ToaReader.STATS))) {
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
            MemorySegment key = arena.allocate(ToaReader.NETWORK_SIZE, Integer.BYTES);
            for (boolean more = trusted.nextKey(null, key);
                    more && networks.size() < ToaReader.TRUSTED_MAX;
                    more = trusted.nextKey(key, key)) {
                networks.add(ToaReader.network(key));
            }
        }
        return networks;
    }
}
