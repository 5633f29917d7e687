package io.skerry.edge.follow;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.Targets;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A content that has not run long enough to be trusted: a mark on disk, made before it is applied,
/// so that a process that dies of it finds out in its next life.
///
/// @param instance identity, `sid-…`
/// @param target revision and digest of the content
/// @param crashes how often the process died while it ran, 0 or more
/// @param runs whether it is being applied or runs, so that a death now counts
/// @param changed rules that are new or changed with it; all of them where the instance changed
/// @param removed rules that it no longer serves
record Trial(
        String instance,
        Targets.Target target,
        int crashes,
        boolean runs,
        List<String> changed,
        List<String> removed) {
    /// After so many deaths it is not applied again.
    static final int CRASHES_MAX = 2;

    Trial {
        changed = List.copyOf(changed);
        removed = List.copyOf(removed);
    }

    /// A first trial.
    static Trial of(@Nullable Held before, Held after) {
        InstanceContent next = after.content();
        InstanceContent old = before == null ? null : before.content();
        boolean whole =
                old == null
                        || old.ipv6() != next.ipv6()
                        || old.slot() != next.slot()
                        || !old.groups().equals(next.groups());
        List<String> changed = new ArrayList<>();
        next.rules()
                .forEach((id, rule) -> {
                    if (whole || old == null || !rule.equals(old.rules().get(id))) {
                        changed.add(id);
                    }
                });
        List<String> removed = new ArrayList<>(old == null ? List.of() : old.rules().keySet());
        removed.removeAll(next.rules().keySet());
        return new Trial(next.instance(), after.target(), 0, true, changed, removed);
    }

    /// The same, running or not.
    Trial runs(boolean now) {
        return new Trial(instance, target, crashes, now, changed, removed);
    }

    /// What the next life makes of it: a death while it ran counts.
    Trial afterDeath() {
        return new Trial(instance, target, runs ? crashes + 1 : crashes, false, changed, removed);
    }

    boolean isHeldBack() {
        return crashes >= CRASHES_MAX;
    }

    /// Why it is not applied, as a sentence.
    String why() {
        return "revision "
                + target.revision()
                + " ended this node "
                + crashes
                + " times right after it was applied; the content before it stays";
    }

    /// What the report says of each rule that is not served as it should be.
    Map<String, String> refused() {
        Map<String, String> refused = new TreeMap<>();
        changed.forEach(rule -> refused.put(rule, "crash_loop: " + why()));
        if (refused.isEmpty()) {
            refused.put(instance, "crash_loop: " + why());
        }
        return refused;
    }

    JsonObject print() {
        return new JsonObject()
                .put("v", 1)
                .put("instance", instance)
                .put("revision", target.revision())
                .put("digest", target.digest())
                .put("crashes", crashes)
                .put("runs", runs)
                .put("changed", new JsonArray(changed))
                .put("removed", new JsonArray(removed));
    }

    /// Reads what {@link #print()} printed; throws a `RuntimeException` where it is something else.
    static Trial read(JsonObject json) {
        return new Trial(
                json.getString("instance"),
                new Targets.Target(json.getLong("revision"), json.getString("digest")),
                json.getInteger("crashes"),
                json.getBoolean("runs"),
                texts(json.getJsonArray("changed")),
                texts(json.getJsonArray("removed")));
    }

    private static List<String> texts(JsonArray array) {
        return array.stream().map(String.class::cast).toList();
    }
}
