package io.skerry.rules.origingroup;

import io.skerry.rules.page.Body;
import io.skerry.rules.page.Page;
import io.skerry.rules.revision.IfMatch;
import io.skerry.rules.revision.Writes;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.GroupRow;
import io.skerry.rules.store.GroupTable;
import io.skerry.rules.store.RolloutTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.id.Ids;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.origin.OriginGroupJson;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.problem.Problem;
import io.vertx.core.json.JsonObject;
import java.security.SecureRandom;
import java.util.List;

/// Create, show, replace and delete origin groups. A replaced group is a change of every instance
/// that uses it.
public final class GroupOperations {
    /// Origin groups of a deployment.
    public static final int GROUPS_MAX = 10_000;

    private static final SecureRandom random = new SecureRandom();

    private final Database database;
    private final Writes writes;

    public GroupOperations(Database database, Writes writes) {
        this.database = database;
        this.writes = writes;
    }

    public RuleReply create(RuleRequest request) {
        String id = Ids.next(Ids.ORIGIN_GROUP, random);
        Checked<OriginGroup> read = OriginGroupJson.read(id, Body.object(request));
        return writes.run(
                request,
                change -> {
                    IfMatch.checkNone(request);
                    Mistakes mistakes = checked(change.sql(), read, request, id);
                    if (GroupTable.count(change.sql()) >= GROUPS_MAX) {
                        mistakes.add(
                                "", Code.TOO_MANY, "there may be " + GROUPS_MAX + " origin groups");
                    }
                    mistakes.throwIfAny();
                    OriginGroup group = read.orThrow();
                    GroupTable.insert(change.sql(), group, change.revision());
                    change.note(id, "created origin group " + group.name());
                    return new RuleReply.Done(
                            201,
                            print(find(change.sql(), id)),
                            change.revision(),
                            "/origin-groups/" + id);
                });
    }

    private static Mistakes checked(
            Transaction sql, Checked<OriginGroup> read, RuleRequest request, String id) {
        Mistakes mistakes = new Mistakes();
        mistakes.addAll("", read.mistakes());
        if (Body.object(request).getValue("name") instanceof String name
                && name.indexOf('\0') < 0
                && GroupTable.isNameTaken(sql, name, id)) {
            mistakes.add("name", Code.NAME_TAKEN, "another origin group has this name");
        }
        return mistakes;
    }

    public RuleReply list(RuleRequest request) {
        Mistakes mistakes = new Mistakes();
        Page page = Page.read(request, mistakes);
        mistakes.throwIfAny();
        return database.read(sql ->
                RuleReply.ok(
                        Page.print(
                                GroupTable.count(sql),
                                GroupTable.list(sql, page.offset(), page.limit()),
                                GroupOperations::print)));
    }

    public RuleReply get(RuleRequest request) {
        String id = Body.id(request, "group");
        return database.read(sql -> {
            GroupRow row = find(sql, id);
            return RuleReply.ok(print(row), row.revision());
        });
    }

    public RuleReply put(RuleRequest request) {
        String id = Body.id(request, "group");
        Checked<OriginGroup> read = OriginGroupJson.read(id, Body.object(request));
        return writes.run(
                request,
                change -> {
                    GroupRow row = find(change.sql(), id);
                    IfMatch.check(request, row.revision());
                    checked(change.sql(), read, request, id).throwIfAny();
                    OriginGroup group = read.orThrow();
                    if (!group.equals(row.group())) {
                        int users = GroupChange.replace(change, List.of(group));
                        change.note(
                                id,
                                "changed origin group "
                                        + group.name()
                                        + ", used by "
                                        + users
                                        + " instances");
                        change.finish();
                    }
                    GroupRow now = find(change.sql(), id);
                    return RuleReply.ok(print(now), now.revision());
                });
    }

    public RuleReply delete(RuleRequest request) {
        String id = Body.id(request, "group");
        return writes.run(
                request,
                change -> {
                    GroupRow row = find(change.sql(), id);
                    IfMatch.check(request, row.revision());
                    if (row.references() > 0) {
                        throw Problem.of(
                                        Code.IN_USE,
                                        row.references() + " rules use the origin group")
                                .toException();
                    }
                    List<String> rollouts = RolloutTable.backTo(change.sql(), id);
                    if (!rollouts.isEmpty()) {
                        throw Problem.of(
                                        Code.IN_USE,
                                        "the rollout of "
                                                + String.join(", ", rollouts)
                                                + " may go back to the origin group; wait for its"
                                                + " end")
                                .toException();
                    }
                    GroupTable.delete(change.sql(), id, change.revision());
                    change.note(id, "deleted origin group " + row.group().name());
                    return RuleReply.noContent();
                });
    }

    private static GroupRow find(Transaction sql, String id) {
        return GroupTable.find(sql, id)
                .orElseThrow(() ->
                        Problem.of(Code.NOT_FOUND, "there is no origin group " + id).toException());
    }

    private static JsonObject print(GroupRow row) {
        return OriginGroupJson.print(row.group())
                .put("references", row.references())
                .put("revision", row.revision())
                .put("createdAt", Body.time(row.createdAt()))
                .put("updatedAt", Body.time(row.updatedAt()));
    }
}
