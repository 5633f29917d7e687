package io.skerry.shared.rule;

import io.skerry.shared.input.FieldReader;
import io.skerry.shared.input.PeerFields;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.problem.Checked;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Locale;

/// The one JSON form of a rule: API, database, bus and pulls alike.
public final class RuleJson {
    private static final String[] FIELDS = {
        "protocol",
        "ports",
        "origin",
        "originPort",
        "sessionPersistence",
        "sessionPersistenceSeconds",
        "clientIp",
        "tag",
        "idleSeconds",
        "drainSeconds",
        "ppv2Udp",
        "headerDestination",
        "maxConnections"
    };

    private RuleJson() {}

    /// What a rule says, without identity.
    public static JsonObject print(RuleSpec spec) {
        JsonArray ports = new JsonArray();
        spec.ports().stream().map(PortRange::toString).forEach(ports::add);
        return new JsonObject()
                .put("protocol", spec.protocol().name())
                .put("ports", ports)
                .put("origin", print(spec.origin()))
                .put("originPort", spec.originPort().toString())
                .put("sessionPersistence", spec.persistence().enabled())
                .put("sessionPersistenceSeconds", spec.persistence().seconds())
                .put("clientIp", word(spec.clientIp()))
                .put("tag", spec.tag())
                .put("idleSeconds", spec.idleSeconds())
                .put("drainSeconds", spec.drainSeconds())
                .put("ppv2Udp", word(spec.ppv2Udp()))
                .put("headerDestination", word(spec.headerDestination()))
                .put("maxConnections", spec.maxConnections());
    }

    /// A rule with its identity and revision, as nodes get it.
    public static JsonObject print(Rule rule) {
        JsonObject json = new JsonObject().put("id", rule.id());
        json.mergeIn(print(rule.spec()));
        return json.put("revision", rule.revision());
    }

    private static JsonObject print(OriginRef origin) {
        return switch (origin) {
            case OriginRef.Single(var address) ->
                    new JsonObject().put("type", "single").put("address", address.toString());
            case OriginRef.Group(var id) -> new JsonObject().put("type", "group").put("id", id);
            case OriginRef.GroupNamed(var name) ->
                    new JsonObject().put("type", "group").put("name", name);
        };
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /// Reads what a peer of ours printed: unknown fields are a newer peer's and ignored.
    public static Checked<Rule> readPeer(JsonObject json) {
        JsonObject known = PeerFields.keep(json, FIELDS);
        if (known.getValue("origin") instanceof JsonObject origin) {
            known.put("origin", PeerFields.keep(origin, "type", "address", "id", "name"));
        }
        return PeerFields.identified(json, id -> readPeer(id, json, known));
    }

    private static Checked<Rule> readPeer(String id, JsonObject json, JsonObject known) {
        FieldReader fields = new FieldReader(json);
        Long revision = fields.longOrNull("revision", 0, Long.MAX_VALUE);
        return fields.mistakesOfKnown().isEmpty()
                ? RuleReader.read(known)
                        .map(spec -> new Rule(id, spec, revision == null ? 0 : revision))
                : new Checked.Refused<>(fields.mistakesOfKnown());
    }
}
