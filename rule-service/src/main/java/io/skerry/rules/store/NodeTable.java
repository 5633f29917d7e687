package io.skerry.rules.store;

import io.skerry.shared.content.NodeReport;
import io.skerry.shared.instance.NodeArea;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Edge nodes and what each runs.
public final class NodeTable {
    /// What a node made of an instance.
    ///
    /// @param node name of the node
    /// @param instance identity of the instance
    /// @param revision the revision it applied last
    /// @param digest of that content
    /// @param refused rules it cannot serve, with the reason
    /// @param draining rules without a listener whose sessions still drain
    public record Applied(
            String node,
            String instance,
            long revision,
            String digest,
            Map<String, String> refused,
            List<String> draining) {}

    /// What a stored node says about a newcomer of the same name.
    ///
    /// @param boot its boot id
    /// @param live whether it was heard of lately and has not left
    public record Holder(String boot, boolean live) {}

    private NodeTable() {}

    /// Keeps the row of a name, if there is one, from others until the end of the transaction.
    public static Optional<Holder> lock(Transaction sql, String name, double liveSeconds) {
        return sql.first(
                row -> new Holder(row.getString(0), row.getBoolean(1)),
                "SELECT boot, state <> 'down' AND seen_at > now() - make_interval(secs => $2)"
                        + " FROM node WHERE name = $1 FOR UPDATE",
                name,
                liveSeconds);
    }

    /// Stores who a node is.
    public static void put(Transaction sql, NodeReport report, NodeRow.State state, String hash) {
        JsonArray slots = new JsonArray();
        report.slots().forEach(slot -> slots.add(new JsonArray(slot)));
        JsonObject missing = new JsonObject();
        report.missing().forEach(missing::put);
        sql.update(
                "INSERT INTO node (name, boot, area, state, slots, capabilities, missing,"
                        + " listeners, sessions, report_hash, labels, left_boot, created_at, seen_at)"
                        + " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now(),"
                        + " now()) ON CONFLICT (name) DO"
                        + " UPDATE SET boot = EXCLUDED.boot, area = EXCLUDED.area, state ="
                        + " EXCLUDED.state, slots = EXCLUDED.slots, capabilities ="
                        + " EXCLUDED.capabilities, missing = EXCLUDED.missing, listeners ="
                        + " EXCLUDED.listeners, sessions = EXCLUDED.sessions, report_hash ="
                        + " EXCLUDED.report_hash, labels = EXCLUDED.labels, left_boot ="
                        + " coalesce(EXCLUDED.left_boot, node.left_boot), seen_at = now()",
                report.node(),
                report.boot(),
                report.area().word(),
                state.word(),
                slots,
                new JsonArray(report.capabilities()),
                missing,
                report.listeners(),
                report.sessions(),
                hash,
                new JsonArray(report.labels()),
                report.state() == NodeReport.State.LEAVING ? report.boot() : null);
    }

    /// What a node runs, by instance, as a mark that changes with it.
    public static Map<String, String> marks(Transaction sql, String node) {
        Map<String, String> marks = new TreeMap<>();
        for (Row row :
                sql.rows("SELECT instance_id, mark FROM node_instance WHERE node = $1", node)) {
            marks.put(row.getString(0), row.getString(1));
        }
        return marks;
    }

    public static void putApplied(
            Transaction sql,
            String node,
            String instance,
            NodeReport.Applied applied,
            String mark) {
        JsonObject refused = new JsonObject();
        applied.refused().forEach(refused::put);
        sql.update(
                "INSERT INTO node_instance (node, instance_id, revision, digest, refused,"
                        + " draining, mark) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (node,"
                        + " instance_id) DO UPDATE SET revision = EXCLUDED.revision, digest ="
                        + " EXCLUDED.digest, refused = EXCLUDED.refused, draining ="
                        + " EXCLUDED.draining, mark = EXCLUDED.mark",
                node,
                instance,
                applied.revision(),
                applied.digest(),
                refused,
                new JsonArray(applied.draining()),
                mark);
    }

    public static void deleteApplied(Transaction sql, String node, Collection<String> instances) {
        sql.update(
                "DELETE FROM node_instance WHERE node = $1 AND instance_id = ANY($2)",
                node,
                instances.toArray(String[]::new));
    }

    /// The clock by which nodes are silent, in seconds.
    public static double clock(Transaction sql) {
        return sql.first(row -> row.getDouble(0), "SELECT extract(epoch FROM now())::float8")
                .orElseThrow();
    }

    /// Nodes heard of in the future, before the clock was set back, were heard of now: otherwise
    /// one that has died since would live until the clock is where it was. A report that is stored
    /// meanwhile is ahead by the age of this transaction.
    public static void hearNoneInTheFuture(Transaction sql) {
        sql.update("UPDATE node SET seen_at = now() WHERE seen_at > now() + interval '2 seconds'");
    }

    /// Marks nodes that have not been heard of as down; answers their names.
    public static List<String> sweep(Transaction sql, double liveSeconds) {
        return sql.list(
                row -> row.getString(0),
                "UPDATE node SET state = 'down' WHERE state <> 'down' AND seen_at <= now() -"
                        + " make_interval(secs => $1) RETURNING name",
                liveSeconds);
    }

    public static Optional<NodeRow> find(Transaction sql, String name) {
        return sql.first(NodeTable::row, "SELECT * FROM node WHERE name = $1", name);
    }

    public static Optional<NodeRow> lock(Transaction sql, String name) {
        return sql.first(NodeTable::row, "SELECT * FROM node WHERE name = $1 FOR UPDATE", name);
    }

    /// Notes whether people want a node to serve nobody.
    public static void setDrain(Transaction sql, String name, boolean drain) {
        sql.update("UPDATE node SET drain = $2 WHERE name = $1", name, drain);
    }

    public static long count(Transaction sql) {
        return sql.number("SELECT count(*) FROM node");
    }

    /// All nodes, oldest first.
    public static List<NodeRow> all(Transaction sql) {
        return list(sql, 0, Integer.MAX_VALUE);
    }

    public static List<NodeRow> list(Transaction sql, int offset, int limit) {
        return sql.list(
                NodeTable::row,
                "SELECT * FROM node ORDER BY created_at, name OFFSET $1 LIMIT $2",
                (long) offset,
                (long) limit);
    }

    public static void delete(Transaction sql, String name) {
        sql.update("DELETE FROM node WHERE name = $1", name);
    }

    /// What the nodes made of one instance.
    public static List<Applied> appliedOf(Transaction sql, String instance) {
        return sql.list(
                NodeTable::applied, "SELECT * FROM node_instance WHERE instance_id = $1", instance);
    }

    /// What nodes run: revisions by instance, by node.
    public static Map<String, Map<String, Long>> revisions(
            Transaction sql, Collection<String> nodes) {
        Map<String, Map<String, Long>> all = new TreeMap<>();
        for (Row row :
                sql.rows(
                        "SELECT node, instance_id, revision FROM node_instance"
                                + " WHERE node = ANY($1)",
                        (Object) nodes.toArray(String[]::new))) {
            all.computeIfAbsent(row.getString(0), name -> new TreeMap<>())
                    .put(row.getString(1), row.getLong(2));
        }
        return all;
    }

    private static Applied applied(Row row) {
        return new Applied(
                row.getString("node"),
                row.getString("instance_id"),
                row.getLong("revision"),
                row.getString("digest"),
                texts(row.getJsonObject("refused")),
                texts(row.getJsonArray("draining")));
    }

    private static NodeRow row(Row row) {
        return new NodeRow(
                row.getString("name"),
                row.getString("boot"),
                NodeArea.of(row.getString("area")),
                NodeRow.State.of(row.getString("state")),
                row.getString("left_boot"),
                row.getBoolean("drain"),
                row.getJsonArray("slots").stream().map(slot -> texts((JsonArray) slot)).toList(),
                texts(row.getJsonArray("labels")),
                texts(row.getJsonArray("capabilities")),
                texts(row.getJsonObject("missing")),
                row.getLong("listeners"),
                row.getLong("sessions"),
                row.getOffsetDateTime("seen_at"));
    }

    private static List<String> texts(JsonArray array) {
        return array.stream().map(String::valueOf).toList();
    }

    private static Map<String, String> texts(JsonObject object) {
        Map<String, String> map = new TreeMap<>();
        object.forEach(each -> map.put(each.getKey(), String.valueOf(each.getValue())));
        return map;
    }
}
