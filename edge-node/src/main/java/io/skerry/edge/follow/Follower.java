package io.skerry.edge.follow;

import io.skerry.edge.follow.RuleServices.Reply;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.content.Targets;
import io.skerry.shared.id.Ids;
import io.skerry.shared.process.Bus;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the node at its target.
///
/// It starts from the last content on disk, reports to a rule service every two seconds and learns
/// its targets from the answer, pulls what it lacks, and applies small changes straight from the
/// bus. Only a valid answer ever takes an instance away. All state belongs to one Vert.x context.
public final class Follower {
    private static final Logger log = LoggerFactory.getLogger(Follower.class);

    /// An answer whose newest revision is older than what runs comes from a service that lags; so
    /// many of them in a row come from a deployment that was set back, and are believed.
    private static final int OLDER_ANSWERS_BELIEVED = 3;

    private final Vertx vertx;
    private final Context context;
    private final FollowSettings settings;
    private final Reporter reporter;
    private final Supplier<RandomGenerator> random;
    private final RuleServices services;
    private final Running running;
    private final Hints hints = new Hints();

    private boolean syncing;
    private boolean syncAgain;
    private boolean hintsInTurn;
    private boolean stopped;
    private boolean paused;
    private int olderAnswers;
    private long timer = -1;
    private String trouble = "";
    private volatile boolean serving;
    private volatile boolean nameTaken;
    private volatile boolean draining;
    private volatile long revision;
    private volatile List<Trial> heldBack = List.of();

    private Follower(
            Vertx vertx,
            Context context,
            RuleServices services,
            FollowSettings settings,
            Applier applier,
            Reporter reporter,
            ApplyWatcher watcher,
            Supplier<RandomGenerator> random) {
        this.vertx = vertx;
        this.context = context;
        this.settings = settings;
        this.reporter = reporter;
        this.random = random;
        this.services = services;
        this.running = new Running(vertx, context, applier, settings, watcher);
    }

    /// Starts to follow. Completes when what was on disk is served, without waiting for anyone.
    /// Called on the Vert.x context that the follower is to live on.
    ///
    /// @param taking what has to be done between applying what was on disk and the first report;
    ///   the start fails with it
    public static Future<Follower> start(
            Vertx vertx,
            Bus bus,
            FollowSettings settings,
            Applier applier,
            Reporter reporter,
            ApplyWatcher watcher,
            Supplier<Future<Void>> taking) {
        return start(
                vertx,
                bus,
                settings,
                applier,
                reporter,
                watcher,
                taking,
                ThreadLocalRandom::current);
    }

    /// @param random where the jitter of reports comes from
    static Future<Follower> start(
            Vertx vertx,
            Bus bus,
            FollowSettings settings,
            Applier applier,
            Reporter reporter,
            ApplyWatcher watcher,
            Supplier<Future<Void>> taking,
            Supplier<RandomGenerator> random) {
        Context context = vertx.getOrCreateContext();
        Follower follower =
                new Follower(
                        vertx,
                        context,
                        services(vertx, bus, settings),
                        settings,
                        applier,
                        reporter,
                        watcher,
                        random);
        return follower.running
                .inTurn(follower.running::load)
                .otherwiseEmpty()
                .compose(loaded -> taking.get())
                .map(taken -> {
                    follower.noteRevision();
                    follower.draining = follower.running.isDraining();
                    follower.serving = !follower.running.isEmpty();
                    bus.subscribe(
                            BusAddress.CHANGED,
                            message -> context.runOnContext(v -> follower.hinted(message)));
                    follower.sync();
                    return follower;
                });
    }

    private static RuleServices services(Vertx vertx, Bus bus, FollowSettings settings) {
        return settings.rules().isEmpty()
                ? new BusRuleServices(bus, settings)
                : new HttpRuleServices(vertx, settings);
    }

    /// Whether the node serves what it was told, now or in an earlier life.
    public boolean isReady() {
        return serving && !nameTaken && !stopped;
    }

    /// Whether the node is told to serve nobody, now or when it was told anything last.
    public boolean isDraining() {
        return draining;
    }

    /// The highest revision that is applied; 0 before the first.
    public long appliedRevision() {
        return revision;
    }

    /// Something to report has changed, such as a rule that has drained: reports at once. From any
    /// thread.
    public void reportSoon() {
        context.runOnContext(v -> sync());
    }

    private void hinted(JsonObject message) {
        if (stopped || paused) {
            return;
        }
        if (!hints.add(message)) {
            sync();
            return;
        }
        if (!hintsInTurn) {
            hintsInTurn = true;
            running.inTurn(this::applyHints).onComplete(done -> sync());
        }
    }

    private Future<Void> applyHints() {
        hintsInTurn = false;
        Map<String, Held> next = hints.take(running);
        return next.isEmpty() || stopped || paused
                ? Future.succeededFuture()
                : running.change(next, Set.of()).onComplete(done -> noteRevision());
    }

    /// Reports and pulls now, or again as soon as the report under way is done.
    private void sync() {
        if (stopped) {
            return;
        }
        if (syncing) {
            syncAgain = true;
            return;
        }
        syncing = true;
        vertx.cancelTimer(timer);
        // Whatever goes wrong, even in making the report, must not be the last exchange.
        Future.succeededFuture()
                .compose(v -> exchange())
                .onFailure(this::troubled)
                .onComplete(done -> {
                    syncing = false;
                    boolean now = syncAgain && done.succeeded();
                    syncAgain = false;
                    if (now) {
                        sync();
                    } else if (!stopped) {
                        timer = vertx.setTimer(nextDelay(), t -> retryAndSync());
                    }
                });
    }

    private long nextDelay() {
        double jitter = 0.9 + 0.2 * random.get().nextDouble();
        return Math.max(1, Math.round(settings.interval().toMillis() * jitter));
    }

    private void retryAndSync() {
        Future<Void> retried =
                running.hasRefusals() && !paused
                        ? running.inTurn(() ->
                                stopped || paused ? Future.succeededFuture() : running.again())
                        : Future.succeededFuture();
        retried.onComplete(done -> sync());
    }

    private Future<Void> exchange() {
        long asked = running.revision();
        return services.sync(reporter.report(running.report()).print())
                .compose(reply -> heard(reply, asked));
    }

    /// @param asked the revision of this node when it asked
    private Future<Void> heard(Reply reply, long asked) {
        nameTaken = reply.status() == 409;
        Targets targets = reply.targets();
        if (targets == null) {
            return Future.failedFuture(reply.refusal());
        }
        if (!trouble.isEmpty()) {
            trouble = "";
            log.info("rule service {} answers again", services.name());
        }
        if (paused) {
            return Future.succeededFuture();
        }
        // Not behind is one that a hint has overtaken while its answer was under way.
        boolean isBehind = targets.head() < asked;
        if (isBehind && ++olderAnswers < OLDER_ANSWERS_BELIEVED) {
            log.debug(
                    "rule service {} is at revision {}, this node at {}: not followed for now",
                    services.name(),
                    targets.head(),
                    asked);
            return Future.succeededFuture();
        }
        olderAnswers = isBehind ? olderAnswers : 0;
        running.retainTargets(targets.instances());
        running.watch(targets.watched());
        return drain(targets.drain())
                .compose(done -> pullAll(targets))
                .compose(pulled -> running.inTurn(() -> adopt(targets, pulled)))
                .onSuccess(done -> serving = true);
    }

    private Future<Void> drain(boolean wanted) {
        if (draining == wanted) {
            return Future.succeededFuture();
        }
        // Unready before the first port closes; ready again only when all are open.
        draining = true;
        syncAgain = true;
        log.info(wanted ? "told to drain: serving nobody" : "told to serve again");
        return running.inTurn(() -> running.drain(wanted)).onSuccess(done -> draining = wanted);
    }

    private Future<Map<String, Pull>> pullAll(Targets targets) {
        Future<Map<String, Pull>> pulls = Future.succeededFuture(new TreeMap<>());
        for (Map.Entry<String, Targets.Target> each :
                new TreeMap<>(targets.instances()).entrySet()) {
            String instance = each.getKey();
            if (!isWanting(instance, each.getValue()) || isOvertaken(instance, targets)) {
                continue;
            }
            pulls =
                    pulls.compose(soFar ->
                            pull(instance, each.getValue(), false)
                                    .map(pull -> {
                                        soFar.put(instance, pull);
                                        return soFar;
                                    }));
        }
        return pulls;
    }

    private boolean isWanting(String instance, Targets.Target target) {
        Held held = running.get(instance);
        Running.Unread unread = running.unread(instance);
        return (held == null || !held.is(target))
                && !running.isHeldBack(instance, target)
                && (unread == null || unread.again() || !unread.target().names(target));
    }

    private Future<Pull> pull(String instance, Targets.Target target, boolean whole) {
        if (!Ids.isId(instance)) {
            return Future.succeededFuture(new Pull.Nothing("not an identity"));
        }
        Held held = whole ? null : running.get(instance);
        Held have = held != null && held.content().revision() < target.revision() ? held : null;
        long from = have == null ? 0 : have.content().revision();
        return services.pull(instance, from, target.digest())
                .compose(reply -> {
                    if (reply.status() != 200) {
                        return Future.succeededFuture(new Pull.Nothing("status " + reply.status()));
                    }
                    Pull pull = Pull.judge(instance, target, have, reply.body());
                    return pull instanceof Pull.NeedsSnapshot && !whole
                            ? pull(instance, target, true)
                            : Future.succeededFuture(pull);
                });
    }

    /// Runs what was pulled and stops what is no target any more, unless a hint has been faster.
    private Future<Void> adopt(Targets targets, Map<String, Pull> pulled) {
        TreeMap<String, Held> put = new TreeMap<>();
        pulled.forEach((instance, pull) -> {
            switch (pull) {
                case Pull.Good(Held got) -> {
                    if (!isOvertaken(instance, targets)) {
                        put.put(instance, got);
                    }
                }
                case Pull.Unreadable(var refused) -> refuse(instance, targets, refused, false);
                case Pull.Unvouched(var refused) -> refuse(instance, targets, refused, true);
                case Pull.NeedsSnapshot needs ->
                        log.warn("instance {} could not be pulled: steps do not fit", instance);
                case Pull.Nothing(String why) ->
                        log.warn("instance {} could not be pulled: {}", instance, why);
            }
        });
        Set<String> remove = new HashSet<>(running.instances());
        remove.removeAll(targets.instances().keySet());
        remove.removeIf(instance -> isOvertaken(instance, targets));
        if (stopped || paused || put.isEmpty() && remove.isEmpty()) {
            return Future.succeededFuture();
        }
        syncAgain = true;
        return running.change(put, remove).onComplete(done -> noteRevision());
    }

    private boolean isOvertaken(String instance, Targets targets) {
        Held now = running.get(instance);
        return now != null
                && now.content().revision() > targets.head()
                && olderAnswers < OLDER_ANSWERS_BELIEVED;
    }

    private void refuse(
            String instance, Targets targets, Map<String, String> refused, boolean again) {
        Targets.Target target = Objects.requireNonNull(targets.instances().get(instance));
        Running.Unread unread = new Running.Unread(target, refused, again);
        if (unread.equals(running.unread(instance))) {
            return;
        }
        running.cannotRead(instance, unread);
        syncAgain = true;
        log.error("instance {} stays as it is: {}", instance, refused.values().iterator().next());
    }

    private void noteRevision() {
        revision = running.revision();
        heldBack = running.heldBack();
    }

    /// Which revisions are held back because they ended the process, as text; empty for none. From
    /// any thread.
    public String heldBack() {
        return heldBack.stream()
                .map(each -> each.instance() + ": " + each.why())
                .collect(Collectors.joining("; "));
    }

    private Object asked() {
        return settings.rules().isEmpty() ? services.name() : settings.rules();
    }

    /// Says each trouble once.
    private void troubled(Throwable failure) {
        String now = String.valueOf(failure.getMessage());
        if (!now.equals(trouble)) {
            trouble = now;
            log.warn("no targets from {}, the last ones stay: {}", asked(), now);
        }
    }

    /// Changes nothing from now on, neither what runs nor what is on disk; reports go on. Completes
    /// when no change is under way.
    public Future<Void> pause() {
        return Future.future(promise ->
                context.runOnContext(v -> {
                    paused = true;
                    running.inTurn(running::end).onComplete(promise);
                }));
    }

    /// Follows again after {@link #pause}.
    public void resume() {
        context.runOnContext(v -> {
            paused = false;
            running.inTurn(running::goOn).onComplete(done -> sync());
        });
    }

    /// Stops following without a word: another process goes on under the same boot id.
    public Future<Void> leave() {
        return Future.future(promise ->
                context.runOnContext(v -> {
                    stopped = true;
                    vertx.cancelTimer(timer);
                    services.close().onComplete(promise);
                }));
    }

    /// Reports once more what the reporter says by now, such as that the node leaves, and stops
    /// following. What runs goes on running.
    public Future<Void> stop() {
        return Future.future(promise ->
                context.runOnContext(v -> {
                    if (stopped) {
                        promise.complete();
                        return;
                    }
                    stopped = true;
                    vertx.cancelTimer(timer);
                    services.sync(reporter.report(running.report()).print())
                            .timeout(settings.connectDeadline().toMillis(), TimeUnit.MILLISECONDS)
                            .transform(said -> running.inTurn(running::end))
                            .transform(settled -> services.close())
                            .onComplete(promise);
                }));
    }
}
