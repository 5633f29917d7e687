package io.skerry.rules.store;

import io.skerry.shared.rule.RuleJson;
import io.skerry.shared.rule.RuleReader;
import io.skerry.shared.rule.Status;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Rules; their ports are in {@link PortTable}.
public final class RuleTable {
    /// Which rules of an instance a caller wants to see.
    ///
    /// @param protocol `TCP`, `UDP`, or `null` for both
    /// @param port a port the rule contains; `null` for any
    /// @param tag its tag; `null` for any
    /// @param status its status word; `null` for any
    public record Filter(
            @Nullable String protocol,
            @Nullable Integer port,
            @Nullable String tag,
            @Nullable String status) {}

    private static final String WHERE =
            " FROM rule r WHERE instance_id = $1 AND ($2::text IS NULL OR protocol = $2) AND"
                    + " ($3::int IS NULL OR EXISTS (SELECT FROM forwarding_port p JOIN instance i"
                    + " ON i.id = r.instance_id WHERE p.slot = i.slot AND p.port = $3 AND"
                    + " p.rule_id = r.id)) AND ($4::text IS NULL OR tag = $4) AND ($5::text IS"
                    + " NULL OR status = $5)";

    private RuleTable() {}

    public static Optional<RuleRow> find(Transaction sql, String instance, String id) {
        return sql.first(
                RuleTable::row,
                "SELECT * FROM rule WHERE instance_id = $1 AND id = $2",
                instance,
                id);
    }

    /// All rules of an instance in order of creation.
    public static List<RuleRow> all(Transaction sql, String instance) {
        return sql.list(
                RuleTable::row,
                "SELECT * FROM rule WHERE instance_id = $1 ORDER BY position",
                instance);
    }

    public static long count(Transaction sql, String instance, Filter filter) {
        return sql.number(
                "SELECT count(*)" + WHERE,
                instance,
                filter.protocol(),
                filter.port(),
                filter.tag(),
                filter.status());
    }

    /// In order of creation.
    public static List<RuleRow> list(
            Transaction sql, String instance, Filter filter, int offset, int limit) {
        return sql.list(
                RuleTable::row,
                "SELECT r.*" + WHERE + " ORDER BY position OFFSET $6 LIMIT $7",
                instance,
                filter.protocol(),
                filter.port(),
                filter.tag(),
                filter.status(),
                (long) offset,
                (long) limit);
    }

    /// Stores new rules, or new forms of stored ones, in one statement.
    public static void put(Transaction sql, Collection<RuleRow> rules) {
        JsonArray rows = new JsonArray();
        for (RuleRow rule : rules) {
            rows.add(
                    new JsonObject()
                            .put("id", rule.id())
                            .put("instance_id", rule.instance())
                            .put("position", rule.position())
                            .put("body", RuleJson.print(rule.spec()))
                            .put("protocol", rule.spec().protocol().name())
                            .put("tag", rule.spec().tag())
                            .put("group_id", rule.group())
                            .put("wanted", rule.wanted())
                            .put("status", rule.status().word())
                            .put("status_reason", rule.statusReason())
                            .put("revision", rule.revision()));
        }
        sql.update(
                "INSERT INTO rule SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(id text,"
                        + " instance_id text, position bigint, body jsonb, protocol text, tag"
                        + " text, group_id text, wanted boolean, status text, status_reason text,"
                        + " revision bigint) ON CONFLICT (id) DO UPDATE SET body = EXCLUDED.body,"
                        + " protocol = EXCLUDED.protocol, tag = EXCLUDED.tag, group_id ="
                        + " EXCLUDED.group_id, wanted = EXCLUDED.wanted, status ="
                        + " EXCLUDED.status, status_reason = EXCLUDED.status_reason, revision ="
                        + " EXCLUDED.revision",
                rows);
    }

    public static void delete(Transaction sql, Collection<String> ids) {
        sql.update("DELETE FROM rule WHERE id = ANY($1)", (Object) ids.toArray(String[]::new));
    }

    /// Moves all running rules of an instance that is switched off on their way to offline.
    public static void stopAll(Transaction sql, String instance) {
        sql.update(
                "UPDATE rule SET status = 'stopping', status_reason = NULL WHERE instance_id = $1"
                        + " AND status IN ('progress', 'online', 'fail')",
                instance);
    }

    /// Moves all wanted rules of an instance that is switched on on their way to online.
    public static void startAll(Transaction sql, String instance) {
        sql.update(
                "UPDATE rule SET status = 'progress', status_reason = NULL WHERE instance_id = $1"
                        + " AND wanted AND status <> 'banned'",
                instance);
    }

    /// A rule's new status.
    public record StatusChange(String rule, Status status, @Nullable String reason) {}

    public static void setStatuses(Transaction sql, List<StatusChange> changes) {
        sql.update(
                "UPDATE rule SET status = c.status, status_reason = c.reason FROM"
                        + " unnest($1::text[], $2::text[], $3::text[]) AS c(id, status, reason)"
                        + " WHERE rule.id = c.id",
                changes.stream().map(StatusChange::rule).toArray(String[]::new),
                changes.stream().map(each -> each.status().word()).toArray(String[]::new),
                changes.stream().map(StatusChange::reason).toArray(String[]::new));
    }

    /// What the statuses of an instance's rules are made from, without their bodies.
    ///
    /// @param id identity of the rule
    /// @param wanted whether it is to serve while its instance does
    /// @param status its status
    /// @param reason the status reason
    /// @param revision the revision that changed it last
    public record Standing(
            String id, boolean wanted, Status status, @Nullable String reason, long revision) {}

    public static List<Standing> standings(Transaction sql, String instance) {
        return sql.list(
                row ->
                        new Standing(
                                row.getString(0),
                                row.getBoolean(1),
                                Status.of(row.getString(2)),
                                row.getString(3),
                                row.getLong(4)),
                "SELECT id, wanted, status, status_reason, revision FROM rule"
                        + " WHERE instance_id = $1",
                instance);
    }

    private static RuleRow row(Row row) {
        return new RuleRow(
                row.getString("id"),
                row.getString("instance_id"),
                row.getLong("position"),
                RuleReader.read(row.getJsonObject("body")).orThrow(),
                row.getBoolean("wanted"),
                Status.of(row.getString("status")),
                row.getString("status_reason"),
                row.getLong("revision"));
    }
}
