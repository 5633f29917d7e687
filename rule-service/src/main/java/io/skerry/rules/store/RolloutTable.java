package io.skerry.rules.store;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.RuleCounts;
import io.skerry.shared.instance.RolloutStrategy;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Rollouts in waves, one for each instance that has had any, and what their canaries count.
public final class RolloutTable {
    /// The condition that a rollout is under way.
    public static final String ACTIVE = "state IN ('canary', 'observing', 'paused')";

    /// In place of the boot of a canary: whichever it comes back with.
    public static final String AWAITED = "";

    private static final String SELECT =
            "SELECT *, extract(epoch FROM now() - state_at)::float8 AS state_seconds FROM rollout"
                    + " WHERE instance_id = $1";

    /// What a canary counted, by rule.
    ///
    /// @param before since it first opened the rule until it had applied the change
    /// @param first when it had applied what it runs now
    /// @param latest in its last report
    public record Counted(
            Map<String, RuleCounts> before,
            Map<String, RuleCounts> first,
            Map<String, RuleCounts> latest) {
        public static final Counted NOTHING = new Counted(Map.of(), Map.of(), Map.of());
    }

    private RolloutTable() {}

    public static Optional<RolloutRow> find(Transaction sql, String instance) {
        return sql.first(RolloutTable::row, SELECT, instance);
    }

    /// The rollout that is under way, kept from others until the end of the transaction.
    public static Optional<RolloutRow> lockActive(Transaction sql, String instance) {
        return sql.first(RolloutTable::row, SELECT + " AND " + ACTIVE + " FOR UPDATE", instance);
    }

    /// Instances with a rollout that goes on by itself.
    public static List<String> moving(Transaction sql) {
        return sql.list(
                row -> row.getString(0),
                "SELECT instance_id FROM rollout WHERE state IN ('canary', 'observing')");
    }

    /// Begins a rollout; an earlier one is forgotten.
    public static void begin(
            Transaction sql,
            RolloutStrategy strategy,
            InstanceContent held,
            long revision,
            Map<String, String> canaries,
            Collection<String> touched) {
        sql.update("DELETE FROM rollout WHERE instance_id = $1", held.instance());
        JsonObject boots = new JsonObject();
        canaries.forEach(boots::put);
        sql.update(
                "INSERT INTO rollout (instance_id, state, from_revision, revision, held_revision,"
                        + " held_digest, held_content, strategy, canaries, touched,"
                        + " refused_before, started_at, state_at) VALUES ($1, 'canary', $2, $3,"
                        + " $2, $4, $5, $6, $7, $8, (SELECT coalesce(jsonb_agg(DISTINCT k), '[]')"
                        + " FROM node_instance n, jsonb_object_keys(n.refused) AS k WHERE"
                        + " n.instance_id = $1), now(), now())",
                held.instance(),
                held.revision(),
                revision,
                held.digest(),
                held.print(),
                strategy.print(),
                boots,
                new JsonArray(List.copyOf(touched)));
    }

    /// A further change takes part: the canaries begin anew.
    public static void join(
            Transaction sql, RolloutRow active, long revision, Collection<String> touched) {
        sql.update(
                "UPDATE rollout SET revision = $2, touched = $3, reason = NULL, lost = '[]', state = CASE"
                        + " state WHEN 'paused' THEN state ELSE 'canary' END, state_at = now()"
                        + " WHERE instance_id = $1",
                active.instance(),
                revision,
                new JsonArray(List.copyOf(touched)));
        sql.update(
                "UPDATE rollout_count SET first = latest WHERE instance_id = $1",
                active.instance());
    }

    /// The held content is another one, although its rules are the same.
    public static void rebase(
            Transaction sql, RolloutRow active, InstanceContent held, long revision) {
        sql.update(
                "UPDATE rollout SET revision = $2, held_revision = $3, held_digest = $4,"
                        + " held_content = $5, state = CASE state WHEN 'paused' THEN state ELSE"
                        + " 'canary' END, state_at = now() WHERE instance_id = $1",
                active.instance(),
                revision,
                held.revision(),
                held.digest(),
                held.print());
    }

    /// Notes canaries that went without a word; all are watched anew.
    public static void lose(
            Transaction sql, RolloutRow active, Collection<String> nodes, String reason) {
        List<String> lost = new ArrayList<>(active.lost());
        lost.addAll(nodes);
        step(sql, active.instance(), RolloutRow.State.CANARY, reason);
        sql.update(
                "UPDATE rollout SET lost = $2 WHERE instance_id = $1",
                active.instance(),
                new JsonArray(lost));
    }

    /// Begins anew with the canaries as they are, whatever became of them meanwhile.
    public static void resume(Transaction sql, RolloutRow active) {
        Map<String, String> boots = new TreeMap<>(active.canaries());
        boots.replaceAll((node, boot) -> AWAITED);
        setCanaries(sql, active.instance(), boots);
        step(sql, active.instance(), RolloutRow.State.CANARY, null);
        sql.update("UPDATE rollout SET lost = '[]' WHERE instance_id = $1", active.instance());
    }

    /// Goes on to a state that is not the last.
    public static void step(
            Transaction sql, String instance, RolloutRow.State state, @Nullable String reason) {
        sql.update(
                "UPDATE rollout SET state = $2, reason = $3, state_at = now() WHERE instance_id ="
                        + " $1",
                instance,
                state.word(),
                reason);
    }

    /// Ends it: every node gets the newest content.
    public static void end(
            Transaction sql, String instance, RolloutRow.State state, @Nullable String reason) {
        step(sql, instance, state, reason);
        sql.update("UPDATE rollout SET held_content = NULL WHERE instance_id = $1", instance);
        sql.update("DELETE FROM rollout_count WHERE instance_id = $1", instance);
    }

    /// Watches other nodes, since the first ones have gone.
    public static void setCanaries(Transaction sql, String instance, Map<String, String> canaries) {
        JsonObject boots = new JsonObject();
        canaries.forEach(boots::put);
        sql.update("UPDATE rollout SET canaries = $2 WHERE instance_id = $1", instance, boots);
    }

    /// A node is forgotten: where it is a canary, whichever life it comes back with is its next.
    public static void forgetNode(Transaction sql, String node) {
        sql.update(
                "UPDATE rollout SET canaries = canaries || jsonb_build_object($1::text, $2::text)"
                        + " WHERE jsonb_exists(canaries, $1) AND "
                        + ACTIVE,
                node,
                AWAITED);
    }

    /// The content that nodes are held back to while a rollout is under way.
    public static Optional<InstanceContent> heldContent(Transaction sql, String instance) {
        return sql.first(
                row -> InstanceContent.read(row.getJsonObject(0)).orThrow(),
                "SELECT held_content FROM rollout WHERE instance_id = $1 AND " + ACTIVE,
                instance);
    }

    /// The same as it is printed, where it has the digest.
    public static Optional<JsonObject> heldContent(
            Transaction sql, String instance, String digest) {
        return sql.first(
                row -> row.getJsonObject(0),
                "SELECT held_content FROM rollout WHERE instance_id = $1 AND held_digest = $2 AND "
                        + ACTIVE,
                instance,
                digest);
    }

    /// Instances with a rollout under way that goes back to rules with this origin group.
    public static List<String> backTo(Transaction sql, String group) {
        return sql.list(
                row -> row.getString(0),
                "SELECT instance_id FROM rollout WHERE held_content->'groups' @>"
                        + " jsonb_build_array(jsonb_build_object('id', $1::text)) AND "
                        + ACTIVE
                        + " ORDER BY instance_id",
                group);
    }

    /// Notes what a canary counted; what is said of a revision that is not the newest counts as
    /// before.
    public static void count(
            Transaction sql,
            String instance,
            String node,
            long revision,
            Map<String, RuleCounts> counts) {
        JsonObject printed = new JsonObject();
        new TreeMap<>(counts).forEach((rule, each) -> printed.put(rule, each.print()));
        sql.update(
                "INSERT INTO rollout_count (instance_id, node, before, first, latest) SELECT"
                        + " r.instance_id, $2, $4, $4, $4 FROM rollout r WHERE r.instance_id = $1"
                        + " AND r.revision <= $3 AND jsonb_exists(r.canaries, $2) AND r."
                        + ACTIVE
                        + " ON CONFLICT (instance_id, node) DO UPDATE SET latest ="
                        + " EXCLUDED.latest",
                instance,
                node,
                revision,
                printed);
    }

    /// What the canaries counted, by node.
    public static Map<String, Counted> counts(Transaction sql, String instance) {
        Map<String, Counted> counts = new HashMap<>();
        for (Row row : sql.rows("SELECT * FROM rollout_count WHERE instance_id = $1", instance)) {
            counts.put(
                    row.getString("node"),
                    new Counted(
                            counts(row.getJsonObject("before")),
                            counts(row.getJsonObject("first")),
                            counts(row.getJsonObject("latest"))));
        }
        return counts;
    }

    private static Map<String, RuleCounts> counts(JsonObject json) {
        Map<String, RuleCounts> counts = new TreeMap<>();
        json.forEach(
                each -> counts.put(each.getKey(), RuleCounts.read((JsonArray) each.getValue())));
        return counts;
    }

    private static RolloutRow row(Row row) {
        Map<String, String> canaries = new TreeMap<>();
        row.getJsonObject("canaries")
                .forEach(each -> canaries.put(each.getKey(), (String) each.getValue()));
        return new RolloutRow(
                row.getString("instance_id"),
                RolloutRow.State.of(row.getString("state")),
                row.getLong("from_revision"),
                row.getLong("revision"),
                row.getLong("held_revision"),
                row.getString("held_digest"),
                RolloutStrategy.DEFAULT.patch(row.getJsonObject("strategy")).orThrow(),
                canaries,
                texts(row.getJsonArray("touched")),
                texts(row.getJsonArray("refused_before")),
                row.getJsonArray("lost").stream().map(String::valueOf).toList(),
                row.getString("reason"),
                row.getOffsetDateTime("started_at"),
                row.getOffsetDateTime("state_at"),
                row.getDouble("state_seconds"));
    }

    private static Set<String> texts(JsonArray array) {
        Set<String> texts = new TreeSet<>();
        array.forEach(each -> texts.add((String) each));
        return texts;
    }
}
