package io.skerry.edge.bpf;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// A program attached somewhere. It stays attached while the link is open or pinned.
public final class BpfLink implements AutoCloseable {
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
