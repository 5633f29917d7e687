package io.skerry.shared.content;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a rule service answers to a node that asks for an instance: the whole content, or the steps
/// that lead there. A node that has it already gets no steps.
///
/// Contents and steps are as they are stored, printed; the node reads them, and says which rules it
/// cannot read.
public sealed interface PullAnswer {
    /// The whole content.
    ///
    /// @param digest of the content; `null` where an older peer does not say
    record Whole(JsonObject content, @Nullable String digest) implements PullAnswer {}

    /// Steps from the revision that the node has, oldest first; none where nothing has changed.
    record Steps(JsonArray changes) implements PullAnswer {}

    default JsonObject print() {
        JsonObject json = new JsonObject().put("v", 1);
        return switch (this) {
            case Whole(JsonObject content, String digest) ->
                    (digest == null ? json : json.put("digest", digest)).put("content", content);
            case Steps(JsonArray changes) -> json.put("changes", changes);
        };
    }

    /// Reads what {@link #print()} printed; empty where there is neither. Unknown fields are a
    /// newer peer's and ignored.
    static Optional<PullAnswer> read(JsonObject json) {
        if (json.getValue("content") instanceof JsonObject content) {
            return Optional.of(new Whole(content, json.getString("digest")));
        }
        return json.getValue("changes") instanceof JsonArray changes
                ? Optional.of(new Steps(changes))
                : Optional.empty();
    }
}
