package io.skerry.edge.bpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Programs of `sk_lookup` attached to the network namespace of this process, whoever attached
/// them. Needs `CAP_SYS_ADMIN`.
public final class SkLookups {
    private static final Path NAMESPACE = Path.of("/proc/self/ns/net");
    private static final int BPF_LINK_TYPE_NETNS = 5;
    private static final int BPF_SK_LOOKUP = 36;

    /// Room for `bpf_link_info`, `bpf_prog_info` and `bpf_map_info`; newer kernels fill less of it
    /// than they could.
    private static final int ROOM = 256;

    private static final int MAPS_MAX = 16;
    private static final int NAME_SIZE = 16;

    private SkLookups() {}

    /// @param id number of the program
    /// @param name as far as its first 15 characters
    /// @param maps numbers of the maps it uses
    public record Attached(int id, String name, List<Integer> maps) {
        public Attached {
            maps = List.copyOf(maps);
        }
    }

    /// In the order of their attachment, which is the order they run in.
    public static List<Attached> here() throws BpfException {
        List<Attached> found = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment next = arena.allocate(JAVA_INT);
            int namespace = namespace();
            for (int id = 0;
                    LibBpf.errno("bpf_link_get_next_id", id, next) == 0;
                    id = next.get(JAVA_INT, 0)) {
                if (next.get(JAVA_INT, 0) <= id) {
                    break;
                }
                int program = program(arena, next.get(JAVA_INT, 0), namespace);
                if (program != 0) {
                    found.add(attached(arena, program));
                }
            }
        }
        return found;
    }

    /// The number of the namespace as `net:[4026531840]` has it.
    private static int namespace() throws BpfException {
        try {
            String text = Files.readSymbolicLink(NAMESPACE).toString();
            int from = text.indexOf('[') + 1;
            return Integer.parseUnsignedInt(text.substring(from, text.indexOf(']')));
        } catch (IOException unreadable) {
            throw BpfException.of("read " + NAMESPACE, Errno.ENOENT);
        }
    }

    /// The program of a link where it is one of ours to tell; else 0.
    private static int program(Arena arena, int link, int namespace) throws BpfException {
        int fd = LibBpf.number("open a link", "bpf_link_get_fd_by_id", link);
        try (Descriptor open = new Descriptor(fd)) {
            // type, id, program, then from the 16th byte on: namespace, kind of attachment.
            MemorySegment info = info(arena, open, arena.allocate(ROOM, Long.BYTES));
            boolean here =
                    info.get(JAVA_INT, 0) == BPF_LINK_TYPE_NETNS
                            && info.get(JAVA_INT, 16) == namespace
                            && info.get(JAVA_INT, 20) == BPF_SK_LOOKUP;
            return here ? info.get(JAVA_INT, 8) : 0;
        }
    }

    private static Attached attached(Arena arena, int program) throws BpfException {
        int fd = LibBpf.number("open a program", "bpf_prog_get_fd_by_id", program);
        try (Descriptor open = new Descriptor(fd)) {
            MemorySegment maps = arena.allocate(JAVA_INT, MAPS_MAX);
            MemorySegment asked = arena.allocate(ROOM, Long.BYTES);
            asked.set(JAVA_INT, 52, MAPS_MAX);
            asked.set(ADDRESS, 56, maps);
            MemorySegment info = info(arena, open, asked);
            int count = Math.min(MAPS_MAX, info.get(JAVA_INT, 52));
            List<Integer> ids = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                ids.add(maps.getAtIndex(JAVA_INT, i));
            }
            return new Attached(program, name(info, 64), ids);
        }
    }

    private static MemorySegment info(Arena arena, Descriptor of, MemorySegment room)
            throws BpfException {
        MemorySegment length = arena.allocateFrom(JAVA_INT, ROOM);
        LibBpf.number("look at what is attached", "bpf_obj_get_info_by_fd", of.fd(), room, length);
        return room;
    }

    private static String name(MemorySegment info, long at) {
        MemorySegment text = info.asSlice(at, NAME_SIZE);
        return text.getString(0);
    }

    /// A map by its number.
    ///
    /// @param name as far as its first 15 characters
    /// @param entries it can hold
    public record Found(String name, int entries, BpfMap map) implements AutoCloseable {
        @Override
        public void close() {
            map.close();
        }
    }

    /// Opens a map by its number; the caller closes it.
    public static Found map(int id) throws BpfException {
        int fd = LibBpf.number("open map " + id, "bpf_map_get_fd_by_id", id);
        BpfMap map = BpfMap.owned("map " + id, fd);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = info(arena, new Descriptor(fd), arena.allocate(ROOM, Long.BYTES));
            return new Found(name(info, 24), info.get(JAVA_INT, 16), map);
        } catch (BpfException refused) {
            map.close();
            throw refused;
        }
    }
}
