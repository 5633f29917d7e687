package io.skerry.shared.content;

import io.skerry.shared.instance.NodeArea;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a node says of itself with every pull: who it is and what it runs.
///
/// Sent as the body of `POST /node/v1/sync`; the answer is {@link Targets}.
///
/// @param node its name, unique in the deployment
/// @param boot drawn anew at each start, so that a report of an earlier life is told apart
/// @param area where it stands
/// @param state what it is doing
/// @param slots per slot the addresses the node serves it on, as text
/// @param labels words by which people choose nodes, such as `canary`
/// @param capabilities what it can do, such as `toa`, `steering`
/// @param missing what it cannot do, with the reason
/// @param listeners open listening ports
/// @param sessions open sessions
/// @param instances what it runs, by instance
public record NodeReport(
        String node,
        String boot,
        NodeArea area,
        State state,
        List<List<String>> slots,
        List<String> labels,
        List<String> capabilities,
        Map<String, String> missing,
        long listeners,
        long sessions,
        Map<String, Applied> instances) {
    /// Rules of one instance that a report counts sessions of.
    public static final int COUNTED_RULES_MAX = 2_000;

    /// A report counts sessions of more than {@link #COUNTED_RULES_MAX} rules of an instance.
    public static final class TooManyCounted extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        TooManyCounted() {
            super("counts of more rules than an instance has");
        }
    }

    /// What a node is doing.
    public enum State {
        UP,
        DRAINING,
        /// It stops in order; its report is its last.
        LEAVING
    }

    /// What a node made of one instance.
    ///
    /// @param revision the revision it applied last
    /// @param digest of that content
    /// @param refused rules it cannot serve, with the reason as `code: sentence`
    /// @param draining rules without a listener whose sessions still drain
    /// @param counts what became of sessions, by rule, rules without sessions left out; `null`
    ///   where the instance is not watched
    public record Applied(
            long revision,
            String digest,
            Map<String, String> refused,
            List<String> draining,
            @Nullable Map<String, RuleCounts> counts) {
        /// Of an instance that is not watched.
        public Applied(
                long revision, String digest, Map<String, String> refused, List<String> draining) {
            this(revision, digest, refused, draining, null);
        }

        public Applied {
            Objects.requireNonNull(digest, "digest");
            refused = Map.copyOf(refused);
            draining = List.copyOf(draining);
            counts = counts == null ? null : Map.copyOf(counts);
        }

        JsonObject print() {
            JsonObject refusals = new JsonObject();
            new TreeMap<>(refused).forEach(refusals::put);
            JsonObject json =
                    new JsonObject()
                            .put("revision", revision)
                            .put("digest", digest)
                            .put("refused", refusals)
                            .put("draining", new JsonArray(draining));
            if (counts != null) {
                JsonObject counted = new JsonObject();
                new TreeMap<>(counts).forEach((rule, each) -> counted.put(rule, each.print()));
                json.put("counts", counted);
            }
            return json;
        }

        static Applied read(JsonObject json) {
            return new Applied(
                    json.getLong("revision"),
                    json.getString("digest"),
                    strings(json.getJsonObject("refused", new JsonObject())),
                    json.getJsonArray("draining", new JsonArray()).stream()
                            .map(String.class::cast)
                            .toList(),
                    counts(json.getJsonObject("counts")));
        }

        private static @Nullable Map<String, RuleCounts> counts(@Nullable JsonObject json) {
            if (json == null) {
                return null;
            }
            if (json.size() > COUNTED_RULES_MAX) {
                throw new TooManyCounted();
            }
            Map<String, RuleCounts> counts = new TreeMap<>();
            json.forEach(each ->
                    counts.put(each.getKey(), RuleCounts.read((JsonArray) each.getValue())));
            return counts;
        }
    }

    public NodeReport {
        Objects.requireNonNull(node, "node");
        Objects.requireNonNull(boot, "boot");
        slots = slots.stream().map(List::copyOf).toList();
        labels = List.copyOf(labels);
        capabilities = List.copyOf(capabilities);
        missing = Map.copyOf(missing);
        instances = Map.copyOf(instances);
    }

    public JsonObject print() {
        JsonArray slotArray = new JsonArray();
        slots.forEach(slot -> slotArray.add(new JsonArray(slot)));
        JsonObject missingObject = new JsonObject();
        new TreeMap<>(missing).forEach(missingObject::put);
        JsonObject instanceObject = new JsonObject();
        new TreeMap<>(instances).forEach((id, applied) -> instanceObject.put(id, applied.print()));
        return new JsonObject()
                .put("v", 1)
                .put("node", node)
                .put("boot", boot)
                .put("area", area.word())
                .put("state", state.name().toLowerCase(java.util.Locale.ROOT))
                .put("slots", slotArray)
                .put("labels", new JsonArray(labels))
                .put("capabilities", new JsonArray(capabilities))
                .put("missing", missingObject)
                .put("listeners", listeners)
                .put("sessions", sessions)
                .put("instances", instanceObject);
    }

    /// Reads what {@link #print()} printed; throws a `RuntimeException` where it is something else,
    /// {@link TooManyCounted} where it is too much.
    public static NodeReport read(JsonObject json) {
        Map<String, Applied> instances = new TreeMap<>();
        for (Map.Entry<String, Object> each : json.getJsonObject("instances", new JsonObject())) {
            instances.put(each.getKey(), Applied.read((JsonObject) each.getValue()));
        }
        return new NodeReport(
                json.getString("node"),
                json.getString("boot"),
                NodeArea.of(json.getString("area")),
                State.valueOf(json.getString("state").toUpperCase(java.util.Locale.ROOT)),
                json.getJsonArray("slots", new JsonArray()).stream()
                        .map(slot -> strings((JsonArray) slot))
                        .toList(),
                strings(json.getJsonArray("labels", new JsonArray())),
                strings(json.getJsonArray("capabilities", new JsonArray())),
                strings(json.getJsonObject("missing", new JsonObject())),
                json.getLong("listeners", 0L),
                json.getLong("sessions", 0L),
                instances);
    }

    private static List<String> strings(JsonArray array) {
        return array.stream().map(String.class::cast).toList();
    }

    private static Map<String, String> strings(JsonObject object) {
        Map<String, String> map = new TreeMap<>();
        object.forEach(each -> map.put(each.getKey(), (String) each.getValue()));
        return map;
    }
}
