package io.skerry.rules.rule;

import io.skerry.rules.revision.InstanceEdit;
import io.skerry.rules.store.HeadTable;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.RuleRow;
import io.skerry.rules.store.RuleTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.instance.InstanceSpec;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.Status;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// What an instance was at a revision: what it is now with each later step undone, newest first.
///
/// @param spec what it was asked to be
/// @param rules its rules by identity, switched on or off as they were
record Past(InstanceSpec spec, Map<String, RuleRow> rules) {
    /// The past at a revision that {@link #checkReach} has let pass.
    ///
    /// @param by the revision that rules carry which are not what they are now
    static Past of(Transaction sql, InstanceRow row, long at, long by) {
        Map<String, RuleRow> rules = new LinkedHashMap<>();
        RuleTable.all(sql, row.id()).forEach(rule -> rules.put(rule.id(), rule));
        InstanceSpec spec = row.spec();
        List<HeadTable.Step> steps = HeadTable.stepsAfter(sql, row.id(), at, Integer.MAX_VALUE);
        for (HeadTable.Step step : steps.reversed()) {
            JsonObject before = step.before();
            before.getJsonArray(InstanceEdit.CREATED, new JsonArray()).forEach(rules::remove);
            for (Object image : before.getJsonArray(InstanceEdit.RULES, new JsonArray())) {
                RuleRow old = RuleRow.ofImage(row.id(), (JsonObject) image, Status.OFFLINE, by);
                rules.put(old.id(), old);
            }
            JsonObject own = before.getJsonObject(InstanceEdit.OWN);
            if (own != null) {
                spec = spec.with(own.getBoolean("ipv6"), own.getBoolean("crossBorder"));
            }
        }
        return new Past(spec, rules);
    }

    /// Identities of the origin groups that its rules used.
    Set<String> groups() {
        Set<String> used = new TreeSet<>();
        for (RuleRow rule : rules.values()) {
            if (rule.spec().origin() instanceof OriginRef.Group(String id)) {
                used.add(id);
            }
        }
        return used;
    }

    /// Refuses a revision that the instance never had, or whose history is no longer kept.
    ///
    /// @param field name of the field that holds it
    static void checkReach(HeadTable.Head head, InstanceRow row, String field, long at) {
        long created = row.position();
        if (at > head.revision() || at < created) {
            throw Problem.of(
                            field,
                            Code.OUT_OF_RANGE,
                            "must be from "
                                    + created
                                    + ", when the instance was created, to "
                                    + head.revision())
                    .toException();
        }
        if (at < head.pruned()) {
            throw Problem.of(
                            field,
                            Code.GONE,
                            "history is kept from revision " + head.pruned() + " on")
                    .toException();
        }
    }
}
