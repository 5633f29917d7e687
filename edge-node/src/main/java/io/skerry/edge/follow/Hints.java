package io.skerry.edge.follow;

import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.Hint;
import io.vertx.core.json.JsonObject;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Changes heard on the bus and not yet applied; whatever does not fit is pulled instead. On one
/// Vert.x context.
final class Hints {
    /// More waiting hints than this are dropped; the node pulls.
    static final int WAITING_MAX = 1_000;

    private final Deque<ContentChange> waiting = new ArrayDeque<>();

    /// Notes a hint. False where there is nothing to apply in it, so that a pull is needed.
    boolean add(JsonObject message) {
        if (waiting.size() >= WAITING_MAX) {
            return false;
        }
        return switch (Hint.read(message)) {
            case Hint.Step(ContentChange change) -> waiting.add(change);
            case Hint.Ask ask -> false;
        };
    }

    /// What the waiting hints make of the running contents: of instances that run already, and only
    /// where step fits on step. A new instance may belong to another area, which only a pull tells.
    Map<String, Held> take(Running running) {
        TreeMap<String, Held> next = new TreeMap<>();
        for (ContentChange change = waiting.poll(); change != null; change = waiting.poll()) {
            String instance = change.instance();
            Held now = next.containsKey(instance) ? next.get(instance) : running.get(instance);
            if (now != null) {
                change.applyTo(Optional.of(now.content()))
                        .ifPresent(content -> next.put(instance, Held.of(content)));
            }
        }
        return next;
    }
}
