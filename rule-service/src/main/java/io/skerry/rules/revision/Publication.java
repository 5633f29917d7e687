package io.skerry.rules.revision;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.store.RolloutRow;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Event;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.Hint;
import io.skerry.shared.process.Bus;
import io.vertx.core.json.JsonObject;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Tells nodes and people what a commit has made true. Best effort: nodes also pull.
public final class Publication {
    private final Bus bus;
    private final LimitHits hits;
    private Consumer<String> touched = instance -> {};

    public Publication(Bus bus, LimitHits hits) {
        this.hits = hits;
        this.bus = bus;
    }

    /// Who else wants to know, in this process, which instances have changed.
    public void onTouched(Consumer<String> listener) {
        touched = listener;
    }

    void publish(Change change, RuleRequest request) {
        for (ContentChange step : change.steps()) {
            if (!step.isSmall()) {
                hits.hit(Limit.STEP_RULES);
            }
            boolean held = isHeld(change.waves().get(step.instance()));
            bus.publish(BusAddress.CHANGED, Hint.print(step, held));
            touched.accept(step.instance());
        }
        if (change.isTouchingNodes()) {
            nodesTouched();
        }
        change.waves().forEach((instance, state) -> wave(instance, state, change.revision()));
        event(
                "revision",
                new JsonObject()
                        .put("revision", change.revision())
                        .put("actor", request.actor())
                        .put("operation", request.operation().name().toLowerCase(ROOT))
                        .put("object", change.object())
                        .put("summary", change.summary()));
    }

    /// Asks nodes to report and pull, because their targets have changed without a change of
    /// content.
    public void nodesTouched() {
        bus.publish(BusAddress.CHANGED, Hint.print());
    }

    /// Tells people how far a rollout in waves is.
    public void wave(String instance, RolloutRow.State state, long revision) {
        event(
                "wave",
                new JsonObject()
                        .put("instance", instance)
                        .put("revision", revision)
                        .put("state", state.word()));
    }

    private static boolean isHeld(RolloutRow.@Nullable State state) {
        return switch (state) {
            case CANARY, OBSERVING, PAUSED -> true;
            case DONE, ABORTED, ROLLED_BACK, OVERTAKEN -> false;
            case null -> false;
        };
    }

    /// Tells people who watch.
    public void event(String type, JsonObject data) {
        bus.publish(BusAddress.EVENTS, new Event(type, data).print());
    }

    private static final java.util.Locale ROOT = java.util.Locale.ROOT;
}
