package io.skerry.edge.listener;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// Finds the process behind a socket, as far as this process may look.
final class SocketOwners {
    /// @param pid its number
    /// @param name its short name
    record Owner(long pid, String name) {}

    private SocketOwners() {}

    /// Looks through `/proc/PID/fd` once for all the sockets.
    static Map<Long, Owner> find(Set<Long> inodes) {
        Map<Long, Owner> owners = new HashMap<>();
        if (inodes.isEmpty()) {
            return owners;
        }
        // First: of a socket that two processes of a hot restart have, it is this one's.
        look(Path.of("/proc", Long.toString(ProcessHandle.current().pid())), inodes, owners);
        try (DirectoryStream<Path> processes =
                Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                look(process, inodes, owners);
            }
        } catch (IOException noProc) {
            return owners;
        }
        return owners;
    }

    private static void look(Path process, Set<Long> inodes, Map<Long, Owner> owners) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path descriptor : descriptors) {
                long inode = inode(descriptor);
                if (inodes.contains(inode)) {
                    long pid = Long.parseLong(process.getFileName().toString());
                    owners.putIfAbsent(inode, new Owner(pid, name(process)));
                }
            }
        } catch (IOException | java.nio.file.DirectoryIteratorException hiddenOrGone) {
            // Another user's process, or one that has just ended: it stays unnamed.
            return;
        }
    }

    private static long inode(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith("socket:[")
                    ? Long.parseLong(target.substring(8, target.length() - 1))
                    : -1;
        } catch (IOException closed) {
            return -1;
        }
    }

    private static String name(Path process) throws IOException {
        return Files.readString(process.resolve("comm"), StandardCharsets.UTF_8).strip();
    }
}
