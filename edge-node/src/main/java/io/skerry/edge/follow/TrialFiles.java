package io.skerry.edge.follow;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Marks of contents on trial, in `trials` under the node's folder, and in `proven` what ran before
/// each. Not synced: they have to outlive the process, not the machine. Blocks; not for event
/// loops.
final class TrialFiles {
    private static final Logger log = LoggerFactory.getLogger(TrialFiles.class);
    private static final String ENDING = ".json";

    private final Path folder;
    private final ContentFiles contents;
    private final ContentFiles proven;

    /// What is to run at the start, and what is on trial or held back.
    record Loaded(List<Held> contents, Map<String, Trial> trials) {}

    /// @param data the node's folder
    TrialFiles(Path data, ContentFiles contents) {
        this.folder = data.resolve("trials");
        this.contents = contents;
        this.proven = new ContentFiles(data.resolve("proven"));
    }

    /// Counts the death of the last life, and chooses for each instance between its newest content
    /// and the proven one.
    Loaded load() {
        Map<String, Held> run = byInstance(contents.load());
        Map<String, Held> before = byInstance(proven.load());
        Map<String, Trial> trials = new HashMap<>();
        for (Trial trial : marks()) {
            String id = trial.instance();
            Trial now = trial.afterDeath();
            Held newest = run.get(id);
            boolean isNewest = newest != null && newest.is(trial.target());
            if (!isNewest && newest != null && !before.containsKey(id)) {
                // It died while it applied: what is on disk is what ran before.
                keep(id);
            }
            if (isNewest && now.isHeldBack()) {
                put(run, id, before.get(id));
            }
            Trial marked = now.runs(isNewest && !now.isHeldBack());
            trials.put(id, marked);
            store(marked);
        }
        before.keySet().stream().filter(id -> !trials.containsKey(id)).forEach(this::clear);
        return new Loaded(List.copyOf(run.values()), trials);
    }

    private static void put(Map<String, Held> run, String id, @Nullable Held held) {
        if (held == null) {
            run.remove(id);
        } else {
            run.put(id, held);
        }
    }

    private static Map<String, Held> byInstance(List<Held> all) {
        Map<String, Held> map = new LinkedHashMap<>();
        all.forEach(each -> map.put(each.content().instance(), each));
        return map;
    }

    private List<Trial> marks() {
        try {
            Files.createDirectories(folder);
            try (Stream<Path> files = Files.list(folder)) {
                return files.filter(file -> file.toString().endsWith(ENDING))
                        .flatMap(file -> read(file).stream())
                        .toList();
            }
        } catch (IOException failed) {
            log.error("marks in {} cannot be read: {}", folder, failed.toString());
            return List.of();
        }
    }

    private List<Trial> read(Path file) {
        try {
            Trial trial = Trial.read(new JsonObject(Files.readString(file)));
            return file.equals(file(trial.instance())) ? List.of(trial) : List.of();
        } catch (IOException | RuntimeException unreadable) {
            log.warn("mark {} cannot be used: {}", file, unreadable.toString());
            return List.of();
        }
    }

    /// Writes a mark; without it a crash is not recognised, and that is all.
    void store(Trial trial) {
        Path next = file(trial.instance() + ".next");
        try {
            Files.writeString(next, trial.print().encode());
            Files.move(
                    next,
                    file(trial.instance()),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException failed) {
            log.error(
                    "a crash of instance {} would not be recognised: {}",
                    trial.instance(),
                    failed.toString());
        }
    }

    /// Keeps what is stored of an instance as what ran before.
    void keep(String instance) {
        try {
            contents.copy(instance, proven);
        } catch (IOException failed) {
            log.error("what ran before of {} is not kept: {}", instance, failed.toString());
        }
    }

    /// A content has proven itself although a newer one has not yet.
    void prove(Held held) {
        try {
            proven.store(held);
        } catch (IOException failed) {
            log.error("a proven content is not kept: {}", failed.toString());
        }
    }

    /// The newest content has proven itself, or the instance is gone.
    void clear(String instance) {
        try {
            Files.deleteIfExists(file(instance));
            proven.remove(instance);
        } catch (IOException failed) {
            log.error("the mark of {} cannot be removed: {}", instance, failed.toString());
        }
    }

    private Path file(String instance) {
        return folder.resolve(instance + ENDING);
    }
}
