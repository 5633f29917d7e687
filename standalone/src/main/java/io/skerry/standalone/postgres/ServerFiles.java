package io.skerry.standalone.postgres;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/// The programs of the server, unpacked once from the archive on the class path.
///
/// The folder is called after the archive's size, so that another release of the server unpacks
/// beside it; what older releases left is removed then. A folder under its final name is complete.
final class ServerFiles {
    /// Major version of the archive; a data folder of another one cannot be opened by it.
    static final String MAJOR = "18";

    private static final String PREFIX = "server-" + MAJOR + "-";

    private ServerFiles() {}

    /// The folder with `bin`, `lib` and `share` below `parent`.
    static Path unpack(Path parent) throws IOException {
        String name = archiveName();
        URL archive = ServerFiles.class.getResource("/" + name);
        if (archive == null) {
            throw Problem.of(Code.UNAVAILABLE, "no PostgreSQL for this machine: " + name)
                    .toException();
        }
        Path folder = parent.resolve(PREFIX + archive.openConnection().getContentLengthLong());
        if (Files.isDirectory(folder)) {
            return folder;
        }
        removeServers(parent);
        Path partial = parent.resolve(PREFIX + "partial");
        Permissions.folder(partial, "rwxr-xr-x");
        try (InputStream in = archive.openStream()) {
            unpack(in, partial);
        }
        return Files.move(partial, folder, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String archiveName() {
        boolean arm = System.getProperty("os.arch").equals("aarch64");
        boolean mac = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac");
        return "postgres-" + (mac ? "darwin" : "linux") + (arm ? "-arm_64" : "-x86_64") + ".txz";
    }

    private static void removeServers(Path parent) throws IOException {
        List<Path> old;
        try (Stream<Path> children = Files.list(parent)) {
            old = children.filter(each -> name(each).startsWith("server-")).toList();
        }
        for (Path each : old) {
            Permissions.deleteTree(each);
        }
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }

    private static void unpack(InputStream archive, Path target) throws IOException {
        try (TarArchiveInputStream tar =
                new TarArchiveInputStream(
                        new XZCompressorInputStream(new BufferedInputStream(archive)))) {
            for (TarArchiveEntry entry = tar.getNextEntry();
                    entry != null;
                    entry = tar.getNextEntry()) {
                unpackEntry(tar, entry, target);
            }
        }
    }

    private static void unpackEntry(TarArchiveInputStream tar, TarArchiveEntry entry, Path target)
            throws IOException {
        Path path = target.resolve(entry.getName()).normalize();
        if (!path.startsWith(target)) {
            throw new IOException("archive entry outside its folder: " + entry.getName());
        }
        if (path.equals(target)) {
            return;
        }
        if (entry.isDirectory()) {
            makeFolders(path);
            return;
        }
        makeFolders(parentOf(path));
        if (entry.isSymbolicLink()) {
            Path link = parentOf(path).resolve(entry.getLinkName()).normalize();
            if (!link.startsWith(target)) {
                throw new IOException("archive link outside its folder: " + entry.getName());
            }
            Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
            return;
        }
        if (entry.isLink()) {
            Files.copy(target.resolve(entry.getLinkName()), path);
        } else {
            Files.copy(tar, path);
        }
        boolean program = (entry.getMode() & 0100) != 0;
        Files.setPosixFilePermissions(path, Permissions.of(program ? "rwxr-xr-x" : "rw-r--r--"));
    }

    private static void makeFolders(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            makeFolders(parentOf(path));
            Permissions.folder(path, "rwxr-xr-x");
        }
    }

    private static Path parentOf(Path path) {
        Path parent = path.getParent();
        return parent == null ? path : parent;
    }
}
