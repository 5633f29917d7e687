package io.skerry.shared.content;

import io.skerry.shared.problem.Checked;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/// What nodes hear on the event bus when their targets may have changed.
public sealed interface Hint {
    /// The step itself, for nodes that run what it follows on.
    record Step(ContentChange change) implements Hint {}

    /// Nothing to apply: nodes report, and pull what their targets tell them.
    record Ask() implements Hint {}

    /// A step as it travels: whole where it is small, else only what it leads to, which is for
    /// people who listen.
    ///
    /// @param held whether only some nodes may apply it, which the targets tell them
    static JsonObject print(ContentChange step, boolean held) {
        JsonObject json = step.print();
        return step.isSmall() && !held
                ? json.put("small", true)
                : json.put("small", false)
                        .put("removed", new JsonArray())
                        .put("rules", new JsonArray())
                        .put("groups", new JsonArray());
    }

    /// A hint without a step: targets have changed, and no content has.
    static JsonObject print() {
        return new JsonObject().put("small", false);
    }

    /// Reads a hint; what cannot be read, of a newer peer perhaps, makes nodes ask.
    static Hint read(JsonObject json) {
        if (Boolean.FALSE.equals(json.getValue("small"))) {
            return new Ask();
        }
        try {
            return ContentChange.read(json) instanceof Checked.Ok<ContentChange>(var change)
                    ? new Step(change)
                    : new Ask();
        } catch (RuntimeException unreadable) {
            return new Ask();
        }
    }
}
