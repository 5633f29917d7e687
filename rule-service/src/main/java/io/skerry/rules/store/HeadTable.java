package io.skerry.rules.store;

import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The newest revision, the history behind it, and the audit record.
public final class HeadTable {
    /// Where the deployment stands.
    ///
    /// @param revision newest revision
    /// @param pruned newest revision whose history is no longer kept; 0 for none
    public record Head(long revision, long pruned) {}

    /// One audit record.
    ///
    /// @param number the revision
    /// @param at when, by the database's clock
    /// @param actor who
    /// @param source from where
    /// @param operation what was asked
    /// @param object identity of what was changed
    /// @param summary a sentence
    public record Audit(
            long number,
            OffsetDateTime at,
            String actor,
            String source,
            String operation,
            String object,
            String summary) {}

    /// What one revision did to one instance.
    ///
    /// @param revision the revision
    /// @param previous the instance's revision before
    /// @param step what nodes apply; `null` where they pull
    /// @param before images that undo it
    public record Step(
            long revision, long previous, @Nullable JsonObject step, JsonObject before) {}

    private HeadTable() {}

    /// Takes the revision lock: from here to the end of the transaction no one else writes.
    public static Head lock(Transaction sql) {
        return read(sql, "SELECT revision, pruned FROM head FOR UPDATE");
    }

    public static Head read(Transaction sql) {
        return read(sql, "SELECT revision, pruned FROM head");
    }

    private static Head read(Transaction sql, String query) {
        return sql.first(row -> new Head(row.getLong(0), row.getLong(1)), query).orElseThrow();
    }

    /// Moves the head, writes the audit record, and drops history that is over the number to keep;
    /// answers whether it did.
    public static boolean advance(Transaction sql, Head head, Audit audit, int keep) {
        long pruned = Math.max(head.pruned(), audit.number() - keep);
        sql.update("UPDATE head SET revision = $1, pruned = $2", audit.number(), pruned);
        sql.update(
                "INSERT INTO revision (number, at, actor, source, operation, object, summary)"
                        + " VALUES ($1, now(), $2, $3, $4, $5, $6)",
                audit.number(),
                audit.actor(),
                audit.source(),
                audit.operation(),
                audit.object(),
                audit.summary());
        if (pruned > head.pruned()) {
            forget(sql, pruned);
        }
        return pruned > head.pruned();
    }

    /// Drops history that is older than so many days; the newest revision always stays. Answers
    /// whether there was any.
    public static boolean forgetOlder(Transaction sql, int days) {
        String old =
                "SELECT coalesce(max(r.number), 0) FROM revision r, head h WHERE r.number <"
                        + " h.revision AND r.at < now() - make_interval(days => $1)";
        if (sql.number(old, days) == 0) {
            return false;
        }
        Head head = lock(sql);
        long pruned = sql.number(old, days);
        if (pruned > head.pruned()) {
            sql.update("UPDATE head SET pruned = $1", pruned);
            forget(sql, pruned);
        }
        return pruned > head.pruned();
    }

    private static void forget(Transaction sql, long pruned) {
        sql.update("DELETE FROM change WHERE revision <= $1", pruned);
        sql.update("DELETE FROM group_change WHERE revision <= $1", pruned);
        sql.update("DELETE FROM revision WHERE number <= $1", pruned);
    }

    public static void addStep(Transaction sql, String instance, Step step) {
        sql.update(
                "INSERT INTO change (instance_id, revision, previous, step, before)"
                        + " VALUES ($1, $2, $3, $4, $5)",
                instance,
                step.revision(),
                step.previous(),
                step.step(),
                step.before());
    }

    /// Steps of an instance after a revision, oldest first, at most `max`.
    public static List<Step> stepsAfter(Transaction sql, String instance, long after, int max) {
        return sql.list(
                HeadTable::step,
                "SELECT revision, previous, step, before FROM change"
                        + " WHERE instance_id = $1 AND revision > $2 ORDER BY revision LIMIT $3",
                instance,
                after,
                max);
    }

    private static Step step(Row row) {
        return new Step(
                row.getLong("revision"),
                row.getLong("previous"),
                row.getJsonObject("step"),
                row.getJsonObject("before"));
    }

    public static long countAudits(Transaction sql) {
        return sql.number("SELECT count(*) FROM revision");
    }

    /// Audit records, newest first.
    public static List<Audit> audits(Transaction sql, int offset, int limit) {
        return sql.list(
                HeadTable::audit,
                "SELECT * FROM revision ORDER BY number DESC OFFSET $1 LIMIT $2",
                (long) offset,
                (long) limit);
    }

    public static Optional<Audit> audit(Transaction sql, long number) {
        return sql.first(HeadTable::audit, "SELECT * FROM revision WHERE number = $1", number);
    }

    /// Instances that a kept revision touched, each with its revision before.
    public static List<String> touched(Transaction sql, long number) {
        return sql.list(
                row -> row.getString(0),
                "SELECT instance_id FROM change WHERE revision = $1 ORDER BY instance_id",
                number);
    }

    private static Audit audit(Row row) {
        return new Audit(
                row.getLong("number"),
                row.getOffsetDateTime("at"),
                row.getString("actor"),
                row.getString("source"),
                row.getString("operation"),
                row.getString("object"),
                row.getString("summary"));
    }
}
