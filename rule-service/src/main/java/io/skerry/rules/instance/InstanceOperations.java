package io.skerry.rules.instance;

import io.skerry.rules.page.Body;
import io.skerry.rules.page.Page;
import io.skerry.rules.revision.Change;
import io.skerry.rules.revision.IfMatch;
import io.skerry.rules.revision.InstanceEdit;
import io.skerry.rules.revision.Writes;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.InstanceTable;
import io.skerry.rules.store.NodeTable;
import io.skerry.rules.store.RuleTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.id.Ids;
import io.skerry.shared.instance.InstanceReader;
import io.skerry.shared.instance.InstanceSpec;
import io.skerry.shared.instance.RolloutStrategy;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.rule.Status;
import io.vertx.core.json.JsonObject;
import java.security.SecureRandom;
import java.time.OffsetDateTime;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Create, show, change, switch and delete instances.
public final class InstanceOperations {
    private static final SecureRandom random = new SecureRandom();
    private static final int LABEL_BYTES = 8;
    private static final String ROLLOUT = "rollout";

    private final Database database;
    private final Writes writes;
    private final InstanceLimits limits;

    public InstanceOperations(Database database, Writes writes, InstanceLimits limits) {
        this.database = database;
        this.writes = writes;
        this.limits = limits;
    }

    public RuleReply create(RuleRequest request) {
        JsonObject body = Body.object(request);
        Checked<InstanceSpec> read = InstanceReader.read(body, limits.conflicts());
        return writes.run(
                request,
                change -> {
                    IfMatch.checkNone(request);
                    Mistakes mistakes = new Mistakes();
                    mistakes.addAll("", read.mistakes());
                    int slot = checkRoom(change.sql(), body, mistakes);
                    mistakes.throwIfAny();
                    InstanceSpec spec = read.orThrow();
                    InstanceEdit edit = change.begin(fresh(spec, slot, change.revision()));
                    change.note(edit.instance().id(), "created instance " + spec.name());
                    change.finish();
                    String id = edit.instance().id();
                    return new RuleReply.Done(
                            201, show(change.sql(), id), change.revision(), "/instances/" + id);
                });
    }

    /// Checks what only the other instances can tell; answers the slot.
    private int checkRoom(Transaction sql, JsonObject body, Mistakes mistakes) {
        if (InstanceTable.count(sql) >= limits.quota()) {
            mistakes.add(
                    "",
                    Code.QUOTA,
                    "the deployment may hold "
                            + limits.quota()
                            + " instances; delete one, or raise instance-quota");
        }
        if (body.getValue("name") instanceof String name
                && name.indexOf('\0') < 0
                && InstanceTable.isNameTaken(sql, name)) {
            mistakes.add("name", Code.NAME_TAKEN, "another instance has this name");
        }
        if (!Boolean.TRUE.equals(body.getValue("fixedIp"))) {
            return 0;
        }
        List<Integer> taken = InstanceTable.ownSlots(sql);
        for (int slot = 1; slot < limits.slots(); slot++) {
            if (!taken.contains(slot)) {
                return slot;
            }
        }
        mistakes.add(
                "fixedIp",
                Code.NO_SLOT,
                "no slot is free: the deployment has "
                        + (limits.slots() - 1)
                        + " for instances with a fixed IP");
        return 0;
    }

    private static InstanceRow fresh(InstanceSpec spec, int slot, long revision) {
        byte[] label = new byte[LABEL_BYTES];
        random.nextBytes(label);
        return new InstanceRow(
                Ids.next(Ids.INSTANCE, random),
                revision,
                spec,
                slot,
                HexFormat.of().formatHex(label),
                true,
                Status.PROGRESS,
                null,
                revision,
                revision,
                revision,
                "",
                0,
                0,
                RolloutStrategy.DEFAULT,
                OffsetDateTime.MIN,
                OffsetDateTime.MIN);
    }

    private JsonObject show(Transaction sql, String id) {
        InstanceRow row = InstanceTable.find(sql, id).orElseThrow();
        return new InstanceView(limits.accessDomain(), NodeTable.all(sql)).print(row);
    }

    public RuleReply list(RuleRequest request) {
        Mistakes mistakes = new Mistakes();
        Page page = Page.read(request, mistakes);
        mistakes.throwIfAny();
        return database.read(sql -> {
            InstanceView view = new InstanceView(limits.accessDomain(), NodeTable.all(sql));
            return RuleReply.ok(
                    Page.print(
                            InstanceTable.count(sql),
                            InstanceTable.list(sql, page.offset(), page.limit()),
                            view::print));
        });
    }

    public RuleReply get(RuleRequest request) {
        String id = Body.id(request, "instance");
        return database.read(sql -> {
            InstanceRow row = InstanceTable.find(sql, id).orElseThrow(() -> missing(id));
            return RuleReply.ok(
                    new InstanceView(limits.accessDomain(), NodeTable.all(sql)).print(row),
                    row.revision());
        });
    }

    private static io.skerry.shared.problem.ProblemException missing(String id) {
        return Problem.of(Code.NOT_FOUND, "there is no instance " + id).toException();
    }

    public RuleReply patch(RuleRequest request) {
        String id = Body.id(request, "instance");
        JsonObject body = Body.object(request).copy();
        Object rollout = body.remove(ROLLOUT);
        return writes.run(
                request,
                change -> {
                    InstanceRow row = change.lockInstance(id);
                    IfMatch.check(request, row.revision());
                    Mistakes mistakes = new Mistakes();
                    Checked<InstanceSpec> read =
                            InstanceReader.patch(row.spec(), body, limits.conflicts());
                    mistakes.addAll("", read.mistakes());
                    RolloutStrategy strategy = strategy(row.strategy(), rollout, mistakes);
                    if (!row.status().takesChanges()) {
                        mistakes.add("", Code.WRONG_STATE, state(row, "changed"));
                    }
                    mistakes.throwIfAny();
                    InstanceSpec spec = read.orThrow();
                    boolean sameSpec = spec.equals(row.spec());
                    if (!sameSpec || !strategy.equals(row.strategy())) {
                        Status next = row.wanted() ? Status.PROGRESS : row.status();
                        InstanceEdit edit = change.edit(row);
                        edit.instance(
                                (sameSpec ? row : row.with(spec, next, change.revision()))
                                        .with(strategy));
                        change.note(id, "changed instance " + spec.name());
                    }
                    return done(change, id, 200);
                });
    }

    /// @param given what the patch says; `null` where it says nothing
    private static RolloutStrategy strategy(
            RolloutStrategy now, @Nullable Object given, Mistakes mistakes) {
        return switch (given) {
            case null -> now;
            case JsonObject patch -> {
                Checked<RolloutStrategy> read = now.patch(patch);
                mistakes.addAll(ROLLOUT, read.mistakes());
                yield read instanceof Checked.Ok<RolloutStrategy>(RolloutStrategy next)
                        ? next
                        : now;
            }
            default -> {
                mistakes.add(ROLLOUT, Code.WRONG_TYPE, "must be an object");
                yield now;
            }
        };
    }

    /// The instance after a rollback.
    public RuleReply.Done shown(Change change, RuleRequest request) {
        return done(change, Body.id(request, "instance"), 200);
    }

    private RuleReply.Done done(Change change, String id, int status) {
        change.finish();
        JsonObject shown = show(change.sql(), id);
        return new RuleReply.Done(status, shown, shown.getLong("revision"), null);
    }

    public RuleReply enable(RuleRequest request) {
        return switchTo(request, true);
    }

    public RuleReply disable(RuleRequest request) {
        return switchTo(request, false);
    }

    private RuleReply switchTo(RuleRequest request, boolean on) {
        String id = Body.id(request, "instance");
        return writes.run(
                request,
                change -> {
                    InstanceRow row = change.lockInstance(id);
                    IfMatch.check(request, row.revision());
                    boolean allowed = on ? row.status().canEnable() : row.status().canDisable();
                    if (!allowed) {
                        throw Problem.of(Code.WRONG_STATE, state(row, on ? "enabled" : "disabled"))
                                .toException();
                    }
                    InstanceEdit edit = change.edit(row);
                    edit.instance(
                            row.switched(
                                    on, on ? Status.PROGRESS : Status.STOPPING, change.revision()));
                    if (on) {
                        RuleTable.startAll(change.sql(), id);
                    } else {
                        RuleTable.stopAll(change.sql(), id);
                    }
                    change.note(
                            id, (on ? "enabled" : "disabled") + " instance " + row.spec().name());
                    return done(change, id, 202);
                });
    }

    private static String state(InstanceRow row, String verb) {
        return "an instance that is " + row.status().word() + " cannot be " + verb;
    }

    /// Deletes an offline instance with its rules.
    public RuleReply delete(RuleRequest request) {
        String id = Body.id(request, "instance");
        return writes.run(
                request,
                change -> {
                    InstanceRow row = change.lockInstance(id);
                    IfMatch.check(request, row.revision());
                    if (!row.status().canDelete()) {
                        throw Problem.of(
                                        Code.WRONG_STATE,
                                        state(row, "deleted; disable it and wait for offline"))
                                .toException();
                    }
                    InstanceTable.delete(change.sql(), id);
                    change.deleted(id);
                    change.note(
                            id,
                            "deleted instance "
                                    + row.spec().name()
                                    + " with "
                                    + row.ruleCount()
                                    + " rules");
                    return RuleReply.noContent();
                });
    }
}
