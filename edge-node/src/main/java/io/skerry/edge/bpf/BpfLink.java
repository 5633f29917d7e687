package io.skerry.edge.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// A program attached somewhere. It stays attached while the link is open or pinned.
public final class BpfLink implements AutoCloseable {
    /// `struct bpf_link_info`: kind, number, program, and from here what the kind has of its own.
    private static final long INFO_CGROUP = 16;

    private static final int INFO_SIZE = 64;

    private final String name;
    private final MemorySegment link;
    private boolean closed;

    BpfLink(String name, MemorySegment link) {
        this.name = name;
        this.link = link;
    }

    /// Opens a pinned link.
    public static BpfLink pinned(Path path) throws BpfException {
        MemorySegment link = LibBpf.pointer("open " + path, "bpf_link__open", path.toString());
        return new BpfLink(path.toString(), link);
    }

    /// Keeps the program attached after the end of the process, until the file is removed.
    ///
    /// @param path of a file to be made, on a bpf file system
    public void pin(Path path) throws BpfException {
        LibBpf.number("pin " + name + " as " + path, "bpf_link__pin", pointer(), path.toString());
    }

    /// Detaches at once, also where the link is pinned or open elsewhere; the pin stays, empty.
    public void detach() throws BpfException {
        LibBpf.number("detach " + name, "bpf_link__detach", pointer());
    }

    /// The number of the cgroup it is attached to; 0 where that is gone. For programs of cgroups.
    public long cgroup() throws BpfException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(INFO_SIZE, Long.BYTES);
            MemorySegment length = arena.allocateFrom(JAVA_INT, INFO_SIZE);
            int fd = LibBpf.number("look at " + name, "bpf_link__fd", pointer());
            LibBpf.number("look at " + name, "bpf_obj_get_info_by_fd", fd, info, length);
            return info.get(JAVA_LONG, INFO_CGROUP);
        }
    }

    private MemorySegment pointer() {
        if (closed) {
            throw new IllegalStateException(name + " is closed");
        }
        return link;
    }

    /// Detaches, unless it is pinned.
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LibBpf.free("bpf_link__destroy", link);
        }
    }
}
