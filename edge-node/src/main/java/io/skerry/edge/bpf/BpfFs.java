package io.skerry.edge.bpf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The file system of pins, which keep programs and maps after the process that made them.
public final class BpfFs {
    /// Where it is mounted by convention.
    public static final Path MOUNT = Path.of("/sys/fs/bpf");

    private static final String TYPE = "bpf";

    private BpfFs() {}

    /// Makes a folder for pins; below {@link #MOUNT} the file system itself is mounted where it is
    /// not yet.
    public static void createFolder(Path folder) throws BpfException {
        Path wanted = folder.toAbsolutePath().normalize();
        if (!isOnBpf(wanted) && wanted.startsWith(MOUNT)) {
            mount();
        }
        if (!isOnBpf(wanted)) {
            throw BpfException.of(
                    folder + " is not on a bpf file system; choose a folder below " + MOUNT,
                    Errno.EINVAL);
        }
        try {
            Files.createDirectories(wanted);
        } catch (IOException refused) {
            throw BpfException.of("cannot make " + refused.getMessage(), Errno.EPERM);
        }
    }

    /// Removes a pin; what it alone kept goes with it.
    public static void remove(Path pin) throws BpfException {
        try {
            Files.deleteIfExists(pin);
        } catch (IOException refused) {
            throw BpfException.of("cannot remove " + refused.getMessage(), Errno.EPERM);
        }
    }

    private static void mount() throws BpfException {
        C.Answer answer =
                C.LIBC.number(
                        "mount",
                        TYPE,
                        MOUNT.toString(),
                        TYPE,
                        0L,
                        java.lang.foreign.MemorySegment.NULL);
        if (answer.value() != 0) {
            throw BpfException.of("mount a bpf file system at " + MOUNT, answer.errno(), "");
        }
    }

    /// Whether a path, or the nearest folder above it that exists, is on such a file system.
    static boolean isOnBpf(Path path) {
        @Nullable Path existing = path;
        while (existing != null && !Files.exists(existing)) {
            existing = existing.getParent();
        }
        return existing != null && FileSystem.of(existing) == FileSystem.BPF;
    }
}
