package io.skerry.rules.store;

import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.origin.OriginGroupJson;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Origin groups.
public final class GroupTable {
    private static final String SELECT =
            "SELECT g.*, (SELECT count(*) FROM rule r WHERE r.group_id = g.id)::int AS"
                    + " used_by FROM origin_group g";

    private GroupTable() {}

    public static Optional<GroupRow> find(Transaction sql, String id) {
        return sql.first(GroupTable::row, SELECT + " WHERE g.id = $1", id);
    }

    public static List<GroupRow> findAll(Transaction sql, Collection<String> ids) {
        return ids.isEmpty()
                ? List.of()
                : sql.list(
                        GroupTable::row,
                        SELECT + " WHERE g.id = ANY($1)",
                        (Object) ids.toArray(String[]::new));
    }

    /// Those of the groups that a rule of the instance uses.
    public static List<GroupRow> usedBy(Transaction sql, String instance, Collection<String> ids) {
        return ids.isEmpty()
                ? List.of()
                : sql.list(
                        GroupTable::row,
                        SELECT
                                + " WHERE g.id = ANY($1) AND EXISTS (SELECT 1 FROM rule u WHERE"
                                + " u.instance_id = $2 AND u.group_id = g.id)",
                        ids.toArray(String[]::new),
                        instance);
    }

    /// Groups whose name is one of `names`, without regard to case.
    public static List<GroupRow> named(Transaction sql, Collection<String> names) {
        return names.isEmpty()
                ? List.of()
                : sql.list(
                        GroupTable::row,
                        SELECT
                                + " WHERE lower(g.name) = ANY(SELECT lower(n) FROM"
                                + " unnest($1::text[]) n)",
                        (Object) names.toArray(String[]::new));
    }

    public static long count(Transaction sql) {
        return sql.number("SELECT count(*) FROM origin_group");
    }

    /// In order of creation.
    public static List<GroupRow> list(Transaction sql, int offset, int limit) {
        return sql.list(
                GroupTable::row,
                SELECT + " ORDER BY g.position OFFSET $1 LIMIT $2",
                (long) offset,
                (long) limit);
    }

    /// Whether another group has the name.
    public static boolean isNameTaken(Transaction sql, String name, String exceptId) {
        return sql.number(
                        "SELECT count(*) FROM origin_group WHERE name = $1 AND id <> $2",
                        name,
                        exceptId)
                > 0;
    }

    public static void insert(Transaction sql, OriginGroup group, long revision) {
        sql.update(
                "INSERT INTO origin_group (id, position, name, body, revision, created_at,"
                        + " updated_at) VALUES ($1, $2, $3, $4, $2, now(), now())",
                group.id(),
                revision,
                group.name(),
                OriginGroupJson.print(group));
    }

    /// Stores what a group says now, and keeps what it said before.
    public static void update(Transaction sql, OriginGroup group, long revision) {
        remember(sql, group.id(), revision);
        sql.update(
                "UPDATE origin_group SET name = $2, body = $3, revision = $4, updated_at = now()"
                        + " WHERE id = $1",
                group.id(),
                group.name(),
                OriginGroupJson.print(group),
                revision);
    }

    /// Deletes a group, and keeps what it said.
    public static void delete(Transaction sql, String id, long revision) {
        remember(sql, id, revision);
        sql.update("DELETE FROM origin_group WHERE id = $1", id);
    }

    private static void remember(Transaction sql, String id, long revision) {
        sql.update(
                "INSERT INTO group_change (group_id, revision, before) SELECT id, $2, body FROM"
                        + " origin_group WHERE id = $1",
                id,
                revision);
    }

    /// What groups said at a revision whose history is kept, by identity, printed; one that came
    /// later is not among them.
    public static Map<String, JsonObject> at(
            Transaction sql, Collection<String> ids, long revision) {
        String[] wanted = ids.toArray(String[]::new);
        Map<String, JsonObject> said = new TreeMap<>();
        for (Row row :
                sql.rows(
                        "SELECT id, body FROM origin_group WHERE id = ANY($1) AND position <= $2",
                        wanted,
                        revision)) {
            said.put(row.getString(0), row.getJsonObject(1));
        }
        for (Row row :
                sql.rows(
                        "SELECT DISTINCT ON (group_id) group_id, before FROM group_change WHERE"
                                + " group_id = ANY($1) AND revision > $2 AND NOT EXISTS (SELECT 1"
                                + " FROM origin_group g WHERE g.id = group_id AND g.position > $2)"
                                + " ORDER BY group_id, revision",
                        wanted,
                        revision)) {
            said.put(row.getString(0), row.getJsonObject(1));
        }
        return said;
    }

    private static GroupRow row(Row row) {
        JsonObject body = row.getJsonObject("body");
        return new GroupRow(
                row.getLong("position"),
                OriginGroupJson.read(row.getString("id"), body).orThrow(),
                row.getInteger("used_by"),
                row.getLong("revision"),
                row.getOffsetDateTime("created_at"),
                row.getOffsetDateTime("updated_at"));
    }
}
