package io.skerry.edge.bpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A map of the kernel. Keys and values are native memory of the caller's, of the sizes and byte
/// orders the C file says; in a map of per-processor values a value is so many times 8 bytes. A
/// storage of sockets has the descriptor of a socket of this process as its key. May be used by
/// several threads, but not while it is closed.
public final class BpfMap implements AutoCloseable {
    /// Whether an entry may or must exist before: `BPF_ANY`, `BPF_NOEXIST`, `BPF_EXIST`.
    public enum Put {
        ANY(0),
        NEW(1),
        EXISTING(2);

        private final long flag;

        Put(long flag) {
            this.flag = flag;
        }
    }

    private static final MethodHandle UPDATE =
            LibBpf.handle(
                    "bpf_map_update_elem",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG));
    private static final MethodHandle LOOKUP =
            LibBpf.handle(
                    "bpf_map_lookup_elem",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle DELETE =
            LibBpf.handle(
                    "bpf_map_delete_elem", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

    private final String name;
    private final int fd;
    private final boolean owned;
    private boolean closed;

    private BpfMap(String name, int fd, boolean owned) {
        this.name = name;
        this.fd = fd;
        this.owned = owned;
    }

    static BpfMap borrowed(String name, int fd) {
        return new BpfMap(name, fd, false);
    }

    static BpfMap owned(String name, int fd) {
        return new BpfMap(name, fd, true);
    }

    /// Makes a map of its own, such as the inner one of a map of maps; gone when closed, unless
    /// another map holds it.
    ///
    /// @param keySize bytes
    /// @param valueSize bytes
    /// @param flags `BPF_F_…` of the kernel; 0 for none
    public static BpfMap create(
            BpfMapType type, String name, int keySize, int valueSize, int maxEntries, int flags)
            throws BpfException {
        try (Arena arena = Arena.ofConfined()) {
            // struct bpf_map_create_opts: its size, four numbers of BTF, then the flags.
            MemorySegment options = arena.allocate(32, Long.BYTES);
            options.set(JAVA_LONG, 0, 32);
            options.set(JAVA_INT, 24, flags);
            int fd =
                    LibBpf.number(
                            "make map " + name,
                            "bpf_map_create",
                            type.number(),
                            name,
                            keySize,
                            valueSize,
                            maxEntries,
                            options);
            return new BpfMap(name, fd, true);
        }
    }

    /// Opens a pinned map.
    public static BpfMap pinned(Path path) throws BpfException {
        int fd = LibBpf.number("open " + path, "bpf_obj_get", path.toString());
        return new BpfMap(path.toString(), fd, true);
    }

    /// Keeps the map after the end of the process, until the file is removed.
    ///
    /// @param path of a file to be made, on a bpf file system
    public void pin(Path path) throws BpfException {
        LibBpf.number("pin " + name + " as " + path, "bpf_obj_pin", fd(), path.toString());
    }

    /// The descriptor, as a value for a map of maps; it stays this object's.
    public int fd() {
        if (closed) {
            throw new IllegalStateException("map " + name + " is closed");
        }
        return fd;
    }

    /// Puts an entry.
    ///
    /// @throws BpfException `E2BIG` or `ENOSPC` where the map is full, `EEXIST` and `ENOENT` where
    ///   `put` is not met
    public void put(MemorySegment key, MemorySegment value, Put put) throws BpfException {
        check("put into", tryPut(key, value, put));
    }

    /// Puts an entry whether or not there was one.
    public void put(MemorySegment key, MemorySegment value) throws BpfException {
        put(key, value, Put.ANY);
    }

    /// Puts an entry, without an exception: for what is done for every connection.
    ///
    /// @return 0, or the error number
    public int tryPut(MemorySegment key, MemorySegment value, Put put) {
        try {
            return -(int) UPDATE.invokeExact(fd(), key, value, put.flag);
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Reads an entry.
    ///
    /// @param value takes it
    /// @return whether there is one
    public boolean get(MemorySegment key, MemorySegment value) throws BpfException {
        try {
            return found("read", -(int) LOOKUP.invokeExact(fd(), key, value));
        } catch (BpfException refused) {
            throw refused;
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Removes an entry.
    ///
    /// @return whether there was one
    public boolean remove(MemorySegment key) throws BpfException {
        try {
            return found("remove from", -(int) DELETE.invokeExact(fd(), key));
        } catch (BpfException refused) {
            throw refused;
        } catch (Throwable impossible) {
            throw unexpected(impossible);
        }
    }

    /// Steps through the keys.
    ///
    /// @param key the last one; none for the first
    /// @param next takes the next one; may be the same memory
    /// @return whether there is one
    public boolean nextKey(@Nullable MemorySegment key, MemorySegment next) throws BpfException {
        int errno =
                errno("bpf_map_get_next_key", fd(), key == null ? MemorySegment.NULL : key, next);
        return found("list", errno);
    }

    /// Puts many entries by one system call (Linux 5.6; hash and array maps).
    ///
    /// @param keys one behind the other
    /// @param values one behind the other
    /// @throws BpfException some may have been put
    public void putAll(MemorySegment keys, MemorySegment values, int count) throws BpfException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment done = arena.allocateFrom(JAVA_INT, count);
            MemorySegment any = MemorySegment.NULL;
            int errno = errno("bpf_map_update_batch", fd(), keys, values, done, any);
            check("put " + count + " entries (" + done.get(JAVA_INT, 0) + " done) into", errno);
        }
    }

    /// Removes many entries by one system call (Linux 5.6; hash maps).
    ///
    /// @param keys one behind the other
    /// @throws BpfException some may have been removed; `ENOENT` where one is missing
    public void removeAll(MemorySegment keys, int count) throws BpfException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment done = arena.allocateFrom(JAVA_INT, count);
            MemorySegment any = MemorySegment.NULL;
            int errno = errno("bpf_map_delete_batch", fd(), keys, done, any);
            check("remove " + count + " (" + done.get(JAVA_INT, 0) + " done) from", errno);
        }
    }

    /// Reads all entries by one system call (Linux 5.6; hash maps), in no order.
    ///
    /// @param keys room for `count` keys
    /// @param values room for `count` values
    /// @return how many there are, at most `count`
    public int getAll(MemorySegment keys, MemorySegment values, int count) throws BpfException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment got = arena.allocateFrom(JAVA_INT, count);
            MemorySegment position = arena.allocate(JAVA_LONG);
            MemorySegment any = MemorySegment.NULL;
            int errno = errno("bpf_map_lookup_batch", fd(), any, position, keys, values, got, any);
            // Where there is no more, the kernel says that there is none.
            found("read all of", errno);
            return got.get(JAVA_INT, 0);
        }
    }

    private static int errno(String function, Object... arguments) throws BpfException {
        return LibBpf.errno(function, arguments);
    }

    private void check(String what, int errno) throws BpfException {
        if (errno != 0) {
            throw BpfException.of(what + " map " + name, errno, "");
        }
    }

    private boolean found(String what, int errno) throws BpfException {
        if (errno == Errno.ENOENT) {
            return false;
        }
        check(what, errno);
        return true;
    }

    private static IllegalStateException unexpected(Throwable impossible) {
        return new IllegalStateException("a map could not be used", impossible);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (owned) {
                new Descriptor(fd).close();
            }
        }
    }
}
