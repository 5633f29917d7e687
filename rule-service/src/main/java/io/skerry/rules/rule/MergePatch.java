package io.skerry.rules.rule;

import io.vertx.core.json.JsonObject;

/// JSON merge patch.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7396#section-2 RFC 7396, section 2
final class MergePatch {
    private MergePatch() {}

    /// The target with the patch applied; both stay as they are.
    static JsonObject apply(JsonObject target, JsonObject patch) {
        JsonObject result = target.copy();
        for (String name : patch.fieldNames()) {
            Object value = patch.getValue(name);
            if (value == null) {
                result.remove(name);
            } else if (value instanceof JsonObject inner) {
                JsonObject base =
                        result.getValue(name) instanceof JsonObject known
                                ? known
                                : new JsonObject();
                result.put(name, apply(base, inner));
            } else {
                result.put(name, value);
            }
        }
        return result;
    }

    /// A rule with a patch applied. An origin of another type replaces the old one, and a group
    /// named anew is not held by its old identity.
    static JsonObject applyToRule(JsonObject rule, JsonObject patch) {
        JsonObject base = rule.copy();
        if (patch.getValue("origin") instanceof JsonObject next
                && base.getValue("origin") instanceof JsonObject old) {
            Object type = next.getValue("type");
            if (type != null && !type.equals(old.getValue("type"))) {
                base.remove("origin");
            } else if (next.getValue("name") != null && next.getValue("id") == null) {
                old.remove("id");
            }
        }
        return apply(base, patch);
    }
}
