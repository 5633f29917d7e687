package io.skerry.edge.listener;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.BindException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Opens ports that have sockets of their own, rule by rule. Several rules are under way at once:
/// each port takes a few turns of other threads, and two thousand rules would wait for each in
/// turn. Runs on the control context.
final class Openings {
    /// Ports under way at which no further rule is begun: enough to keep the event loops busy, few
    /// enough that a turn of theirs stays short.
    private static final int AT_ONCE = 16;

    private final Context context;
    private final ListenerFactories factories;
    private final PortOwner portOwner;
    private final RuleOpening.Host host;
    private final Map<ListenerKey, Refusal> taken;
    private final Deque<OpeningPlan.Opening> left;
    private final Promise<Void> done = Promise.promise();
    private long held;
    private int underWay;

    private Openings(
            Context context,
            ListenerFactories factories,
            PortOwner portOwner,
            RuleOpening.Host host,
            OpeningPlan plan,
            Map<ListenerKey, Refusal> taken) {
        this.context = context;
        this.factories = factories;
        this.portOwner = portOwner;
        this.host = host;
        this.taken = taken;
        this.left = new ArrayDeque<>(plan.bySockets());
        this.held = left.isEmpty() ? 0 : host.descriptors();
    }

    /// Opens what can be opened and tells the host of each rule; fails only by a bug.
    ///
    /// @param taken ports that others hold
    static Future<Void> open(
            Context context,
            ListenerFactories factories,
            PortOwner portOwner,
            RuleOpening.Host host,
            OpeningPlan plan,
            Map<ListenerKey, Refusal> taken) {
        Openings openings = new Openings(context, factories, portOwner, host, plan, taken);
        openings.next();
        return openings.done.future();
    }

    private void next() {
        while (underWay < AT_ONCE && !left.isEmpty() && !host.isStopped()) {
            begin(left.remove());
        }
        if (underWay == 0) {
            done.tryComplete();
        }
    }

    private void begin(OpeningPlan.Opening rule) {
        Refusal refusal = refusal(rule);
        if (refusal != null) {
            host.refused(rule.wanted(), refusal);
            return;
        }
        int ports = rule.keys().size();
        held += rule.descriptors();
        underWay += ports;
        RuleOpening.open(context, rule.keys(), key -> open(key, rule))
                .compose(outcome -> settle(rule, outcome))
                .onComplete(settled ->
                        context.runOnContext(v -> {
                            underWay -= ports;
                            if (settled.failed()) {
                                done.tryFail(settled.cause());
                            } else {
                                next();
                            }
                        }));
    }

    private Future<Listener> open(ListenerKey key, OpeningPlan.Opening rule) {
        ListenerFactory factory = factories.of(key.protocol());
        Route route = host.route(key, rule.wanted());
        List<Integer> sockets = host.inherited(key);
        return sockets.isEmpty()
                ? factory.open(key, route, rule.loops())
                : factory.inherit(key, route, sockets);
    }

    private @org.jspecify.annotations.Nullable Refusal refusal(OpeningPlan.Opening rule) {
        Refusal tooMany = factories.budget().refusal(held, rule.descriptors()).orElse(null);
        return tooMany == null ? taken(rule, taken) : tooMany;
    }

    static @org.jspecify.annotations.Nullable Refusal taken(
            OpeningPlan.Opening rule, Map<ListenerKey, Refusal> taken) {
        for (ListenerKey key : rule.keys()) {
            Refusal inUse = taken.get(key);
            if (inUse != null) {
                return inUse;
            }
        }
        return null;
    }

    private Future<Void> settle(OpeningPlan.Opening rule, RuleOpening.Outcome outcome) {
        WantedListener wanted = rule.wanted();
        Throwable failure = outcome.failure();
        ListenerKey failedKey = outcome.failedKey();
        if (failure == null || failedKey == null) {
            host.opened(wanted, outcome.opened(), false);
            return Future.succeededFuture();
        }
        held -= rule.descriptors();
        host.abandoned(wanted, outcome.opened());
        String message = String.valueOf(failure.getMessage());
        if (message.toLowerCase(Locale.ROOT).contains("too many open files")) {
            host.refused(wanted, new Refusal(Refusal.Code.DESCRIPTORS, failedKey + ": " + message));
            return Future.succeededFuture();
        }
        if (!(failure instanceof BindException) || !message.contains("in use")) {
            host.refused(wanted, new Refusal(Refusal.Code.BIND_FAILED, failedKey + ": " + message));
            return Future.succeededFuture();
        }
        Set<ListenerKey> ours = host.ours();
        return context.<Refusal>executeBlocking(() -> portOwner.refusal(failedKey, ours::contains))
                .onSuccess(found -> host.refused(wanted, found))
                .mapEmpty();
    }

    /// What the kernel said where steering failed, as a refusal.
    static Refusal failed(Throwable failure) {
        String message = failure instanceof IOException ? failure.getMessage() : failure.toString();
        return new Refusal(Refusal.Code.BIND_FAILED, "steering failed: " + message);
    }
}
