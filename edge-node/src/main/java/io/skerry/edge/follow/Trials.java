package io.skerry.edge.follow;

import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.Targets;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Breaks crash loops: a content that ended the process twice within a window after it was applied
/// is not applied a third time; the content before it runs, and the report says why. The next
/// revision of the instance is a new attempt. On one Vert.x context.
final class Trials {
    private static final Logger log = LoggerFactory.getLogger(Trials.class);

    private final Vertx vertx;
    private final TrialFiles files;
    private final ContentFiles contents;
    private final Duration window;
    private final Function<String, @Nullable Held> running;

    /// Marks on disk, by instance: on trial or held back.
    private final Map<String, Trial> trials = new TreeMap<>();

    /// The content of each instance whose window is under way; a newer one waits for the next.
    private final Map<String, Held> candidates = new HashMap<>();

    /// @param window how long a content has to run; zero: nothing is ever held back
    /// @param running what runs of an instance
    Trials(
            Vertx vertx,
            Path data,
            ContentFiles contents,
            Duration window,
            Function<String, @Nullable Held> running) {
        this.vertx = vertx;
        this.files = new TrialFiles(data, contents);
        this.contents = contents;
        this.window = window;
        this.running = running;
    }

    /// What is to run at the start.
    Future<List<Held>> load() {
        if (window.isZero()) {
            return vertx.<List<Held>>executeBlocking(contents::load).map(Objects::requireNonNull);
        }
        return vertx.<TrialFiles.Loaded>executeBlocking(files::load)
                .map(Objects::requireNonNull)
                .map(loaded -> {
                    trials.putAll(loaded.trials());
                    loaded.trials()
                            .values()
                            .forEach(each -> {
                                if (each.isHeldBack()) {
                                    log.error("instance {}: {}", each.instance(), each.why());
                                }
                            });
                    return loaded.contents();
                });
    }

    /// What of a change may be applied.
    Map<String, Held> allowed(Map<String, Held> put) {
        TreeMap<String, Held> allowed = new TreeMap<>(put);
        allowed.values()
                .removeIf(held -> {
                    Trial trial = trials.get(held.content().instance());
                    return trial != null && trial.isHeldBack() && held.is(trial.target());
                });
        return allowed;
    }

    boolean isHeldBack(String instance, Targets.Target target) {
        Trial trial = trials.get(instance);
        return trial != null && trial.isHeldBack() && trial.target().names(target);
    }

    /// Marks contents that are about to be applied.
    Future<Void> begin(Map<String, Held> put) {
        if (window.isZero() || put.isEmpty()) {
            return Future.succeededFuture();
        }
        List<Trial> marks = new ArrayList<>();
        List<String> fresh = new ArrayList<>();
        put.forEach((id, held) -> {
            Trial old = trials.get(id);
            if (old == null) {
                fresh.add(id);
            }
            marks.add(
                    old != null && held.is(old.target())
                            ? old.runs(true)
                            : Trial.of(running.apply(id), held));
        });
        marks.forEach(mark -> trials.put(mark.instance(), mark));
        return blocking(() -> {
            // The mark of a first trial comes last: with it, what is proven has to be there.
            fresh.forEach(files::keep);
            marks.forEach(files::store);
            return true;
        });
    }

    /// Contents run now: their time begins.
    void applied(Set<String> instances) {
        for (String id : instances) {
            Held now = running.apply(id);
            Trial trial = trials.get(id);
            if (now != null
                    && trial != null
                    && trial.runs()
                    && candidates.putIfAbsent(id, now) == null) {
                watch(id, now);
            }
        }
    }

    private void watch(String id, Held candidate) {
        vertx.setTimer(window.toMillis(), timer -> passed(id, candidate));
    }

    private void passed(String id, Held candidate) {
        Held watched = candidates.get(id);
        if (watched == null || !watched.is(candidate.target())) {
            return;
        }
        Held now = running.apply(id);
        if (now == null || now.is(candidate.target())) {
            forget(id);
            return;
        }
        candidates.put(id, now);
        blocking(() -> {
            files.prove(candidate);
            return true;
        });
        watch(id, now);
    }

    /// The instance is no longer a target, or its content has proven itself.
    void forget(String id) {
        candidates.remove(id);
        if (trials.remove(id) != null) {
            blocking(() -> {
                files.clear(id);
                return true;
            });
        }
    }

    /// The process ends in order, which is no crash.
    Future<Void> end() {
        candidates.clear();
        List<Trial> marks =
                trials.values().stream().filter(Trial::runs).map(t -> t.runs(false)).toList();
        return blocking(() -> {
            marks.forEach(files::store);
            return true;
        });
    }

    /// The process goes on after {@link #end}: what was on trial is so again, from the beginning.
    Future<Void> goOn() {
        List<Trial> marks = trials.values().stream().filter(Trial::runs).toList();
        return blocking(
                        () -> {
                            marks.forEach(files::store);
                            return true;
                        })
                .onComplete(stored -> applied(Set.copyOf(trials.keySet())));
    }

    private Future<Void> blocking(Callable<Boolean> work) {
        return vertx.executeBlocking(work)
                .onFailure(bug -> log.error("trials", bug))
                .otherwise(false)
                .mapEmpty();
    }

    /// What the report says of instances that are held back, in place of what it would.
    void report(Map<String, NodeReport.Applied> report) {
        for (Trial each : heldBack()) {
            NodeReport.Applied runs = report.get(each.instance());
            List<String> open = new ArrayList<>(runs == null ? List.of() : runs.draining());
            if (runs != null) {
                open.addAll(each.removed());
            }
            Map<String, String> refused = new TreeMap<>(runs == null ? Map.of() : runs.refused());
            refused.putAll(each.refused());
            report.put(
                    each.instance(),
                    new NodeReport.Applied(
                            each.target().revision(), each.target().digest(), refused, open));
        }
    }

    /// What is held back now.
    List<Trial> heldBack() {
        return trials.values().stream().filter(Trial::isHeldBack).toList();
    }
}
