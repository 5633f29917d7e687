package io.skerry.rules.revision;

import io.skerry.rules.page.Body;
import io.skerry.rules.page.Page;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.HeadTable;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.problem.Problem;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/// Shows who changed what, when, from where.
public final class RevisionOperations {
    private final Database database;

    public RevisionOperations(Database database) {
        this.database = database;
    }

    /// Newest first.
    public RuleReply list(RuleRequest request) {
        Mistakes mistakes = new Mistakes();
        Page page = Page.read(request, mistakes);
        mistakes.throwIfAny();
        return database.read(sql ->
                RuleReply.ok(
                        Page.print(
                                HeadTable.countAudits(sql),
                                HeadTable.audits(sql, page.offset(), page.limit()),
                                RevisionOperations::print)));
    }

    public RuleReply get(RuleRequest request) {
        String text = Body.id(request, "revision");
        long number = text.matches("[0-9]{1,18}") ? Long.parseLong(text) : -1;
        return database.read(sql -> {
            HeadTable.Head head = HeadTable.read(sql);
            if (number >= 1 && number <= head.pruned()) {
                throw Problem.of(
                                Code.GONE,
                                "history is kept from revision " + (head.pruned() + 1) + " on")
                        .toException();
            }
            HeadTable.Audit audit =
                    HeadTable.audit(sql, number)
                            .orElseThrow(() ->
                                    Problem.of(Code.NOT_FOUND, "there is no revision " + text)
                                            .toException());
            return RuleReply.ok(
                    print(audit).put("instances", new JsonArray(HeadTable.touched(sql, number))));
        });
    }

    private static JsonObject print(HeadTable.Audit audit) {
        return new JsonObject()
                .put("revision", audit.number())
                .put("at", Body.time(audit.at()))
                .put("actor", audit.actor())
                .put("source", audit.source())
                .put("operation", audit.operation())
                .put("object", audit.object())
                .put("summary", audit.summary());
    }
}
