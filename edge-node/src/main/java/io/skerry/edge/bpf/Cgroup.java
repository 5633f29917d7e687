package io.skerry.edge.bpf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Folders of the control groups of Linux, second version, which alone take programs.
public final class Cgroup {
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final Path MINE = Path.of("/proc/self/cgroup");
    private static final String WANTED =
            "; name a folder below a mount of type cgroup2 (see /proc/self/mountinfo)";

    private Cgroup() {}

    /// The folder of the cgroup v2 this process is in; empty where none can be seen.
    public static Optional<Path> ofThisProcess() {
        try {
            return folder(Files.readAllLines(MOUNTS), Files.readAllLines(MINE));
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    /// @param mounts lines as in `/proc/self/mountinfo`
    /// @param cgroups lines as in `/proc/self/cgroup`
    static Optional<Path> folder(List<String> mounts, List<String> cgroups) {
        return cgroups.stream()
                .filter(line -> line.startsWith("0::"))
                .findFirst()
                .flatMap(line -> within(mounts, Path.of(line.substring("0::".length()))));
    }

    private static Optional<Path> within(List<String> mounts, Path cgroup) {
        for (String line : mounts) {
            Optional<Path> point = mountPoint(line);
            if (point.isPresent()) {
                Path root = Path.of(line.split(" ")[3]);
                if (cgroup.startsWith(root)) {
                    return Optional.of(point.get().resolve(root.relativize(cgroup)).normalize());
                }
            }
        }
        return Optional.empty();
    }

    /// A line reads: number, parent, device, root, mount point, options, any tags, `-`, type, ….
    private static Optional<Path> mountPoint(String line) {
        List<String> fields = List.of(line.split(" "));
        int end = fields.indexOf("-");
        boolean v2 = end > 4 && end + 1 < fields.size() && fields.get(end + 1).equals("cgroup2");
        return v2 ? Optional.of(Path.of(fields.get(4).replace("\\040", " "))) : Optional.empty();
    }

    /// The number of a folder, by which the kernel knows its cgroup.
    public static long number(Path folder) throws BpfException {
        try {
            return (long) Files.getAttribute(folder, "unix:ino");
        } catch (IOException gone) {
            throw BpfException.of("there is no cgroup " + folder, Errno.ENOENT);
        }
    }

    /// The folder of a number, below any cgroup v2 that is mounted here.
    public static Optional<Path> ofNumber(long number) {
        try {
            for (String line : Files.readAllLines(MOUNTS)) {
                Optional<Path> found = mountPoint(line).flatMap(point -> below(point, number));
                if (found.isPresent()) {
                    return found;
                }
            }
            return Optional.empty();
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    private static Optional<Path> below(Path point, long number) {
        try (Stream<Path> all = Files.walk(point)) {
            return all.filter(Files::isDirectory)
                    .filter(folder -> isNumber(folder, number))
                    .findFirst();
        } catch (IOException | UncheckedIOException changing) {
            return Optional.empty();
        }
    }

    private static boolean isNumber(Path folder, long number) {
        try {
            return number(folder) == number;
        } catch (BpfException gone) {
            return false;
        }
    }

    /// Refuses what is no folder of a cgroup v2, in clearer words than the kernel's.
    public static void check(Path folder) throws BpfException {
        if (!Files.exists(folder)) {
            throw BpfException.of("there is no cgroup " + folder, Errno.ENOENT);
        }
        if (!Files.isDirectory(folder)) {
            throw BpfException.of(folder + " is no folder" + WANTED, Errno.ENOTDIR);
        }
        check(folder, FileSystem.of(folder));
    }

    /// @param type of the file system the folder is on
    static void check(Path folder, FileSystem type) throws BpfException {
        switch (type) {
            case CGROUP2 -> {}
            case CGROUP1 ->
                    throw BpfException.of(
                            folder + " is a cgroup of version 1, which takes no programs" + WANTED,
                            Errno.EBADF);
            case BPF, OTHER ->
                    throw BpfException.of(
                            folder + " is no cgroup (" + type.word() + ")" + WANTED, Errno.EBADF);
        }
    }
}
