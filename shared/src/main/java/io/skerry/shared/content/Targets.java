package io.skerry.shared.content;

import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// What a node must run: for each instance the revision and the digest of its content. An instance
/// that is not named is not to be served.
///
/// @param head the newest revision of the deployment
/// @param instances targets by instance
public record Targets(long head, Map<String, Target> instances) {
    /// @param revision revision of the content
    /// @param digest digest of the content
    public record Target(long revision, String digest) {
        public Target {
            Objects.requireNonNull(digest, "digest");
        }
    }

    public Targets {
        instances = Map.copyOf(instances);
    }

    public JsonObject print() {
        JsonObject targets = new JsonObject();
        new TreeMap<>(instances)
                .forEach((id, target) ->
                        targets.put(
                                id,
                                new JsonObject()
                                        .put("revision", target.revision())
                                        .put("digest", target.digest())));
        return new JsonObject().put("v", 1).put("head", head).put("instances", targets);
    }

    public static Targets read(JsonObject json) {
        Map<String, Target> instances = new TreeMap<>();
        for (Map.Entry<String, Object> each : json.getJsonObject("instances", new JsonObject())) {
            JsonObject target = (JsonObject) each.getValue();
            instances.put(
                    each.getKey(),
                    new Target(target.getLong("revision"), target.getString("digest")));
        }
        return new Targets(json.getLong("head"), instances);
    }
}
