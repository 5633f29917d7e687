package io.skerry.shared.content;

import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// What a node must run: for each instance the revision and the digest of its content. An instance
/// that is not named is not to be served.
///
/// @param head the newest revision of the deployment
/// @param drain whether the node is to serve nobody, although it keeps to its targets
/// @param instances targets by instance
public record Targets(long head, boolean drain, Map<String, Target> instances) {
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

    /// Targets of a node that is to serve.
    public Targets(long head, Map<String, Target> instances) {
        this(head, false, instances);
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
        JsonObject json = new JsonObject().put("v", 1).put("head", head);
        if (drain) {
            json.put("drain", true);
        }
        return json.put("instances", targets);
    }

    /// Reads what {@link #print()} printed; unknown fields are a newer peer's and ignored, and an
    /// older peer's answer asks for no drain.
    public static Targets read(JsonObject json) {
        Map<String, Target> instances = new TreeMap<>();
        for (Map.Entry<String, Object> each : json.getJsonObject("instances", new JsonObject())) {
            JsonObject target = (JsonObject) each.getValue();
            instances.put(
                    each.getKey(),
                    new Target(target.getLong("revision"), target.getString("digest")));
        }
        return new Targets(json.getLong("head"), json.getBoolean("drain", false), instances);
    }
}
