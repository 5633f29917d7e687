package io.skerry.rules.store;

import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleJson;
import io.skerry.shared.rule.RuleReader;
import io.skerry.shared.rule.RuleSpec;
import io.skerry.shared.rule.Status;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/// A rule as stored.
///
/// @param id identity, `rule-…`
/// @param instance the instance it belongs to
/// @param position order of creation within the instance
/// @param spec what it says; its origin is resolved
/// @param wanted whether people want it to serve while its instance does
/// @param status how far it is
/// @param statusReason why, where there is more to say
/// @param revision the revision that changed it last
public record RuleRow(
        String id,
        String instance,
        long position,
        RuleSpec spec,
        boolean wanted,
        Status status,
        @Nullable String statusReason,
        long revision) {
    /// What nodes run of it.
    public Rule rule() {
        return new Rule(id, spec, revision);
    }

    /// The group it forwards to; `null` for a single origin.
    public @Nullable String group() {
        return spec.origin() instanceof OriginRef.Group(String group) ? group : null;
    }

    /// The same rule, saying something else since `by`.
    public RuleRow with(RuleSpec other, Status next, @Nullable String reason, long by) {
        return new RuleRow(id, instance, position, other, wanted, next, reason, by);
    }

    /// The same rule, switched by `by`.
    public RuleRow switched(boolean on, Status next, @Nullable String reason, long by) {
        return new RuleRow(id, instance, position, spec, on, next, reason, by);
    }

    /// What a rollback needs of it: everything but the status.
    public JsonObject image() {
        return new JsonObject()
                .put("id", id)
                .put("position", position)
                .put("wanted", wanted)
                .put("body", RuleJson.print(spec));
    }

    /// The rule of an {@link #image()}, as the revision `by` brings it back.
    public static RuleRow ofImage(String instance, JsonObject image, Status next, long by) {
        return new RuleRow(
                image.getString("id"),
                instance,
                image.getLong("position"),
                RuleReader.read(image.getJsonObject("body")).orThrow(),
                image.getBoolean("wanted"),
                next,
                null,
                by);
    }
}
