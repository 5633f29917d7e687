package io.skerry.edge.listener;

import io.skerry.edge.handover.OpenSocket;
import io.skerry.edge.session.EndReason;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.Protocol;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What this node listens on. Takes wanted content, works out the plan and applies it; one failure
/// never stops the rest. A rule is served whole or refused with a reason; a running rule whose
/// change cannot be served keeps the ports it had.
///
/// All methods may be called from the context it was made on; plans are applied one at a time, in
/// turns of at most 5 ms there, and what blocks runs on a worker.
public final class Listeners {
    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    private final Context context;
    private final ListenerFactories factories;
    private final RuleRoutes routes;
    private final OwnPorts own;
    private final PortOwner portOwner;
    private final LongSupplier nanoClock;
    private final InheritedSockets inherited;
    private final RunningListeners running = new RunningListeners();
    private final Drains drains;
    private final Map<Refusal.Code, LongAdder> refusalCounts = counters();
    private Map<RuleKey, Refusal> refused = Map.of();
    private List<InstanceContent> wanted = List.of();

    /// What the last plan was made for; null where it is not known to have been applied.
    private @Nullable WantedListeners planned;

    private Future<Void> last = Future.succeededFuture();
    private boolean stopped;

    /// @param factories how ports are opened, and on what terms
    /// @param own control ports; listeners add and remove theirs
    /// @param nanoClock time that only goes forward, in nanoseconds
    /// @param inherited sockets that are open already, used for the ports they are of
    /// @param drained runs when a rule that was closed has lost its last session
    public Listeners(
            Vertx vertx,
            ListenerFactories factories,
            RouteSource routes,
            OwnPorts own,
            LongSupplier nanoClock,
            InheritedSockets inherited,
            Runnable drained) {
        this.inherited = inherited;
        this.context = vertx.getOrCreateContext();
        this.factories = factories;
        this.routes = new RuleRoutes(routes);
        this.own = own;
        this.portOwner = new PortOwner(own);
        this.nanoClock = nanoClock;
        this.drains = new Drains(context, drained);
    }

    /// Makes the node serve exactly this content. Completes when every rule is served or refused;
    /// fails only by a bug. A newer call overtakes those that wait.
    public Future<Void> apply(Collection<InstanceContent> contents) {
        Promise<Void> done = Promise.promise();
        List<InstanceContent> copy = List.copyOf(contents);
        context.runOnContext(v -> {
            if (stopped) {
                done.complete();
                return;
            }
            wanted = copy;
            last = last.transform(before -> run());
            last.onComplete(done);
        });
        return done.future();
    }

    /// Tries refused rules again whose reason may have gone away. To be called every 2 s or so.
    public Future<Void> retryRefused() {
        boolean curable = refused.values().stream().anyMatch(each -> each.code().healsItself());
        return curable && last.isComplete() ? apply(wanted) : Future.succeededFuture();
    }

    /// The ports among some that could not be opened now, with the reason; nothing is opened.
    public Future<Map<ListenerKey, Refusal>> probe(Collection<ListenerKey> keys) {
        Promise<Map<ListenerKey, Refusal>> done = Promise.promise();
        context.runOnContext(v -> {
            Set<ListenerKey> ours = ours();
            List<ListenerKey> others = keys.stream().filter(key -> !ours.contains(key)).toList();
            context.executeBlocking(
                            () -> {
                                Map<ListenerKey, Refusal> refusals =
                                        new HashMap<>(
                                                portOwner.refusals(
                                                        others,
                                                        ours::contains,
                                                        Set.of(),
                                                        factories.steering().elsewhere()));
                                BindProbe.refusals(others).forEach(refusals::putIfAbsent);
                                return refusals;
                            })
                    .onComplete(done);
        });
        return done.future();
    }

    private Future<Void> run() {
        if (stopped) {
            return Future.succeededFuture();
        }
        WantedListeners known = planned;
        planned = null;
        // Rules that were refused may have some of their ports open, all or none.
        Set<RuleKey> again = new HashSet<>(known == null ? running.rules() : refused.keySet());
        WantedListeners next =
                known == null
                        ? new WantedListeners(factories.slots(), own, factories.toaMissing())
                        : known;
        PreparedPlan.Now now =
                new PreparedPlan.Now(running, again, drains.keys(), inherited.before());
        List<InstanceContent> contents = wanted;
        return context.<PreparedPlan>executeBlocking(
                        () -> PreparedPlan.of(next, contents, now, factories, portOwner))
                .compose(prepared -> apply(Objects.requireNonNull(prepared)))
                .onSuccess(v -> planned = next)
                .onFailure(bug -> LOG.error("applying a plan broke", bug));
    }

    private Future<Void> apply(PreparedPlan prepared) {
        Map<RuleKey, List<Listener>> closing = new LinkedHashMap<>();
        Map<RuleKey, Integer> drainSeconds = new HashMap<>();
        Set<ListenerKey> unsteered = new HashSet<>();
        Map<RuleKey, Refusal> refusals = new HashMap<>(prepared.refused());
        Opened host = new Opened(refusals);
        return Slices.each(
                        context,
                        nanoClock,
                        prepared.plan().changes().iterator(),
                        change -> {
                            switch (change) {
                                case ListenerChange.Close(var key, var was) -> {
                                    RunningListeners.Running gone = take(key);
                                    if (gone.steered()) {
                                        unsteered.add(key);
                                    }
                                    closing.computeIfAbsent(was.ruleKey(), r -> new ArrayList<>())
                                            .add(gone.listener());
                                    drainSeconds.put(
                                            was.ruleKey(), was.rule().spec().drainSeconds());
                                }
                                case ListenerChange.Reroute(var key, var next) ->
                                        reroute(key, next);
                                // By rule, below.
                                case ListenerChange.Open(var key, var next) -> {}
                            }
                        })
                .compose(v ->
                        Slices.each(
                                context,
                                nanoClock,
                                closing.entrySet().iterator(),
                                each ->
                                        drains.begin(
                                                each.getKey(),
                                                each.getValue(),
                                                drainSeconds.getOrDefault(each.getKey(), 0))))
                .compose(v ->
                        new SteeredOpenings(context, factories, nanoClock, host)
                                .apply(
                                        steeredPorts(),
                                        unsteered,
                                        prepared.openings(),
                                        prepared.taken()))
                .compose(v ->
                        Openings.open(
                                context,
                                factories,
                                portOwner,
                                host,
                                prepared.openings(),
                                prepared.taken()))
                .onSuccess(v -> finish(prepared.rules(), refusals));
    }

    /// How often a rule was refused for a reason; one that goes on being refused counts once.
    public long refusals(Refusal.Code reason) {
        return Objects.requireNonNull(refusalCounts.get(reason)).sum();
    }

    private static Map<Refusal.Code, LongAdder> counters() {
        Map<Refusal.Code, LongAdder> all = new EnumMap<>(Refusal.Code.class);
        for (Refusal.Code each : Refusal.Code.values()) {
            all.put(each, new LongAdder());
        }
        return all;
    }

    private void count(Refusal refusal) {
        Objects.requireNonNull(refusalCounts.get(refusal.code())).increment();
    }

    /// Ports that are open without a socket of their own.
    public int steeredPorts() {
        return running.steeredCount();
    }

    private RunningListeners.Running take(ListenerKey key) {
        RunningListeners.Running gone = running.remove(key);
        own.remove(key.protocol(), key.address(), key.port());
        return gone;
    }

    private Set<ListenerKey> ours() {
        Set<ListenerKey> ours = new HashSet<>(running.keys());
        ours.addAll(drains.keys());
        return ours;
    }

    private void reroute(ListenerKey key, WantedListener next) {
        RunningListeners.Running old = running.get(key);
        if (old != null) {
            old.listener().reroute(routes.of(key, next));
            running.reroute(key, next);
        }
    }

    /// What opening tells: rules that are served now, and those that are not.
    private final class Opened implements RuleOpening.Host {
        private final Map<RuleKey, Refusal> refusals;

        Opened(Map<RuleKey, Refusal> refusals) {
            this.refusals = refusals;
        }

        @Override
        public long descriptors() {
            return running.descriptors();
        }

        @Override
        public Set<ListenerKey> ours() {
            return Listeners.this.ours();
        }

        @Override
        public boolean isStopped() {
            return stopped;
        }

        @Override
        public Route route(ListenerKey key, WantedListener wanted) {
            return routes.of(key, wanted);
        }

        @Override
        public List<Integer> inherited(ListenerKey key) {
            return inherited.take(key);
        }

        @Override
        public List<Front> inheritedFronts(Protocol protocol) {
            return inherited.takeFronts(protocol);
        }

        @Override
        public void opened(WantedListener rule, List<Listener> listeners, boolean steered) {
            for (Listener each : listeners) {
                ListenerKey key = each.key();
                running.add(new RunningListeners.Running(each, rule, steered));
                own.add(key.protocol(), key.address(), key.port());
            }
        }

        @Override
        public void abandoned(WantedListener rule, List<Listener> listeners) {
            if (!listeners.isEmpty()) {
                drains.begin(rule.ruleKey(), listeners, rule.rule().spec().drainSeconds());
            }
        }

        @Override
        public void refused(WantedListener rule, Refusal refusal) {
            refusals.put(rule.ruleKey(), refusal);
        }
    }

    private void finish(Set<RuleKey> changed, Map<RuleKey, Refusal> refusals) {
        refusals.forEach((rule, refusal) -> {
            if (!refusal.equals(refused.get(rule))) {
                count(refusal);
                LOG.warn("rule {} refused, {}", rule.rule(), refusal);
            }
        });
        refused = Map.copyOf(refusals);
        for (RuleKey each : changed) {
            if (!running.rules().contains(each)) {
                routes.forget(each);
            }
        }
        LOG.debug("{} ports open, {} rules refused", running.size(), refused.size());
    }

    /// Rules of an instance that this node cannot serve, as `code: sentence`.
    public Map<String, String> refused(String instance) {
        Map<String, String> texts = new TreeMap<>();
        refused.forEach((rule, refusal) -> {
            if (rule.instance().equals(instance)) {
                texts.put(rule.rule(), refusal.toString());
            }
        });
        return texts;
    }

    /// Rules of an instance without an open port whose sessions still drain.
    public List<String> draining(String instance) {
        return drains.rules().stream()
                .filter(rule -> rule.instance().equals(instance) && !running.rules().contains(rule))
                .map(RuleKey::rule)
                .sorted()
                .toList();
    }

    /// Open ports.
    public long count(Protocol protocol) {
        return running.count(protocol);
    }

    /// Open sessions, about, those of draining listeners included.
    public long sessions() {
        return drains.sessions() + running.sessions();
    }

    /// The open listeners.
    public List<Listener> open() {
        return running.listeners();
    }

    /// The open listener of a port.
    public Optional<Listener> at(ListenerKey key) {
        return Optional.ofNullable(running.get(key)).map(RunningListeners.Running::listener);
    }

    /// Closes every port, lets sessions go on for a while and ends what is left.
    ///
    /// @param hurry ends the wait at once when it completes
    public Future<Void> stop(Duration drain, Future<Void> hurry) {
        Promise<Void> done = Promise.promise();
        context.runOnContext(v -> {
            stopped = true;
            last.onComplete(
                    applied -> context.runOnContext(w -> closeAll(drain, hurry).onComplete(done)));
        });
        return done.future();
    }

    /// What another process needs to serve the ports; the sockets stay open here.
    public Future<List<OpenSocket>> sockets() {
        return (running.steeredCount() == 0
                        ? Future.succeededFuture(List.<Front>of())
                        : steeredOpenings(new HashMap<>()).fronts())
                .map(fronts -> HandedSockets.of(running, fronts, factories.steering().node()));
    }

    /// What the process before serves and this one would not, in a sentence; empty where it may be
    /// taken over from.
    public Optional<String> lost() {
        return inherited.lost(running.rules(), refused);
    }

    private SteeredOpenings steeredOpenings(Map<RuleKey, Refusal> refusals) {
        return new SteeredOpenings(context, factories, nanoClock, new Opened(refusals));
    }

    private Future<Void> closeAll(Duration drain, Future<Void> hurry) {
        // Longer than a rule may drain; the deadline below is the one that counts.
        int never = Math.toIntExact(Math.min(86_400, drain.toSeconds() + 3_600));
        drains.endWhenQuiet();
        for (ListenerKey key : List.copyOf(running.keys())) {
            RunningListeners.Running each = running.get(key);
            if (each != null) {
                each.listener().endWhenQuiet();
                drains.begin(each.wanted().ruleKey(), List.of(take(key).listener()), never);
            }
        }
        Future<Void> unsteered = steeredOpenings(new HashMap<>()).close();
        Runnable end = () -> context.runOnContext(v -> drains.endAll(EndReason.SHUTDOWN));
        hurry.onComplete(hurried -> end.run());
        long timer =
                drain.isZero() ? -1 : context.owner().setTimer(drain.toMillis(), id -> end.run());
        if (drain.isZero()) {
            end.run();
        }
        return drains.whenNone()
                .compose(v -> unsteered)
                .onComplete(v -> {
                    if (timer != -1) {
                        context.owner().cancelTimer(timer);
                    }
                });
    }
}
