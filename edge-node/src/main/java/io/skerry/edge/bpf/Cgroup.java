package io.skerry.edge.bpf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Folders of the control groups of Linux, second version, which alone take programs.
public final class Cgroup {
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final Path MINE = Path.of("/proc/self/cgroup");

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

    /// A line reads: number, parent, device, root, mount point, options, any tags, `-`, type, ….
    private static Optional<Path> within(List<String> mounts, Path cgroup) {
        for (String line : mounts) {
            List<String> fields = List.of(line.split(" "));
            int end = fields.indexOf("-");
            if (end > 4 && end + 1 < fields.size() && fields.get(end + 1).equals("cgroup2")) {
                Path root = Path.of(fields.get(3));
                Path point = Path.of(fields.get(4).replace("\\040", " "));
                if (cgroup.startsWith(root)) {
                    return Optional.of(point.resolve(root.relativize(cgroup)).normalize());
                }
            }
        }
        return Optional.empty();
    }

    /// Refuses what is no folder of a cgroup v2, in clearer words than the kernel's.
    public static void check(Path folder) throws BpfException {
        if (!Files.isDirectory(folder)) {
            throw BpfException.of("there is no cgroup " + folder, Errno.ENOENT);
        }
        check(folder, fileSystem(folder));
    }

    /// @param type of the file system the folder is on
    static void check(Path folder, String type) throws BpfException {
        if (type.equals("cgroup")) {
            throw BpfException.of(
                    folder
                            + " is a cgroup of version 1, which takes no programs; name a folder"
                            + " below a mount of type cgroup2 (see /proc/self/mountinfo)",
                    Errno.EBADF);
        }
        if (!type.equals("cgroup2")) {
            throw BpfException.of(
                    folder
                            + " is no cgroup ("
                            + type
                            + "); name a folder below a mount of type"
                            + " cgroup2 (see /proc/self/mountinfo)",
                    Errno.EBADF);
        }
    }

    private static String fileSystem(Path folder) {
        try {
            return Files.getFileStore(folder).type();
        } catch (IOException unknown) {
            return "of an unknown file system";
        }
    }
}
