package io.skerry.shared.input;

import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.function.Function;

/// Lets the strict readers read what a peer of ours printed: fields that only a newer peer knows
/// are taken out first.
public final class PeerFields {
    private PeerFields() {}

    /// A copy of the object with only these fields; anything but an object stays what it is, for
    /// the strict reader to refuse.
    public static Object keep(Object value, String... names) {
        return value instanceof JsonObject json ? keep(json, names) : value;
    }

    /// A copy of the object with only these fields.
    public static JsonObject keep(JsonObject json, String... names) {
        JsonObject kept = new JsonObject();
        for (String name : names) {
            if (json.containsKey(name)) {
                kept.put(name, json.getValue(name));
            }
        }
        return kept;
    }

    /// Reads on with the `id` that everything a peer prints has; refused where it is missing.
    public static <T> Checked<T> identified(JsonObject json, Function<String, Checked<T>> read) {
        return json.getValue("id") instanceof String id && !id.isEmpty()
                ? read.apply(id)
                : new Checked.Refused<>(
                        List.of(new Mistake("id", Code.MISSING, "a peer's object needs its id")));
    }
}
