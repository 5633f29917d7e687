package io.skerry.shared.content;

import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// What a node must run: for each instance the revision and the digest of its content. An instance
/// that is not named is not to be served.
///
/// @param head the newest revision of the deployment
/// @param drain whether the node is to serve nobody, although it keeps to its targets
/// @param instances targets by instance
public record Targets(long head, boolean drain, Map<String, Target> instances) {
    /// @param revision revision of the content
    /// @param digest digest of the content
    /// @param watched whether reports are to say what becomes of the sessions of its rules
    public record Target(long revision, String digest, boolean watched) {
        public Target {
            Objects.requireNonNull(digest, "digest");
        }

        /// A target that is not watched.
        public Target(long revision, String digest) {
            this(revision, digest, false);
        }

        /// Whether it names the same content; watched or not makes no other one of it.
        public boolean names(Target other) {
            return revision == other.revision && digest.equals(other.digest);
        }

        JsonObject print() {
            JsonObject json = new JsonObject().put("revision", revision).put("digest", digest);
            return watched ? json.put("watched", true) : json;
        }
    }

    public Targets {
        instances = Map.copyOf(instances);
    }

    /// Targets of a node that is to serve.
    public Targets(long head, Map<String, Target> instances) {
        this(head, false, instances);
    }

    /// The instances that are watched.
    public Set<String> watched() {
        Set<String> watched = new TreeSet<>();
        instances.forEach((id, target) -> {
            if (target.watched()) {
                watched.add(id);
            }
        });
        return watched;
    }

    public JsonObject print() {
        JsonObject targets = new JsonObject();
        new TreeMap<>(instances).forEach((id, target) -> targets.put(id, target.print()));
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
                    new Target(
                            target.getLong("revision"),
                            target.getString("digest"),
                            target.getBoolean("watched", false)));
        }
        return new Targets(json.getLong("head"), json.getBoolean("drain", false), instances);
    }
}
