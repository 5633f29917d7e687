package io.skerry.edge.follow;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.id.Ids;
import io.skerry.shared.problem.Checked;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The last applied content on disk: one file per instance, written whole and renamed into place,
/// read back only where its digest holds. Blocks; not for event loops.
final class ContentFiles {
    private static final Logger log = LoggerFactory.getLogger(ContentFiles.class);
    private static final String ENDING = ".json";
    private static final String ASIDE = ".corrupt";

    private final Path folder;

    ContentFiles(Path folder) {
        this.folder = folder;
    }

    /// Everything that can be read. A file that does not hold what it should is set aside as
    /// `….json.corrupt`; one that the disk does not give is left where it is.
    ///
    /// @throws UncheckedIOException where the folder cannot be made or listed
    List<Held> load() {
        List<Held> loaded = new ArrayList<>();
        try {
            Files.createDirectories(folder);
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(f -> f.toString().endsWith(ENDING))
                        .forEach(file -> loadOne(file, loaded));
            }
        } catch (IOException failed) {
            throw new UncheckedIOException("folder " + folder + ": " + failed.getMessage(), failed);
        }
        return loaded;
    }

    private void loadOne(Path file, List<Held> loaded) {
        try {
            read(file, loaded);
        } catch (IOException failed) {
            log.error(
                    "content file {} is not read; its instance is pulled again: {}",
                    file,
                    failed.toString());
        }
    }

    private void read(Path file, List<Held> loaded) throws IOException {
        String wrong;
        try {
            JsonObject json = new JsonObject(Files.readString(file));
            switch (InstanceContent.read(json.getJsonObject("content"))) {
                case Checked.Ok<InstanceContent>(InstanceContent content) -> {
                    Held held = Held.of(content);
                    if (held.digest().equals(json.getString("digest"))
                            && file.equals(file(content.instance()))) {
                        loaded.add(held);
                        return;
                    }
                    wrong = "its digest or name does not hold";
                }
                case Checked.Refused<InstanceContent>(var mistakes) ->
                        wrong = mistakes.getFirst().field() + " " + mistakes.getFirst().message();
            }
        } catch (RuntimeException | java.nio.charset.CharacterCodingException unreadable) {
            wrong = String.valueOf(unreadable.getMessage());
        }
        Path aside = file.resolveSibling(file.getFileName() + ASIDE);
        Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
        log.error(
                "content file {} cannot be used and is set aside as {}; its instance is pulled"
                        + " again: {}",
                file,
                aside.getFileName(),
                wrong);
    }

    /// Keeps a content; on disk when this returns.
    void store(Held held) throws IOException {
        Path file = file(held.content().instance());
        Path next = file.resolveSibling(file.getFileName() + ".next");
        JsonObject json =
                new JsonObject()
                        .put("v", 1)
                        .put("digest", held.digest())
                        .put("content", held.content().print());
        ByteBuffer bytes = ByteBuffer.wrap(json.encode().getBytes(StandardCharsets.UTF_8));
        try (FileChannel channel =
                FileChannel.open(
                        next,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncFolder();
    }

    /// Copies what is stored of an instance, if anything is; not synced.
    void copy(String instance, ContentFiles to) throws IOException {
        Path from = file(instance);
        if (Files.exists(from)) {
            Path next = to.file(instance).resolveSibling(instance + ".copy");
            Files.copy(from, next, StandardCopyOption.REPLACE_EXISTING);
            Files.move(
                    next,
                    to.file(instance),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        }
    }

    void remove(String instance) throws IOException {
        if (Files.deleteIfExists(file(instance))) {
            syncFolder();
        }
    }

    /// Whether the node was told to drain when it was told anything last.
    boolean isDraining() {
        return Files.exists(drainFile());
    }

    /// Keeps that for the next start; on disk when this returns.
    void drain(boolean wanted) throws IOException {
        Files.createDirectories(folder);
        if (wanted) {
            Files.writeString(drainFile(), "");
        } else {
            Files.deleteIfExists(drainFile());
        }
        syncFolder();
    }

    private Path drainFile() {
        return folder.resolve("drain");
    }

    private void syncFolder() throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private Path file(String instance) {
        if (!Ids.isId(instance)) {
            throw new IllegalArgumentException("not an identity: " + instance);
        }
        return folder.resolve(instance + ENDING);
    }
}
