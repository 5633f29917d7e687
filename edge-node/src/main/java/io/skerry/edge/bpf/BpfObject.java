package io.skerry.edge.bpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Programs and maps of one compiled C file. Opened, perhaps adjusted, then loaded; what it holds
/// is given back by {@link #close}, except what is pinned or linked. Not for use by several
/// threads.
public final class BpfObject implements AutoCloseable {
    /// `struct bpf_object_open_opts` as far as it is used: its own size and the name.
    private static final long OPTIONS_SIZE = 16;

    private static final long OPTIONS_NAME = 8;

    private final String name;
    private final MemorySegment object;
    private boolean closed;

    private BpfObject(String name, MemorySegment object) {
        this.name = name;
        this.object = object;
    }

    /// Opens a compiled object of this product; nothing has reached the kernel yet.
    ///
    /// @param name such as `toa_edge`, for `toa_edge.bpf.o` among the resources of this package
    public static BpfObject open(String name) throws BpfException {
        return open(name, resource(name));
    }

    /// Opens an object from its bytes.
    ///
    /// @param elf what clang made
    public static BpfObject open(String name, byte[] elf) throws BpfException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment options = arena.allocate(OPTIONS_SIZE, Long.BYTES);
            options.set(JAVA_LONG, 0, OPTIONS_SIZE);
            options.set(ADDRESS, OPTIONS_NAME, arena.allocateFrom(name));
            MemorySegment bytes = arena.allocate(elf.length, Long.BYTES);
            bytes.copyFrom(MemorySegment.ofArray(elf));
            MemorySegment object =
                    LibBpf.pointer(
                            "open " + name,
                            "bpf_object__open_mem",
                            bytes,
                            (long) elf.length,
                            options);
            return new BpfObject(name, object);
        }
    }

    /// The bytes of a compiled object of this product.
    static byte[] resource(String name) {
        try (InputStream in = BpfObject.class.getResourceAsStream(name + ".bpf.o")) {
            if (in == null) {
                throw new IllegalArgumentException("there is no object " + name);
            }
            return in.readAllBytes();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /// Sets how many entries a map may hold; before loading.
    public void maxEntries(String map, int entries) throws BpfException {
        LibBpf.number("size " + map, "bpf_map__set_max_entries", pointerOfMap(map), entries);
    }

    /// Says what the maps within a map are like; before loading. Needed only where the C file does
    /// not say so itself.
    public void innerMap(String map, BpfMap inner) throws BpfException {
        LibBpf.number("shape " + map, "bpf_map__set_inner_map_fd", pointerOfMap(map), inner.fd());
    }

    /// Makes a map of this object be one that exists already; before loading.
    public void reuse(String map, BpfMap existing) throws BpfException {
        LibBpf.number("reuse " + map, "bpf_map__reuse_fd", pointerOfMap(map), existing.fd());
    }

    /// Hands everything to the kernel, whose verifier looks at it.
    public void load() throws BpfException {
        LibBpf.number("load " + name, "bpf_object__load", object());
    }

    /// A map, once loaded. It lives as long as this object.
    public BpfMap map(String map) throws BpfException {
        int fd = LibBpf.number("find map " + map, "bpf_map__fd", pointerOfMap(map));
        return BpfMap.borrowed(map, fd);
    }

    /// A program. It lives as long as this object.
    public BpfProgram program(String program) throws BpfException {
        MemorySegment found =
                LibBpf.pointer(
                        "find program " + program,
                        "bpf_object__find_program_by_name",
                        object(),
                        program);
        return new BpfProgram(this, program, found);
    }

    private MemorySegment pointerOfMap(String map) throws BpfException {
        return LibBpf.pointer("find map " + map, "bpf_object__find_map_by_name", object(), map);
    }

    MemorySegment object() {
        if (closed) {
            throw new IllegalStateException(name + " is closed");
        }
        return object;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LibBpf.free("bpf_object__close", object);
        }
    }
}
