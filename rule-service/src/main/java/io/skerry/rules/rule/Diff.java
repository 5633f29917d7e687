package io.skerry.rules.rule;

import io.skerry.rules.page.Body;
import io.skerry.rules.page.Page;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.GroupTable;
import io.skerry.rules.store.HeadTable;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.InstanceTable;
import io.skerry.rules.store.RuleRow;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.instance.InstanceSpec;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.rule.RuleJson;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/// Shows what is different in an instance between two revisions: rules that came, went or changed,
/// and origin groups that its rules use and that said something else, field by field.
public final class Diff {
    private final Database database;

    public Diff(Database database) {
        this.database = database;
    }

    public RuleReply run(RuleRequest request) {
        String id = Body.id(request, "instance");
        Mistakes mistakes = new Mistakes();
        if (request.arg("from").isEmpty()) {
            mistakes.add("from", Code.MISSING, "must be given");
        }
        int from = Page.number(request, "from", 1, 1, Integer.MAX_VALUE, mistakes);
        int to = Page.number(request, "to", 0, 1, Integer.MAX_VALUE, mistakes);
        mistakes.throwIfAny();
        return database.read(sql -> {
            HeadTable.Head head = HeadTable.read(sql);
            InstanceRow row =
                    InstanceTable.find(sql, id)
                            .orElseThrow(() ->
                                    Problem.of(Code.NOT_FOUND, "there is no instance " + id)
                                            .toException());
            long last = to == 0 ? head.revision() : to;
            Past.checkReach(head, row, "from", from);
            Past.checkReach(head, row, "to", last);
            Past before = Past.of(sql, row, from, 0);
            Past after = Past.of(sql, row, last, 0);
            return RuleReply.ok(
                    between(before, after)
                            .put("groups", groups(sql, before, from, after, last))
                            .put("instance", fields(own(before.spec()), own(after.spec())))
                            .put("from", from)
                            .put("to", last));
        });
    }

    private static JsonObject between(Past before, Past after) {
        JsonArray added = new JsonArray();
        JsonArray removed = new JsonArray();
        JsonArray changed = new JsonArray();
        TreeSet<String> ids = new TreeSet<>(before.rules().keySet());
        ids.addAll(after.rules().keySet());
        for (String id : ids) {
            RuleRow old = before.rules().get(id);
            RuleRow now = after.rules().get(id);
            if (old == null) {
                added.add(print(Objects.requireNonNull(now)).put("id", id));
            } else if (now == null) {
                removed.add(print(old).put("id", id));
            } else {
                JsonObject fields = fields(print(old), print(now));
                if (!fields.isEmpty()) {
                    changed.add(new JsonObject().put("id", id).put("fields", fields));
                }
            }
        }
        return new JsonObject().put("added", added).put("removed", removed).put("changed", changed);
    }

    private static JsonArray groups(Transaction sql, Past before, long from, Past after, long to) {
        Set<String> used = before.groups();
        used.addAll(after.groups());
        Map<String, JsonObject> old = GroupTable.at(sql, used, from);
        JsonArray changed = new JsonArray();
        GroupTable.at(sql, used, to)
                .forEach((id, now) -> {
                    JsonObject was = old.get(id);
                    JsonObject fields = was == null ? new JsonObject() : fields(was, now);
                    if (!fields.isEmpty()) {
                        changed.add(new JsonObject().put("id", id).put("fields", fields));
                    }
                });
        return changed;
    }

    private static JsonObject print(RuleRow rule) {
        return RuleJson.print(rule.spec()).put("enabled", rule.wanted());
    }

    private static JsonObject own(InstanceSpec spec) {
        return new JsonObject().put("ipv6", spec.ipv6()).put("crossBorder", spec.crossBorder());
    }

    /// The fields that differ, each with its value before and after; `null` where it has none.
    private static JsonObject fields(JsonObject before, JsonObject after) {
        TreeSet<String> names = new TreeSet<>(before.fieldNames());
        names.addAll(after.fieldNames());
        JsonObject fields = new JsonObject();
        for (String name : names) {
            Object old = before.getValue(name);
            Object now = after.getValue(name);
            if (!Objects.equals(old, now)) {
                fields.put(name, new JsonObject().put("before", old).put("after", now));
            }
        }
        return fields;
    }
}
