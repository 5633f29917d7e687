package io.skerry.edge.listener;

import io.skerry.edge.session.EndReason;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/// Listeners that no longer accept and whose sessions go on until a deadline. Runs on the control
/// context.
final class Drains {
    /// Listeners of one rule closed together.
    private static final class Drain {
        final RuleKey rule;
        final Set<Listener> listeners = new HashSet<>();
        long timer = -1;

        Drain(RuleKey rule) {
            this.rule = rule;
        }
    }

    private final Context context;
    private final Runnable drained;
    private final Map<RuleKey, List<Drain>> byRule = new HashMap<>();
    private final List<Promise<Void>> waiting = new ArrayList<>();

    /// @param drained runs when the last session of a closed rule has ended
    Drains(Context context, Runnable drained) {
        this.context = context;
        this.drained = drained;
    }

    /// Closes the listeners; sessions that are left after `seconds` end.
    void begin(RuleKey rule, List<Listener> listeners, int seconds) {
        Drain drain = new Drain(rule);
        drain.listeners.addAll(listeners);
        byRule.computeIfAbsent(rule, r -> new ArrayList<>()).add(drain);
        for (Listener each : listeners) {
            each.drain(() -> context.runOnContext(v -> drained(drain, each)));
        }
        if (seconds == 0) {
            end(drain, EndReason.DRAIN_DEADLINE);
        } else {
            drain.timer =
                    context.owner()
                            .setTimer(
                                    TimeUnit.SECONDS.toMillis(seconds),
                                    id -> {
                                        drain.timer = -1;
                                        end(drain, EndReason.DRAIN_DEADLINE);
                                    });
        }
    }

    private static void end(Drain drain, EndReason reason) {
        drain.listeners.forEach(each -> each.endSessions(reason));
    }

    private void drained(Drain drain, Listener listener) {
        drain.listeners.remove(listener);
        if (!drain.listeners.isEmpty()) {
            return;
        }
        if (drain.timer != -1) {
            context.owner().cancelTimer(drain.timer);
        }
        List<Drain> others = byRule.get(drain.rule);
        if (others != null) {
            others.remove(drain);
            if (others.isEmpty()) {
                byRule.remove(drain.rule);
                drained.run();
            }
        }
        if (byRule.isEmpty()) {
            waiting.forEach(each -> each.tryComplete());
            waiting.clear();
        }
    }

    /// The node stops: sessions end as soon as nothing is heard of them.
    void endWhenQuiet() {
        byRule.values()
                .forEach(drains ->
                        drains.forEach(drain -> drain.listeners.forEach(Listener::endWhenQuiet)));
    }

    /// Ends all that is left at once.
    void endAll(EndReason reason) {
        byRule.values().forEach(drains -> drains.forEach(drain -> end(drain, reason)));
    }

    /// Completes when nothing drains.
    Future<Void> whenNone() {
        if (byRule.isEmpty()) {
            return Future.succeededFuture();
        }
        Promise<Void> promise = Promise.promise();
        waiting.add(promise);
        return promise.future();
    }

    Set<RuleKey> rules() {
        return Set.copyOf(byRule.keySet());
    }

    /// Ports that closed listeners may still be holding.
    Set<ListenerKey> keys() {
        Set<ListenerKey> keys = new HashSet<>();
        byRule.values()
                .forEach(drains ->
                        drains.forEach(
                                drain -> drain.listeners.forEach(each -> keys.add(each.key()))));
        return keys;
    }

    int sessions() {
        return byRule.values().stream()
                .flatMap(List::stream)
                .flatMap(drain -> drain.listeners.stream())
                .mapToInt(Listener::sessions)
                .sum();
    }
}
