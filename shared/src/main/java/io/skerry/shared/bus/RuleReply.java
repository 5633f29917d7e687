package io.skerry.shared.bus;

import io.skerry.shared.problem.Problem;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/// What a rule service answers.
public sealed interface RuleReply {
    /// It was done.
    ///
    /// @param status HTTP status: 200, 201, 202 or 204
    /// @param body the answer; empty with 204
    /// @param revision revision of a single object, for its `ETag`; `null` for lists
    /// @param location path of a created object below `/v1`, such as `/instances/sid-…`; or `null`
    record Done(int status, JsonObject body, @Nullable Long revision, @Nullable String location)
            implements RuleReply {}

    /// It was refused, and nothing was changed.
    record Refused(Problem problem) implements RuleReply {}

    static Done ok(JsonObject body) {
        return new Done(200, body, null, null);
    }

    static Done ok(JsonObject body, long revision) {
        return new Done(200, body, revision, null);
    }

    static Done noContent() {
        return new Done(204, new JsonObject(), null, null);
    }

    default JsonObject print() {
        return switch (this) {
            case Done done ->
                    new JsonObject()
                            .put("v", 1)
                            .put("status", done.status())
                            .put("body", done.body())
                            .put("revision", done.revision())
                            .put("location", done.location());
            case Refused(Problem problem) ->
                    new JsonObject().put("v", 1).put("problem", problem.toJson());
        };
    }

    static RuleReply read(JsonObject json) {
        JsonObject problem = json.getJsonObject("problem");
        return problem != null
                ? new Refused(Problem.fromJson(problem))
                : new Done(
                        json.getInteger("status"),
                        json.getJsonObject("body", new JsonObject()),
                        json.getLong("revision"),
                        json.getString("location"));
    }
}
