package io.skerry.rules.rule;

import io.skerry.rules.page.Body;
import io.skerry.rules.revision.Change;
import io.skerry.rules.revision.IfMatch;
import io.skerry.rules.revision.InstanceEdit;
import io.skerry.rules.revision.Writes;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.RuleRow;
import io.skerry.rules.store.RuleTable;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.input.FieldReader;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.rule.Status;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Brings an instance's rules, and what it was asked to be, back to how they were at a revision: as
/// a new revision. Whether the instance is on, and what origin groups say, stays as it is now.
public final class Rollback {
    private final Writes writes;

    public Rollback(Writes writes) {
        this.writes = writes;
    }

    public RuleReply run(RuleRequest request, Function<Change, RuleReply.Done> reply) {
        String id = Body.id(request, "instance");
        int to = readTo(Body.object(request));
        return writes.run(
                request,
                change -> {
                    InstanceRow row = change.lockInstance(id);
                    IfMatch.check(request, row.revision());
                    Past.checkReach(change.head(), row, "to", to);
                    if (!row.status().takesChanges()) {
                        throw new Problem(List.of(RuleSwitch.closed(row))).toException();
                    }
                    if (apply(change, row, Past.of(change.sql(), row, to, change.revision()))) {
                        change.note(id, "rolled back instance " + row.spec().name() + " to " + to);
                        change.finish();
                    }
                    return reply.apply(change);
                });
    }

    /// Within a change: brings the instance's rules back to how they were; answers whether anything
    /// was to be done.
    public static boolean undo(Change change, InstanceRow row, long to) {
        Past.checkReach(change.head(), row, "to", to);
        return apply(change, row, Past.of(change.sql(), row, to, change.revision()));
    }

    private static int readTo(JsonObject body) {
        FieldReader fields = new FieldReader(body);
        fields.require("to");
        int to = fields.integer("to", 1, 1, Integer.MAX_VALUE);
        Mistakes mistakes = new Mistakes();
        mistakes.addAll("", fields.mistakes());
        mistakes.throwIfAny();
        return to;
    }

    private static boolean apply(Change change, InstanceRow row, Past past) {
        Map<String, RuleRow> now = new LinkedHashMap<>();
        RuleTable.all(change.sql(), row.id()).forEach(rule -> now.put(rule.id(), rule));
        List<RuleRow> gone =
                now.values().stream().filter(r -> !past.rules().containsKey(r.id())).toList();
        List<RuleRow> back = new ArrayList<>();
        for (RuleRow old : past.rules().values()) {
            RuleRow current = now.get(old.id());
            if (current == null || !sameDesire(current, old)) {
                back.add(old);
            }
        }
        boolean sameSpec = past.spec().equals(row.spec());
        if (gone.isEmpty() && back.isEmpty() && sameSpec) {
            return false;
        }
        check(change, row, back, now);
        InstanceEdit edit = change.edit(row);
        if (!sameSpec) {
            Status next = row.wanted() ? Status.PROGRESS : row.status();
            edit.instance(row.with(past.spec(), next, change.revision()));
        }
        List<RuleRow> free = new ArrayList<>(gone);
        List<RuleRow> take = new ArrayList<>();
        gone.forEach(edit::remove);
        for (RuleRow old : back) {
            RuleRow current = now.get(old.id());
            RuleRow next = revived(change, row, old, current);
            if (current == null) {
                edit.create(next);
            } else {
                edit.change(current, next);
                free.add(current);
            }
            take.add(next);
        }
        change.movePorts(row.slot(), free, take);
        return true;
    }

    private static boolean sameDesire(RuleRow a, RuleRow b) {
        return a.spec().equals(b.spec()) && a.wanted() == b.wanted();
    }

    private static RuleRow revived(
            Change change, InstanceRow row, RuleRow old, @Nullable RuleRow current) {
        if (old.wanted()) {
            return old.switched(
                    true,
                    RuleSwitch.wantedStatus(row),
                    RuleSwitch.wantedReason(row),
                    change.revision());
        }
        boolean running = current != null && !current.status().canDelete();
        return old.switched(
                false, running ? Status.STOPPING : Status.OFFLINE, null, change.revision());
    }

    private static void check(
            Change change, InstanceRow row, List<RuleRow> back, Map<String, RuleRow> now) {
        Mistakes mistakes = new Mistakes();
        List<RuleProposal> proposals =
                back.stream()
                        .map(rule -> new RuleProposal("rules." + rule.id(), false, rule.spec()))
                        .toList();
        RuleChecks.check(change.sql(), row.slot(), proposals, now.keySet(), mistakes);
        mistakes.throwIfAny();
    }
}
