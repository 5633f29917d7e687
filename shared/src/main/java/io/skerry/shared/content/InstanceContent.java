package io.skerry.shared.content;

import io.skerry.shared.input.FieldReader;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.origin.OriginGroupJson;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleJson;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

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
        rules = sorted(rules);
        groups = sorted(groups);
    }

    /// In the natural order of the keys, whatever order the given map has.
    private static <V> SortedMap<String, V> sorted(Map<String, V> map) {
        return Collections.unmodifiableSortedMap(new TreeMap<>(map));
    }

    /// The same instance with no port open, as a node runs it that serves nobody.
    public InstanceContent closed() {
        return new InstanceContent(instance, revision, ipv6, slot, new TreeMap<>(), groups);
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

    /// Reads what {@link #print()} printed; unknown fields are a newer peer's and ignored.
    public static Checked<InstanceContent> read(JsonObject json) {
        FieldReader fields = new FieldReader(json);
        List.of("instance", "revision", "ipv6", "slot").forEach(fields::require);
        String instance = fields.string("instance", "");
        Long revision = fields.longOrNull("revision", 0, Long.MAX_VALUE);
        boolean ipv6 = fields.bool("ipv6", false);
        Integer slot = fields.integerOrNull("slot", 0, Integer.MAX_VALUE);
        TreeMap<String, Rule> rules = new TreeMap<>();
        readAll(fields, "rules", RuleJson::readPeer).forEach(rule -> rules.put(rule.id(), rule));
        TreeMap<String, OriginGroup> groups = new TreeMap<>();
        readAll(fields, "groups", OriginGroupJson::readPeer)
                .forEach(group -> groups.put(group.id(), group));
        List<Mistake> mistakes = fields.mistakesOfKnown();
        if (!mistakes.isEmpty() || instance == null || revision == null || slot == null) {
            return new Checked.Refused<>(mistakes);
        }
        return new Checked.Ok<>(new InstanceContent(instance, revision, ipv6, slot, rules, groups));
    }

    private static <T> List<T> readAll(
            FieldReader fields, String name, Function<JsonObject, Checked<T>> read) {
        JsonArray array = Objects.requireNonNullElseGet(fields.array(name), JsonArray::new);
        List<T> values = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            String path = name + "[" + i + "]";
            if (array.getValue(i) instanceof JsonObject body) {
                switch (read.apply(body)) {
                    case Checked.Ok<T>(T value) -> values.add(value);
                    case Checked.Refused<T>(List<Mistake> found) -> fields.mistakes(path, found);
                }
            } else {
                fields.mistake(path, Code.WRONG_TYPE, "must be an object");
            }
        }
        return values;
    }
}
