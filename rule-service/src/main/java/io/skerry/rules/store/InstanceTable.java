package io.skerry.rules.store;

import io.skerry.shared.instance.Area;
import io.skerry.shared.instance.InstanceSpec;
import io.skerry.shared.instance.Protection;
import io.skerry.shared.instance.RolloutStrategy;
import io.skerry.shared.rule.Status;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Instances.
public final class InstanceTable {
    private static final String SELECT =
            "SELECT i.*, (SELECT count(*) FROM rule r WHERE r.instance_id = i.id)::int AS"
                    + " rule_count FROM instance i";

    private InstanceTable() {}

    public static Optional<InstanceRow> find(Transaction sql, String id) {
        return sql.first(InstanceTable::row, SELECT + " WHERE i.id = $1", id);
    }

    /// Finds it and keeps others from changing it until the end of the transaction.
    public static Optional<InstanceRow> lock(Transaction sql, String id) {
        return sql.first(InstanceTable::row, SELECT + " WHERE i.id = $1 FOR UPDATE OF i", id);
    }

    public static long count(Transaction sql) {
        return sql.number("SELECT count(*) FROM instance");
    }

    /// In order of creation.
    public static List<InstanceRow> list(Transaction sql, int offset, int limit) {
        return sql.list(
                InstanceTable::row,
                SELECT + " ORDER BY i.position OFFSET $1 LIMIT $2",
                (long) offset,
                (long) limit);
    }

    public static boolean isNameTaken(Transaction sql, String name) {
        return sql.number("SELECT count(*) FROM instance WHERE name = $1", name) > 0;
    }

    /// Slots above 0 that instances have.
    public static List<Integer> ownSlots(Transaction sql) {
        return sql.list(row -> row.getInteger(0), "SELECT slot FROM instance WHERE slot > 0");
    }

    /// Instances with a rule that uses the group, in order of identity.
    public static List<String> usersOf(Transaction sql, String group) {
        return sql.list(
                row -> row.getString(0),
                "SELECT DISTINCT instance_id FROM rule WHERE group_id = $1 ORDER BY instance_id",
                group);
    }

    public static void insert(Transaction sql, InstanceRow row) {
        sql.update(
                "INSERT INTO instance (id, position, name, area, ipv6, fixed_ip, cross_border,"
                        + " protection, slot, access_label, wanted, status, status_reason,"
                        + " switched, own_revision, revision, digest, created_at, updated_at)"
                        + " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,"
                        + " $15, $16, $17, now(), now())",
                row.id(),
                row.position(),
                row.spec().name(),
                row.spec().area().word(),
                row.spec().ipv6(),
                row.spec().fixedIp(),
                row.spec().crossBorder(),
                row.spec().protection().word(),
                row.slot(),
                row.accessLabel(),
                row.wanted(),
                row.status().word(),
                row.statusReason(),
                row.switched(),
                row.ownRevision(),
                row.revision(),
                row.digest());
    }

    /// Stores everything that can change.
    public static void update(Transaction sql, InstanceRow row) {
        sql.update(
                "UPDATE instance SET ipv6 = $2, cross_border = $3, wanted = $4, status = $5,"
                        + " status_reason = $6, switched = $7, own_revision = $8, revision = $9,"
                        + " digest = $10, strategy = $11, updated_at = now() WHERE id = $1",
                row.id(),
                row.spec().ipv6(),
                row.spec().crossBorder(),
                row.wanted(),
                row.status().word(),
                row.statusReason(),
                row.switched(),
                row.ownRevision(),
                row.revision(),
                row.digest(),
                row.strategy().print());
    }

    public static void setStatus(
            Transaction sql, String id, Status status, @Nullable String reason) {
        sql.update(
                "UPDATE instance SET status = $2, status_reason = $3 WHERE id = $1",
                id,
                status.word(),
                reason);
    }

    /// Notes that every required node has a revision; answers the seconds since it was committed.
    public static double settle(Transaction sql, String id, long revision) {
        return sql.first(
                        row -> row.getDouble(0),
                        "UPDATE instance SET settled = $2 WHERE id = $1 RETURNING extract(epoch"
                                + " FROM clock_timestamp() - updated_at)::float8",
                        id,
                        revision)
                .orElse(0.0);
    }

    /// Deletes it with its rules and their ports.
    public static void delete(Transaction sql, String id) {
        sql.update(
                "DELETE FROM forwarding_port WHERE rule_id IN"
                        + " (SELECT id FROM rule WHERE instance_id = $1)",
                id);
        sql.update("DELETE FROM change WHERE instance_id = $1", id);
        sql.update("DELETE FROM node_instance WHERE instance_id = $1", id);
        sql.update("DELETE FROM instance WHERE id = $1", id);
    }

    private static RolloutStrategy strategy(@Nullable JsonObject stored) {
        return stored == null
                ? RolloutStrategy.DEFAULT
                : RolloutStrategy.DEFAULT.patch(stored).orThrow();
    }

    private static InstanceRow row(Row row) {
        return new InstanceRow(
                row.getString("id"),
                row.getLong("position"),
                new InstanceSpec(
                        row.getString("name"),
                        Area.of(row.getString("area")),
                        row.getBoolean("ipv6"),
                        row.getBoolean("fixed_ip"),
                        row.getBoolean("cross_border"),
                        Protection.of(row.getString("protection"))),
                row.getInteger("slot"),
                row.getString("access_label"),
                row.getBoolean("wanted"),
                Status.of(row.getString("status")),
                row.getString("status_reason"),
                row.getLong("switched"),
                row.getLong("own_revision"),
                row.getLong("revision"),
                row.getString("digest"),
                row.getLong("settled"),
                row.getInteger("rule_count"),
                strategy(row.getJsonObject("strategy")),
                row.getOffsetDateTime("created_at"),
                row.getOffsetDateTime("updated_at"));
    }
}
