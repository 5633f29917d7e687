package io.skerry.edge.follow;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.Targets;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the node runs: changed step by step, never two at once, and kept on disk. On one Vert.x
/// context.
final class Running {
    private static final Logger log = LoggerFactory.getLogger(Running.class);

    /// Contents that the node cannot run, with the target that asked for them.
    ///
    /// @param again whether the same target is pulled again
    record Unread(Targets.Target target, Map<String, String> refused, boolean again) {}

    private final Vertx vertx;
    private final Context context;
    private final Applier applier;
    private final ContentFiles files;
    private final Trials trials;
    private final ApplyWatcher watcher;
    private final TreeMap<String, Held> held = new TreeMap<>();
    private final TreeMap<String, Unread> unread = new TreeMap<>();
    private Set<String> watched = Set.of();
    private boolean draining;
    private Future<Void> last = Future.succeededFuture();

    Running(
            Vertx vertx,
            Context context,
            Applier applier,
            FollowSettings settings,
            ApplyWatcher watcher) {
        this.vertx = vertx;
        this.context = context;
        this.applier = applier;
        this.files = new ContentFiles(settings.data().resolve("contents"));
        this.trials = new Trials(vertx, settings.data(), files, settings.crashWindow(), held::get);
        this.watcher = watcher;
    }

    /// Does a step when all earlier ones are done.
    Future<Void> inTurn(Supplier<Future<Void>> step) {
        last = last.transform(before -> step.get());
        return last;
    }

    @Nullable Held get(String instance) {
        return held.get(instance);
    }

    Set<String> instances() {
        return Set.copyOf(held.keySet());
    }

    boolean isEmpty() {
        return held.isEmpty();
    }

    /// The highest revision among the contents; 0 without any.
    long revision() {
        return held.values().stream().mapToLong(h -> h.content().revision()).max().orElse(0);
    }

    /// Reports count the sessions of these instances.
    void watch(Set<String> instances) {
        watched = Set.copyOf(instances);
    }

    @Nullable Unread unread(String instance) {
        return unread.get(instance);
    }

    void cannotRead(String instance, Unread what) {
        unread.put(instance, what);
    }

    /// Forgets what is no target any more.
    void retainTargets(Map<String, Targets.Target> targets) {
        Set<String> instances = targets.keySet();
        unread.keySet().retainAll(instances);
        // What runs is the target again: the one that could not be read never was.
        unread.keySet()
                .removeIf(id -> {
                    Held runs = held.get(id);
                    Targets.Target target = targets.get(id);
                    return runs != null && target != null && runs.is(target);
                });
        trials.heldBack().stream()
                .map(Trial::instance)
                .filter(each -> !instances.contains(each))
                .forEach(trials::forget);
    }

    /// Whether a content has ended the process too often to be applied again.
    boolean isHeldBack(String instance, Targets.Target target) {
        return trials.isHeldBack(instance, target);
    }

    /// What is held back because it ended the process.
    List<Trial> heldBack() {
        return trials.heldBack();
    }

    /// Nothing is applied any more: the process ends in order.
    Future<Void> end() {
        return trials.end();
    }

    /// The process goes on after all.
    Future<Void> goOn() {
        return trials.goOn();
    }

    /// Whether ports are kept closed although contents are followed.
    boolean isDraining() {
        return draining;
    }

    /// Closes every port, or opens them again; kept on disk, so that a restart does not undo it.
    Future<Void> drain(boolean wanted) {
        draining = wanted;
        return run(Map.of(), Set.of(), false).compose(done -> onDisk(() -> files.drain(wanted)));
    }

    boolean hasRefusals() {
        return applier.outcomes().values().stream().anyMatch(o -> !o.refused().isEmpty());
    }

    /// Reads the files and runs what they say.
    Future<Void> load() {
        return vertx.executeBlocking(files::isDraining)
                .onSuccess(wanted -> draining = wanted)
                .compose(read -> trials.load())
                .recover(failure -> {
                    log.error("no last content is read: {}", failure.getMessage());
                    return Future.succeededFuture(List.of());
                })
                .compose(loaded -> {
                    if (loaded == null || loaded.isEmpty()) {
                        return Future.succeededFuture();
                    }
                    TreeMap<String, Held> put = new TreeMap<>();
                    loaded.forEach(each -> put.put(each.content().instance(), each));
                    log.info("serving {} instances from the last applied content", put.size());
                    return run(put, Set.of(), false);
                });
    }

    /// Runs other contents for some instances and none for others.
    Future<Void> change(Map<String, Held> put, Set<String> remove) {
        Map<String, Held> allowed = trials.allowed(put);
        return allowed.isEmpty() && remove.isEmpty()
                ? Future.succeededFuture()
                : trials.begin(allowed).compose(marked -> run(allowed, remove, true));
    }

    /// Tries again what was refused.
    Future<Void> again() {
        return onContext(applier.retryRefused())
                .onFailure(bug -> log.error("refused rules were not tried again", bug));
    }

    private Future<Void> run(Map<String, Held> put, Set<String> remove, boolean keep) {
        TreeMap<String, Held> next = new TreeMap<>(held);
        next.putAll(put);
        next.keySet().removeAll(remove);
        TreeMap<String, InstanceContent> contents = new TreeMap<>();
        next.forEach((id, each) ->
                contents.put(id, draining ? each.content().closed() : each.content()));
        long began = System.nanoTime();
        return onContext(guarded(contents))
                .compose(applied -> {
                    watcher.applied(System.nanoTime() - began);
                    held.clear();
                    held.putAll(next);
                    put.keySet().forEach(unread::remove);
                    trials.applied(put.keySet());
                    remove.forEach(trials::forget);
                    return keep ? store(put, remove) : Future.succeededFuture();
                })
                .onFailure(bug -> log.error("a change was not applied; tried again", bug));
    }

    private Future<Void> guarded(SortedMap<String, InstanceContent> contents) {
        try {
            return applier.apply(contents);
        } catch (RuntimeException bug) {
            return Future.failedFuture(bug);
        }
    }

    /// A disk that fails costs the memory of the next start and nothing else.
    private Future<Void> store(Map<String, Held> put, Set<String> remove) {
        Map<String, Held> stored = Map.copyOf(put);
        return onDisk(() -> {
            for (Held each : stored.values()) {
                files.store(each);
            }
            for (String each : remove) {
                files.remove(each);
            }
        });
    }

    private interface DiskWork {
        void run() throws IOException;
    }

    private Future<Void> onDisk(DiskWork work) {
        return vertx.executeBlocking(
                        () -> {
                            work.run();
                            return true;
                        })
                .recover(failure -> {
                    String why =
                            failure instanceof IOException
                                    ? failure.toString()
                                    : String.valueOf(failure.getMessage());
                    log.error("the applied content could not be kept on disk: {}", why);
                    return Future.succeededFuture(false);
                })
                .mapEmpty();
    }

    private Future<Void> onContext(Future<Void> future) {
        Promise<Void> promise = Promise.promise();
        future.onComplete(done -> context.runOnContext(v -> promise.handle(done)));
        return promise.future();
    }

    /// What the report says of each instance.
    Map<String, NodeReport.Applied> report() {
        Map<String, Applier.Outcome> outcomes = applier.outcomes();
        TreeMap<String, NodeReport.Applied> report = new TreeMap<>();
        held.forEach((id, each) -> {
            Applier.Outcome outcome = outcomes.getOrDefault(id, Applier.Outcome.GOOD);
            report.put(
                    id,
                    new NodeReport.Applied(
                            each.content().revision(),
                            each.digest(),
                            outcome.refused(),
                            outcome.draining(),
                            watched.contains(id)
                                    ? applier.counts(each.content().rules().keySet())
                                    : null));
        });
        unread.forEach((id, each) ->
                report.put(
                        id,
                        new NodeReport.Applied(
                                each.target().revision(),
                                each.target().digest(),
                                each.refused(),
                                outcomes.getOrDefault(id, Applier.Outcome.GOOD).draining())));
        trials.report(report);
        return report;
    }
}
