package io.skerry.shared.content;

import io.skerry.shared.input.FieldReader;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.origin.OriginGroupJson;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Code;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleJson;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/// One step of an instance's content, from one revision to the next: small enough for the event
/// bus.
///
/// @param instance identity, `sid-…`
/// @param revision the revision after the step
/// @param previous the instance's revision before it; 0 where it is new
/// @param digest of the content after the step
/// @param ipv6 of the content after the step
/// @param slot of the content after the step
/// @param removed rules that are no longer to be served
/// @param rules rules that are new or changed
/// @param groups all groups in use after the step that are new or changed
public record ContentChange(
        String instance,
        long revision,
        long previous,
        String digest,
        boolean ipv6,
        int slot,
        List<String> removed,
        List<Rule> rules,
        List<OriginGroup> groups) {
    /// More rules or groups than this in one step are not sent over the bus; nodes pull them.
    public static final int BUS_RULES_MAX = 100;

    public ContentChange {
        removed = List.copyOf(removed);
        rules = List.copyOf(rules);
        groups = List.copyOf(groups);
    }

    /// The step from one content to another.
    public static ContentChange between(Optional<InstanceContent> before, InstanceContent after) {
        List<String> removed = new ArrayList<>();
        List<Rule> changed = new ArrayList<>();
        List<OriginGroup> groups = new ArrayList<>();
        after.rules()
                .forEach((id, rule) -> {
                    if (!rule.equals(before.map(b -> b.rules().get(id)).orElse(null))) {
                        changed.add(rule);
                    }
                });
        after.groups()
                .forEach((id, group) -> {
                    if (!group.equals(before.map(b -> b.groups().get(id)).orElse(null))) {
                        groups.add(group);
                    }
                });
        before.ifPresent(b ->
                b.rules().keySet().stream()
                        .filter(id -> !after.rules().containsKey(id))
                        .forEach(removed::add));
        return new ContentChange(
                after.instance(),
                after.revision(),
                before.map(InstanceContent::revision).orElse(0L),
                after.digest(),
                after.ipv6(),
                after.slot(),
                removed,
                changed,
                groups);
    }

    /// Whether the step may travel on the bus as a whole.
    public boolean isSmall() {
        return rules.size() <= BUS_RULES_MAX
                && groups.size() <= BUS_RULES_MAX
                && removed.size() <= 10 * BUS_RULES_MAX;
    }

    /// The content after the step; empty where the step does not follow on `before` or the result
    /// has another digest, so that the node must pull.
    public Optional<InstanceContent> applyTo(Optional<InstanceContent> before) {
        long have = before.map(InstanceContent::revision).orElse(0L);
        boolean another = before.filter(b -> !b.instance().equals(instance)).isPresent();
        if (have != previous || another) {
            return Optional.empty();
        }
        TreeMap<String, Rule> nextRules = new TreeMap<>();
        TreeMap<String, OriginGroup> nextGroups = new TreeMap<>();
        before.ifPresent(b -> {
            nextRules.putAll(b.rules());
            nextGroups.putAll(b.groups());
        });
        removed.forEach(nextRules::remove);
        rules.forEach(rule -> nextRules.put(rule.id(), rule));
        groups.forEach(group -> nextGroups.put(group.id(), group));
        nextGroups.keySet().retainAll(GroupUse.of(nextRules.values()));
        InstanceContent after =
                new InstanceContent(instance, revision, ipv6, slot, nextRules, nextGroups);
        return after.digest().equals(digest) ? Optional.of(after) : Optional.empty();
    }

    public JsonObject print() {
        JsonArray ruleArray = new JsonArray();
        rules.forEach(rule -> ruleArray.add(RuleJson.print(rule)));
        JsonArray groupArray = new JsonArray();
        groups.forEach(group -> groupArray.add(OriginGroupJson.print(group)));
        return new JsonObject()
                .put("instance", instance)
                .put("revision", revision)
                .put("previous", previous)
                .put("digest", digest)
                .put("ipv6", ipv6)
                .put("slot", slot)
                .put("removed", new JsonArray(removed))
                .put("rules", ruleArray)
                .put("groups", groupArray);
    }

    /// Reads what {@link #print()} printed; unknown fields are a newer peer's and ignored.
    public static Checked<ContentChange> read(JsonObject json) {
        FieldReader fields = new FieldReader(json);
        List.of("previous", "digest").forEach(fields::require);
        Long previous = fields.longOrNull("previous", 0, Long.MAX_VALUE);
        String digest = fields.string("digest", "");
        List<String> removed = new ArrayList<>();
        for (Object each : Objects.requireNonNullElseGet(fields.array("removed"), JsonArray::new)) {
            if (each instanceof String id) {
                removed.add(id);
            } else {
                fields.mistake("removed", Code.WRONG_TYPE, "must be an array of strings");
            }
        }
        Checked<InstanceContent> read = InstanceContent.read(json);
        fields.mistakes("", read.mistakes());
        if (read instanceof Checked.Ok<InstanceContent>(InstanceContent content)
                && fields.mistakesOfKnown().isEmpty()
                && previous != null
                && digest != null) {
            return new Checked.Ok<>(
                    new ContentChange(
                            content.instance(),
                            content.revision(),
                            previous,
                            digest,
                            content.ipv6(),
                            content.slot(),
                            removed,
                            List.copyOf(content.rules().values()),
                            List.copyOf(content.groups().values())));
        }
        return new Checked.Refused<>(fields.mistakesOfKnown());
    }
}
