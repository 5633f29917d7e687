package io.skerry.rules.rollout;

import io.skerry.rules.origingroup.GroupChange;
import io.skerry.rules.page.Body;
import io.skerry.rules.revision.Change;
import io.skerry.rules.revision.IfMatch;
import io.skerry.rules.revision.Waves;
import io.skerry.rules.revision.Writes;
import io.skerry.rules.rule.Rollback;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.GroupRow;
import io.skerry.rules.store.GroupTable;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.InstanceTable;
import io.skerry.rules.store.NodeRow;
import io.skerry.rules.store.NodeTable;
import io.skerry.rules.store.RolloutRow;
import io.skerry.rules.store.RolloutTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Shows how the newest change of an instance reaches its nodes, and lets people hold it, let it go
/// on, or take it back.
public final class RolloutOperations {
    private final Database database;
    private final Writes writes;

    public RolloutOperations(Database database, Writes writes) {
        this.database = database;
        this.writes = writes;
    }

    public RuleReply get(RuleRequest request) {
        String id = Body.id(request, "instance");
        return database.read(sql -> {
            InstanceRow row =
                    InstanceTable.find(sql, id)
                            .orElseThrow(() ->
                                    Problem.of(Code.NOT_FOUND, "there is no instance " + id)
                                            .toException());
            return RuleReply.ok(print(sql, row));
        });
    }

    public RuleReply pause(RuleRequest request) {
        return move(request, RolloutRow.State.PAUSED, "paused");
    }

    /// The canaries begin anew, also their time of observation.
    public RuleReply resume(RuleRequest request) {
        return move(request, RolloutRow.State.CANARY, "resumed");
    }

    private RuleReply move(RuleRequest request, RolloutRow.State to, String verb) {
        return writes.run(
                request,
                change -> {
                    InstanceRow row = change.lockInstance(Body.id(request, "instance"));
                    IfMatch.check(request, row.revision());
                    RolloutRow active = active(change, row);
                    boolean paused = active.state() == RolloutRow.State.PAUSED;
                    if (paused != (to == RolloutRow.State.PAUSED)) {
                        if (paused) {
                            RolloutTable.resume(change.sql(), active);
                        } else {
                            RolloutTable.step(change.sql(), row.id(), to, null);
                        }
                        change.wave(row.id(), to);
                        change.note(
                                row.id(), verb + " the rollout of instance " + row.spec().name());
                    }
                    return RuleReply.ok(print(change.sql(), row));
                });
    }

    private static RolloutRow active(Change change, InstanceRow row) {
        return RolloutTable.lockActive(change.sql(), row.id())
                .orElseThrow(() ->
                        Problem.of(Code.WRONG_STATE, "no rollout of the instance is under way")
                                .toException());
    }

    /// Brings the instance back to what it was before the rollout, as a new revision for every
    /// node, with what its origin groups said: for all who use them, since a group says one thing.
    /// The gate says which revision it has judged: where that is not the newest any more, or people
    /// hold the rollout, nothing is done.
    public RuleReply abort(RuleRequest request) {
        Optional<String> reason = Waves.abortReason(request);
        return writes.run(
                request,
                change -> {
                    InstanceRow row = change.lockInstance(Body.id(request, "instance"));
                    IfMatch.check(request, row.revision());
                    RolloutRow active = active(change, row);
                    if (reason.isPresent() && isOvertaken(request, active)) {
                        return RuleReply.ok(print(change.sql(), row));
                    }
                    List<OriginGroup> groups = staged(change.sql(), row);
                    int users = GroupChange.takeBack(change, groups);
                    if (!Rollback.undo(change, row, active.from()) && groups.isEmpty()) {
                        RolloutRow.State end =
                                reason.isPresent()
                                        ? RolloutRow.State.ROLLED_BACK
                                        : RolloutRow.State.ABORTED;
                        RolloutTable.end(change.sql(), row.id(), end, reason.orElse(null));
                        change.wave(row.id(), end);
                        change.nodesTouched();
                    }
                    String what =
                            " instance "
                                    + row.spec().name()
                                    + " to "
                                    + active.from()
                                    + named(groups, users);
                    change.note(
                            row.id(),
                            reason.map(why -> "the rollout gate took back" + what + ": " + why)
                                    .orElse("aborted the rollout and took back" + what));
                    change.finish();
                    return RuleReply.ok(
                            print(
                                    change.sql(),
                                    InstanceTable.find(change.sql(), row.id()).orElseThrow()));
                });
    }

    /// What the groups said whose change is part of the rollout under way: used before it and
    /// still, if only by a rule that is off, and not the same.
    private static List<OriginGroup> staged(Transaction sql, InstanceRow row) {
        Map<String, OriginGroup> before =
                RolloutTable.heldContent(sql, row.id())
                        .<Map<String, OriginGroup>>map(InstanceContent::groups)
                        .orElse(Map.of());
        List<OriginGroup> staged = new ArrayList<>();
        for (GroupRow now : GroupTable.usedBy(sql, row.id(), before.keySet())) {
            OriginGroup said = before.get(now.group().id());
            if (said != null && !said.equals(now.group())) {
                staged.add(said);
            }
        }
        return staged;
    }

    private static String named(List<OriginGroup> groups, int users) {
        if (groups.isEmpty()) {
            return "";
        }
        String names = groups.stream().map(OriginGroup::name).collect(Collectors.joining(", "));
        return " with origin group " + names + ", used by " + users + " instances";
    }

    private static boolean isOvertaken(RuleRequest request, RolloutRow active) {
        long judged = Body.object(request).getLong("revision", 0L);
        return active.revision() != judged || active.state() == RolloutRow.State.PAUSED;
    }

    private static JsonObject print(Transaction sql, InstanceRow row) {
        RolloutRow rollout = RolloutTable.find(sql, row.id()).orElse(null);
        JsonObject json = new JsonObject().put("revision", row.revision());
        if (rollout == null) {
            json.put("state", "none");
        } else {
            json.put("state", rollout.state().word())
                    .put("from", rollout.from())
                    .put("to", rollout.revision())
                    .put("reason", rollout.reason())
                    .put("strategy", rollout.strategy().print())
                    .put("startedAt", Body.time(rollout.startedAt()))
                    .put("stateSince", Body.time(rollout.stateAt()))
                    .put("groups", groups(sql, row));
        }
        return json.put("nodes", nodes(sql, row, rollout));
    }

    /// Identities of the groups whose change is part of the rollout.
    private static JsonArray groups(Transaction sql, InstanceRow row) {
        JsonArray ids = new JsonArray();
        staged(sql, row).forEach(group -> ids.add(group.id()));
        return ids;
    }

    private static JsonArray nodes(Transaction sql, InstanceRow row, @Nullable RolloutRow rollout) {
        Map<String, NodeTable.Applied> applied = new HashMap<>();
        NodeTable.appliedOf(sql, row.id()).forEach(each -> applied.put(each.node(), each));
        boolean active =
                rollout != null
                        && switch (rollout.state()) {
                            case CANARY, OBSERVING, PAUSED -> true;
                            case DONE, ABORTED, ROLLED_BACK, OVERTAKEN -> false;
                        };
        JsonArray nodes = new JsonArray();
        for (NodeRow node : NodeTable.all(sql)) {
            if (node.area().serves(row.spec().area())) {
                boolean canary = rollout != null && rollout.canaries().containsKey(node.name());
                boolean held = active && !canary;
                NodeTable.Applied runs = applied.get(node.name());
                nodes.add(
                        new JsonObject()
                                .put("node", node.name())
                                .put("state", node.shown().word())
                                .put("canary", canary)
                                .put(
                                        "target",
                                        held && rollout != null
                                                ? rollout.heldRevision()
                                                : row.revision())
                                .put("revision", runs == null ? null : runs.revision()));
            }
        }
        return nodes;
    }
}
