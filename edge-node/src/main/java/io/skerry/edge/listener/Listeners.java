package io.skerry.edge.listener;

import io.skerry.edge.origin.OriginPool;
import io.skerry.edge.session.EndReason;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.Protocol;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.net.BindException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
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

    private record Running(Listener listener, WantedListener wanted) {}

    private record Pool(WantedListener wanted, OriginPool origins) {}

    private record Prepared(
            ListenerPlan plan, Map<RuleKey, Refusal> refused, Map<ListenerKey, Refusal> taken) {}

    private final Context context;
    private final ListenerFactories factories;
    private final RouteSource routes;
    private final OwnPorts own;
    private final PortOwner portOwner;
    private final LongSupplier nanoClock;
    private final InheritedSockets inherited;
    private final Map<ListenerKey, Running> running = new HashMap<>();
    private final Map<RuleKey, Integer> ports = new HashMap<>();
    private final Map<RuleKey, Pool> pools = new HashMap<>();
    private final Drains drains;
    private Map<RuleKey, Refusal> refused = Map.of();
    private List<InstanceContent> wanted = List.of();
    private Future<Void> last = Future.succeededFuture();
    private boolean stopped;

    /// @param factories how ports are opened, and on what terms
    /// @param own control ports; listeners add and remove theirs
    /// @param nanoClock time that only goes forward, in nanoseconds
    public Listeners(
            Vertx vertx,
            ListenerFactories factories,
            RouteSource routes,
            OwnPorts own,
            LongSupplier nanoClock) {
        this(vertx, factories, routes, own, nanoClock, new InheritedSockets(List.of()));
    }

    /// @param inherited sockets that are open already, used for the ports they are of
    public Listeners(
            Vertx vertx,
            ListenerFactories factories,
            RouteSource routes,
            OwnPorts own,
            LongSupplier nanoClock,
            InheritedSockets inherited) {
        this.inherited = inherited;
        this.context = vertx.getOrCreateContext();
        this.factories = factories;
        this.routes = routes;
        this.own = own;
        this.portOwner = new PortOwner(own);
        this.nanoClock = nanoClock;
        this.drains = new Drains(context);
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
            Set<ListenerKey> ours = new HashSet<>(running.keySet());
            ours.addAll(drains.keys());
            List<ListenerKey> others = keys.stream().filter(key -> !ours.contains(key)).toList();
            context.executeBlocking(
                            () -> {
                                Map<ListenerKey, Refusal> refusals =
                                        new HashMap<>(portOwner.refusals(others, ours));
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
        Map<ListenerKey, WantedListener> now = new HashMap<>();
        running.forEach((key, each) -> now.put(key, each.wanted()));
        Set<ListenerKey> ours = new HashSet<>(now.keySet());
        ours.addAll(drains.keys());
        ours.addAll(inherited.keys());
        List<InstanceContent> contents = wanted;
        return context.<Prepared>executeBlocking(() -> prepare(contents, now, ours))
                .compose(prepared -> apply(Objects.requireNonNull(prepared), contents))
                .onFailure(bug -> LOG.error("applying a plan broke", bug));
    }

    private Prepared prepare(
            List<InstanceContent> contents,
            Map<ListenerKey, WantedListener> now,
            Set<ListenerKey> ours) {
        WantedListeners next =
                WantedListeners.of(contents, factories.slots(), own, factories.toaMissing());
        ListenerPlan plan = ListenerPlan.of(now, next.listeners());
        List<ListenerKey> opens = new ArrayList<>();
        for (ListenerChange change : plan.changes()) {
            if (change instanceof ListenerChange.Open(var key, var open)) {
                opens.add(key);
            }
        }
        return new Prepared(plan, next.refused(), portOwner.refusals(opens, ours));
    }

    private Future<Void> apply(Prepared prepared, List<InstanceContent> contents) {
        Map<RuleKey, List<Listener>> closing = new LinkedHashMap<>();
        Map<RuleKey, Integer> drainSeconds = new HashMap<>();
        Map<RuleKey, WantedListener> opening = new LinkedHashMap<>();
        Map<RuleKey, List<ListenerKey>> openKeys = new HashMap<>();
        Map<RuleKey, Refusal> refusals = new HashMap<>(prepared.refused());
        return Slices.each(
                        context,
                        nanoClock,
                        prepared.plan().changes().iterator(),
                        change -> {
                            switch (change) {
                                case ListenerChange.Close(var key, var was) -> {
                                    closing.computeIfAbsent(was.ruleKey(), r -> new ArrayList<>())
                                            .add(take(key));
                                    drainSeconds.put(
                                            was.ruleKey(), was.rule().spec().drainSeconds());
                                }
                                case ListenerChange.Reroute(var key, var next) ->
                                        reroute(key, next);
                                case ListenerChange.Open(var key, var next) -> {
                                    opening.put(next.ruleKey(), next);
                                    openKeys.computeIfAbsent(next.ruleKey(), r -> new ArrayList<>())
                                            .add(key);
                                }
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
                .compose(v -> openEach(opening, openKeys, prepared.taken(), refusals))
                .onSuccess(v -> finish(closing.keySet(), refusals, contents));
    }

    private Listener take(ListenerKey key) {
        Running gone = running.remove(key);
        if (gone == null) {
            throw new IllegalStateException(key + " does not run");
        }
        own.remove(key.protocol(), key.address(), key.port());
        ports.merge(gone.wanted().ruleKey(), -1, Integer::sum);
        return gone.listener();
    }

    private void reroute(ListenerKey key, WantedListener next) {
        Running old = running.get(key);
        if (old != null) {
            old.listener().reroute(route(key, next));
            running.put(key, new Running(old.listener(), next));
        }
    }

    private Route route(ListenerKey key, WantedListener next) {
        RuleKey ruleKey = next.ruleKey();
        Pool pool = pools.get(ruleKey);
        if (pool == null || !pool.wanted().equals(next)) {
            pool = new Pool(next, routes.origins(next));
            pools.put(ruleKey, pool);
        }
        return new Route(
                next.instance(),
                next.rule(),
                next.rule().spec().originPort(key.port()),
                pool.origins(),
                routes.counters(ruleKey));
    }

    private Future<Void> openEach(
            Map<RuleKey, WantedListener> rules,
            Map<RuleKey, List<ListenerKey>> keys,
            Map<ListenerKey, Refusal> taken,
            Map<RuleKey, Refusal> refusals) {
        Promise<Void> done = Promise.promise();
        openNext(rules.values().iterator(), keys, taken, refusals, done);
        return done.future();
    }

    /// Rules one after the other, so that an earlier one gets the descriptors.
    private void openNext(
            Iterator<WantedListener> rules,
            Map<RuleKey, List<ListenerKey>> keys,
            Map<ListenerKey, Refusal> taken,
            Map<RuleKey, Refusal> refusals,
            Promise<Void> done) {
        if (!rules.hasNext() || stopped) {
            done.complete();
            return;
        }
        WantedListener rule = rules.next();
        List<ListenerKey> ports = keys.getOrDefault(rule.ruleKey(), List.of());
        List<ListenerKey> served = ports.stream().filter(inherited::holds).toList();
        openRule(rule, ports, taken)
                .onComplete(result ->
                        context.runOnContext(v -> {
                            if (result.failed()) {
                                done.fail(result.cause());
                                return;
                            }
                            Refusal refusal = result.result();
                            if (refusal != null) {
                                refusals.put(rule.ruleKey(), refusal);
                                served.forEach(port -> inherited.refused(port, refusal));
                            }
                            openNext(rules, keys, taken, refusals, done);
                        }));
    }

    private Future<@Nullable Refusal> openRule(
            WantedListener rule, List<ListenerKey> keys, Map<ListenerKey, Refusal> taken) {
        boolean many = running.size() + keys.size() > DescriptorBudget.MANY_PORTS;
        int loops = many ? 1 : factories.loops();
        long held = running.values().stream().mapToLong(r -> r.listener().descriptors()).sum();
        Refusal tooMany = factories.budget().refusal(held, (long) keys.size() * loops).orElse(null);
        if (tooMany != null) {
            return Future.succeededFuture(tooMany);
        }
        for (ListenerKey key : keys) {
            Refusal inUse = taken.get(key);
            if (inUse != null) {
                return Future.succeededFuture(inUse);
            }
        }
        Protocol protocol = rule.rule().spec().protocol();
        return RuleOpening.open(
                        context,
                        keys,
                        key -> open(factories.of(protocol), key, route(key, rule), loops))
                .compose(outcome -> settle(rule, outcome));
    }

    private Future<Listener> open(
            ListenerFactory factory, ListenerKey key, Route route, int loops) {
        List<Integer> sockets = inherited.take(key);
        return sockets.isEmpty()
                ? factory.open(key, route, loops)
                : factory.inherit(key, route, sockets);
    }

    private Future<@Nullable Refusal> settle(WantedListener rule, RuleOpening.Outcome outcome) {
        Throwable failure = outcome.failure();
        ListenerKey failedKey = outcome.failedKey();
        if (failure == null || failedKey == null) {
            for (Listener each : outcome.opened()) {
                ListenerKey key = each.key();
                running.put(key, new Running(each, rule));
                own.add(key.protocol(), key.address(), key.port());
                ports.merge(rule.ruleKey(), 1, Integer::sum);
            }
            return Future.succeededFuture();
        }
        if (!outcome.opened().isEmpty()) {
            drains.begin(rule.ruleKey(), outcome.opened(), rule.rule().spec().drainSeconds());
        }
        String message = String.valueOf(failure.getMessage());
        if (message.toLowerCase(Locale.ROOT).contains("too many open files")) {
            return Future.succeededFuture(
                    new Refusal(Refusal.Code.DESCRIPTORS, failedKey + ": " + message));
        }
        if (!(failure instanceof BindException) || !message.contains("in use")) {
            return Future.succeededFuture(
                    new Refusal(Refusal.Code.BIND_FAILED, failedKey + ": " + message));
        }
        Set<ListenerKey> ours = new HashSet<>(running.keySet());
        ours.addAll(drains.keys());
        return context.executeBlocking(() -> portOwner.refusal(failedKey, ours));
    }

    private void finish(
            Set<RuleKey> closed, Map<RuleKey, Refusal> refusals, List<InstanceContent> contents) {
        refusals.forEach((rule, refusal) -> {
            if (!refusal.equals(refused.get(rule))) {
                LOG.warn("rule {} refused, {}", rule.rule(), refusal);
            }
        });
        refused = Map.copyOf(refusals);
        ports.values().removeIf(count -> count == 0);
        for (RuleKey each : Set.copyOf(pools.keySet())) {
            if (!ports.containsKey(each)) {
                pools.remove(each);
                routes.forget(each);
            }
        }
        LOG.debug(
                "{} instances: {} ports open, {} rules closed, {} refused",
                contents.size(),
                running.size(),
                closed.size(),
                refused.size());
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
                .filter(rule -> rule.instance().equals(instance) && !ports.containsKey(rule))
                .map(RuleKey::rule)
                .sorted()
                .toList();
    }

    /// Open ports.
    public long count(Protocol protocol) {
        return running.keySet().stream().filter(key -> key.protocol() == protocol).count();
    }

    /// Open sessions, about, those of draining listeners included.
    public long sessions() {
        return drains.sessions()
                + running.values().stream().mapToLong(each -> each.listener().sessions()).sum();
    }

    /// The open listeners.
    public List<Listener> open() {
        return running.values().stream().map(Running::listener).toList();
    }

    /// The open listener of a port.
    public Optional<Listener> at(ListenerKey key) {
        return Optional.ofNullable(running.get(key)).map(Running::listener);
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

    private Future<Void> closeAll(Duration drain, Future<Void> hurry) {
        // Longer than a rule may drain; the deadline below is the one that counts.
        int never = Math.toIntExact(Math.min(86_400, drain.toSeconds() + 3_600));
        drains.endWhenQuiet();
        for (ListenerKey key : List.copyOf(running.keySet())) {
            Running each = running.get(key);
            if (each != null) {
                each.listener().endWhenQuiet();
                drains.begin(each.wanted().ruleKey(), List.of(take(key)), never);
            }
        }
        Runnable end = () -> context.runOnContext(v -> drains.endAll(EndReason.SHUTDOWN));
        hurry.onComplete(hurried -> end.run());
        long timer =
                drain.isZero() ? -1 : context.owner().setTimer(drain.toMillis(), id -> end.run());
        if (drain.isZero()) {
            end.run();
        }
        return drains.whenNone()
                .onComplete(v -> {
                    if (timer != -1) {
                        context.owner().cancelTimer(timer);
                    }
                });
    }
}
