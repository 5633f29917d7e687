package io.skerry.rules.rule;

import io.skerry.rules.page.Body;
import io.skerry.rules.revision.Change;
import io.skerry.rules.revision.IfMatch;
import io.skerry.rules.revision.InstanceEdit;
import io.skerry.rules.revision.Writes;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.PortTable;
import io.skerry.rules.store.RuleRow;
import io.skerry.rules.store.RuleTable;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.id.Ids;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.rule.RuleJson;
import io.skerry.shared.rule.RuleReader;
import io.skerry.shared.rule.RuleSpec;
import io.skerry.shared.rule.Status;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;

/// Create, change, switch and delete rules.
public final class RuleOperations {
    /// More rules than this in one revision are told apart in the order of creation by nothing.
    private static final long POSITIONS = 10_000;

    private static final SecureRandom random = new SecureRandom();

    private final Writes writes;

    public RuleOperations(Writes writes) {
        this.writes = writes;
    }

    /// One rule or an array, all or nothing.
    public RuleReply create(RuleRequest request) {
        String instance = Body.id(request, "instance");
        RulesBody body = RulesBody.ofRules(request);
        boolean single = request.body() instanceof JsonObject;
        return writes.run(
                request,
                change -> {
                    List<RuleRow> made = add(change, request, instance, body);
                    change.note(
                            single ? made.get(0).id() : instance,
                            "created " + made.size() + " rules");
                    change.finish();
                    RuleView view = RuleView.of(change.sql(), made);
                    if (single) {
                        RuleRow rule = made.get(0);
                        return new RuleReply.Done(
                                201,
                                view.print(rule),
                                rule.revision(),
                                "/instances/" + instance + "/rules/" + rule.id());
                    }
                    JsonArray items = new JsonArray();
                    made.forEach(rule -> items.add(view.print(rule)));
                    return new RuleReply.Done(
                            201,
                            new JsonObject().put("items", items).put("revision", change.revision()),
                            null,
                            "/instances/" + instance + "/rules");
                });
    }

    /// A text or an export, all or nothing.
    public RuleReply importRules(RuleRequest request) {
        String instance = Body.id(request, "instance");
        RulesBody body = RulesBody.ofImport(request);
        return writes.run(
                request,
                change -> {
                    List<RuleRow> made = add(change, request, instance, body);
                    change.note(instance, "imported " + made.size() + " rules");
                    change.finish();
                    return RuleReply.ok(
                            new JsonObject()
                                    .put("imported", made.size())
                                    .put("revision", change.revision()));
                });
    }

    private static List<RuleRow> add(
            Change change, RuleRequest request, String instance, RulesBody body) {
        InstanceRow row = change.lockInstance(instance);
        List<RuleProposal> good = check(change, request, row, body);
        InstanceEdit edit = change.edit(row);
        List<RuleRow> made = new ArrayList<>();
        for (RuleProposal proposal : good) {
            RuleRow rule =
                    new RuleRow(
                            Ids.next(Ids.RULE, random),
                            instance,
                            change.revision() * POSITIONS + made.size(),
                            proposal.spec(),
                            proposal.wanted(),
                            proposal.wanted() ? RuleSwitch.wantedStatus(row) : Status.OFFLINE,
                            proposal.wanted() ? RuleSwitch.wantedReason(row) : null,
                            change.revision());
            edit.create(rule);
            made.add(rule);
        }
        change.movePorts(row.slot(), List.of(), made);
        return made;
    }

    private static List<RuleProposal> check(
            Change change, RuleRequest request, InstanceRow row, RulesBody body) {
        IfMatch.check(request, row.revision());
        Mistakes mistakes = new Mistakes();
        mistakes.addAll("", body.mistakes());
        if (!row.status().takesChanges()) {
            mistakes.addAll("", List.of(RuleSwitch.closed(row)));
        }
        int after = row.ruleCount() + body.proposals().size();
        if (after > RulesBody.RULES_MAX) {
            mistakes.add(
                    "",
                    Code.TOO_MANY,
                    "an instance holds at most "
                            + RulesBody.RULES_MAX
                            + " rules; this one would have "
                            + after);
        }
        List<RuleProposal> resolved =
                RuleChecks.check(change.sql(), row.slot(), body.proposals(), List.of(), mistakes);
        mistakes.throwIfAny();
        return resolved;
    }

    public RuleReply patch(RuleRequest request) {
        JsonObject patch = Body.object(request);
        return one(
                request,
                200,
                "changed",
                (change, found) -> {
                    RuleSpec spec = patched(change, found, patch);
                    return spec.equals(found.rule().spec())
                            ? found.rule()
                            : RuleSwitch.changed(
                                    found.instance(), found.rule(), spec, change.revision());
                });
    }

    private static RuleSpec patched(Change change, Found found, JsonObject patch) {
        RuleRow rule = found.rule();
        Mistakes mistakes = new Mistakes();
        if (patch.containsKey("id") && !rule.id().equals(patch.getValue("id"))) {
            mistakes.add("id", Code.NOT_CHANGEABLE, "a rule keeps its identity");
        }
        if (!found.instance().status().takesChanges()) {
            mistakes.addAll("", List.of(RuleSwitch.closed(found.instance())));
        }
        JsonObject whole = MergePatch.applyToRule(RuleJson.print(rule.spec()), patch);
        Checked<RuleSpec> read = RuleReader.read(whole);
        mistakes.addAll("", read.mistakes());
        List<RuleProposal> good =
                read instanceof Checked.Ok<RuleSpec>(RuleSpec spec)
                        ? RuleChecks.check(
                                change.sql(),
                                found.instance().slot(),
                                List.of(new RuleProposal("", false, spec)),
                                List.of(rule.id()),
                                mistakes)
                        : List.of();
        mistakes.throwIfAny();
        return good.get(0).spec();
    }

    public RuleReply enable(RuleRequest request) {
        return one(
                request,
                202,
                "enabled",
                (change, found) -> {
                    checkOpen(found.instance());
                    return RuleSwitch.enabled(found.instance(), found.rule(), change.revision());
                });
    }

    public RuleReply disable(RuleRequest request) {
        return one(
                request,
                202,
                "disabled",
                (change, found) -> {
                    checkOpen(found.instance());
                    return RuleSwitch.disabled(found.instance(), found.rule(), change.revision());
                });
    }

    private static void checkOpen(InstanceRow instance) {
        if (!instance.status().takesChanges()) {
            throw new Problem(List.of(RuleSwitch.closed(instance))).toException();
        }
    }

    public RuleReply delete(RuleRequest request) {
        return writes.run(
                request,
                change -> {
                    Found found = find(change, request);
                    checkOpen(found.instance());
                    RuleSwitch.checkDeletable(found.instance(), found.rule());
                    change.edit(found.instance()).remove(found.rule());
                    change.movePorts(found.instance().slot(), List.of(found.rule()), List.of());
                    change.note(found.rule().id(), "deleted rule " + ports(found.rule()));
                    return RuleReply.noContent();
                });
    }

    private record Found(InstanceRow instance, RuleRow rule) {}

    private static Found find(Change change, RuleRequest request) {
        InstanceRow instance = change.lockInstance(Body.id(request, "instance"));
        String id = Body.id(request, "rule");
        RuleRow rule =
                RuleTable.find(change.sql(), instance.id(), id)
                        .orElseThrow(() ->
                                Problem.of(Code.NOT_FOUND, "there is no rule " + id).toException());
        IfMatch.check(request, rule.revision());
        return new Found(instance, rule);
    }

    /// Changes one rule; a rule that comes out the same is no change.
    private RuleReply one(
            RuleRequest request,
            int status,
            String verb,
            BiFunction<Change, Found, RuleRow> become) {
        return writes.run(
                request,
                change -> {
                    Found found = find(change, request);
                    RuleRow old = found.rule();
                    RuleRow now = become.apply(change, found);
                    if (!now.equals(old)) {
                        change.edit(found.instance()).change(old, now);
                        if (!Objects.equals(PortTable.entries(old), PortTable.entries(now))) {
                            change.movePorts(found.instance().slot(), List.of(old), List.of(now));
                        }
                        change.note(old.id(), verb + " rule " + ports(now));
                        change.finish();
                    }
                    return new RuleReply.Done(
                            status, RuleView.one(change.sql(), now), now.revision(), null);
                });
    }

    private static String ports(RuleRow rule) {
        return rule.spec().protocol() + " " + rule.spec().ports();
    }
}
