package io.skerry.standalone;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The files of the repository as they are written, without what builds and runs leave behind.
final class SourceTree {
    private static final Set<String> LEFT_BEHIND =
            Set.of("target", ".git", ".skerry", ".skerry-edge", ".idea", "node_modules");

    static final Path ROOT =
            Path.of(System.getProperty("skerry.root", "..")).toAbsolutePath().normalize();

    private SourceTree() {}

    /// All files whose name ends so.
    static List<Path> files(String... endings) {
        List<Path> found = new ArrayList<>();
        try {
            Files.walkFileTree(ROOT, new Collector(found, List.of(endings)));
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
        found.sort(null);
        return found;
    }

    static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    static String name(Path file) {
        return ROOT.relativize(file).toString();
    }

    private static final class Collector extends SimpleFileVisitor<Path> {
        private final List<Path> found;
        private final List<String> endings;

        Collector(List<Path> found, List<String> endings) {
            this.found = found;
            this.endings = endings;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return LEFT_BEHIND.contains(String.valueOf(folder.getFileName()))
                    ? FileVisitResult.SKIP_SUBTREE
                    : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String name = String.valueOf(file.getFileName());
            if (attributes.isRegularFile() && endings.stream().anyMatch(name::endsWith)) {
                found.add(file);
            }
            return FileVisitResult.CONTINUE;
        }
    }
}
