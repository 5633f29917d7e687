package io.skerry.shared.content;

import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.origin.OriginGroupJson;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleJson;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;

/// What a node must run of one instance at one revision: the rules that are wanted to serve and the
/// origin groups they use. A disabled instance has content without rules.
///
/// @param instance identity, `sid-…`
/// @param revision the revision that changed it last
/// @param ipv6 whether its ports are open on IPv6 too
/// @param slot the slot whose addresses it is served on; 0 is shared
/// @param rules enabled rules by identity
/// @param groups the groups those rules use, by identity
public record InstanceContent(
        String instance,
        long revision,
        boolean ipv6,
        int slot,
        SortedMap<String, Rule> rules,
        SortedMap<String, OriginGroup> groups) {
    public InstanceContent {
        rules = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(rules));
        groups = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(groups));
    }

    /// SHA-256 over the canonical form, in hex: fields in the order of {@link #print()}, rules and
    /// groups in the order of their identities. Equal content has equal digests on every machine;
    /// the revision is part of it.
    public String digest() {
        MessageDigest sha = sha256();
        line(sha, instance + " " + revision + " " + ipv6 + " " + slot);
        rules.values().forEach(rule -> line(sha, RuleJson.print(rule).encode()));
        groups.values().forEach(group -> line(sha, OriginGroupJson.print(group).encode()));
        return HexFormat.of().formatHex(sha.digest());
    }

    private static void line(MessageDigest sha, String text) {
        sha.update(text.getBytes(StandardCharsets.UTF_8));
        sha.update((byte) '\n');
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JDK has SHA-256", impossible);
        }
    }

    public JsonObject print() {
        JsonArray ruleArray = new JsonArray();
        rules.values().forEach(rule -> ruleArray.add(RuleJson.print(rule)));
        JsonArray groupArray = new JsonArray();
        groups.values().forEach(group -> groupArray.add(OriginGroupJson.print(group)));
        return new JsonObject()
                .put("instance", instance)
                .put("revision", revision)
                .put("ipv6", ipv6)
                .put("slot", slot)
                .put("rules", ruleArray)
                .put("groups", groupArray);
    }

    /// Reads what {@link #print()} printed.
    public static Checked<InstanceContent> read(JsonObject json) {
        TreeMap<String, Rule> rules = new TreeMap<>();
        TreeMap<String, OriginGroup> groups = new TreeMap<>();
        for (Object each : json.getJsonArray("rules", new JsonArray())) {
            switch (RuleJson.readPeer((JsonObject) each)) {
                case Checked.Ok<Rule>(Rule rule) -> rules.put(rule.id(), rule);
                case Checked.Refused<Rule>(var mistakes) -> {
                    return new Checked.Refused<>(mistakes);
                }
            }
        }
        for (Object each : json.getJsonArray("groups", new JsonArray())) {
            JsonObject body = (JsonObject) each;
            switch (OriginGroupJson.read(body.getString("id"), body)) {
                case Checked.Ok<OriginGroup>(OriginGroup group) -> groups.put(group.id(), group);
                case Checked.Refused<OriginGroup>(var mistakes) -> {
                    return new Checked.Refused<>(mistakes);
                }
            }
        }
        return new Checked.Ok<>(
                new InstanceContent(
                        json.getString("instance"),
                        json.getLong("revision"),
                        json.getBoolean("ipv6"),
                        json.getInteger("slot"),
                        rules,
                        groups));
    }
}
