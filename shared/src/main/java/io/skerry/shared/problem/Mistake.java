package io.skerry.shared.problem;

import io.vertx.core.json.JsonObject;

/// One thing wrong in what a caller sent.
///
/// @param field path of the field, such as `ports[1]`, `[17].origin.address` or `line 17`; empty
///   for the request as a whole
/// @param code what is wrong
/// @param message a sentence that says what is wrong and how to mend it
public record Mistake(String field, Code code, String message) {
    /// The same mistake, seen from an object that holds this one under `prefix`.
    public Mistake under(String prefix) {
        String path =
                field.isEmpty()
                        ? prefix
                        : field.startsWith("[") || prefix.isEmpty()
                                ? prefix + field
                                : prefix + "." + field;
        return new Mistake(path, code, message);
    }

    public JsonObject toJson() {
        return new JsonObject()
                .put("field", field)
                .put("code", code.word())
                .put("message", message);
    }

    public static Mistake fromJson(JsonObject json) {
        return new Mistake(
                json.getString("field", ""),
                Code.of(json.getString("code", "")),
                json.getString("message", ""));
    }
}
