package io.skerry.shared.bus;

import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A request to a rule service.
///
/// @param operation what is asked
/// @param args names from path and query
/// @param body JSON object, JSON array or text as it was sent; `null` where there is none
/// @param actor who asks, for the audit record
/// @param source from where: the caller's address
/// @param idempotencyKey the caller's key, at most 200 characters; `null` where there is none
/// @param ifMatch the revision the caller saw; `null` where it did not say
public record RuleRequest(
        Operation operation,
        Map<String, String> args,
        @Nullable Object body,
        String actor,
        String source,
        @Nullable String idempotencyKey,
        @Nullable String ifMatch) {
    public RuleRequest {
        args = Map.copyOf(args);
    }

    public static RuleRequest of(
            Operation operation, Map<String, String> args, @Nullable Object body) {
        return new RuleRequest(operation, args, body, "local", "local", null, null);
    }

    public Optional<String> arg(String name) {
        return Optional.ofNullable(args.get(name));
    }

    public JsonObject print() {
        JsonObject arguments = new JsonObject();
        new TreeMap<>(args).forEach(arguments::put);
        return new JsonObject()
                .put("v", 1)
                .put("operation", operation.name())
                .put("args", arguments)
                .put("body", body)
                .put("actor", actor)
                .put("source", source)
                .put("idempotencyKey", idempotencyKey)
                .put("ifMatch", ifMatch);
    }

    public static RuleRequest read(JsonObject json) {
        Map<String, String> args = new TreeMap<>();
        json.getJsonObject("args", new JsonObject())
                .forEach(each -> args.put(each.getKey(), (String) each.getValue()));
        return new RuleRequest(
                Operation.valueOf(json.getString("operation")),
                args,
                json.getValue("body"),
                json.getString("actor", ""),
                json.getString("source", ""),
                json.getString("idempotencyKey"),
                json.getString("ifMatch"));
    }
}
