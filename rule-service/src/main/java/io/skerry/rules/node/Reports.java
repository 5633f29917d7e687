package io.skerry.rules.node;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.revision.Publication;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.NodeRow;
import io.skerry.rules.store.NodeTable;
import io.skerry.rules.store.RolloutTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.RuleCounts;
import io.skerry.shared.content.Targets;
import io.skerry.shared.instance.Area;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Takes the reports of nodes and answers what each must run.
///
/// Most reports say nothing new; those cost one statement, which notes the time and reads the
/// targets.
public final class Reports {
    /// Nodes of a deployment.
    public static final int NODES_MAX = 1_000;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._:-]{1,100}");

    private static final String BEAT =
            "WITH seen AS (UPDATE node SET seen_at = now(), listeners = $5, sessions = $6 WHERE"
                    + " name = $1 AND boot = $2 AND state = $3 AND report_hash = $4 RETURNING 1)"
                    + " SELECT (SELECT count(*) FROM seen), h.revision, i.id, i.area, i.revision,"
                    + " i.digest, coalesce((SELECT drain FROM node WHERE name = $1), false),"
                    + " r.held_revision, r.held_digest, jsonb_exists(r.canaries, $1) FROM head h"
                    + " LEFT JOIN instance i ON true LEFT JOIN rollout r ON r.instance_id = i.id"
                    + " AND r."
                    + RolloutTable.ACTIVE;

    private final Database database;
    private final Publication publication;
    private final Consumer<Set<String>> changed;
    private final LimitHits hits;

    /// @param changed hears which instances a report says something new about
    public Reports(
            Database database,
            Publication publication,
            Consumer<Set<String>> changed,
            LimitHits hits) {
        this.hits = hits;
        this.database = database;
        this.publication = publication;
        this.changed = changed;
    }

    /// What became of a report.
    public sealed interface Outcome {
        /// It was taken.
        record Taken(Targets targets) implements Outcome {}

        /// Another live node has the name.
        record NameTaken(String message) implements Outcome {}
    }

    /// Takes a report.
    public Outcome take(NodeReport report) {
        return take(report, false);
    }

    /// Takes a report.
    ///
    /// @param alone the node is of this process and holds the lock of its data folder, so that an
    ///   earlier life of its name cannot be alive
    public Outcome take(NodeReport report, boolean alone) {
        check(report);
        String hash = hash(report);
        NodeRow.State state = state(report);
        RowSet<Row> rows =
                database.statement(
                        BEAT,
                        report.node(),
                        report.boot(),
                        state.word(),
                        hash,
                        report.listeners(),
                        report.sessions());
        if (rows.iterator().next().getLong(0) == 0) {
            Taken taken = database.note(sql -> store(sql, report, state, hash, alone));
            if (taken.holder() != null) {
                return new Outcome.NameTaken(
                        "another live node is called "
                                + report.node()
                                + " (boot "
                                + taken.holder()
                                + "); give this one another name, or stop the other");
            }
            if (taken.stateChanged()) {
                publication.event(
                        "node",
                        new JsonObject().put("node", report.node()).put("state", state.word()));
            }
            changed.accept(taken.instances());
        }
        count(report);
        return new Outcome.Taken(targets(report, rows));
    }

    /// Only canaries are asked to count.
    private void count(NodeReport report) {
        report.instances()
                .forEach((instance, applied) -> {
                    Map<String, RuleCounts> counts = applied.counts();
                    if (counts != null) {
                        database.note(sql -> {
                            RolloutTable.count(
                                    sql, instance, report.node(), applied.revision(), counts);
                            return true;
                        });
                    }
                });
    }

    private static void check(NodeReport report) {
        if (!NAME.matcher(report.node()).matches() || !NAME.matcher(report.boot()).matches()) {
            throw Problem.of(
                            "node",
                            Code.UNREADABLE,
                            "node and boot must be 1 to 100 of A-Z a-z 0-9 . _ : -")
                    .toException();
        }
    }

    private static NodeRow.State state(NodeReport report) {
        return switch (report.state()) {
            case UP -> NodeRow.State.UP;
            case DRAINING -> NodeRow.State.DRAINING;
            case LEAVING -> NodeRow.State.DOWN;
        };
    }

    private record Taken(@Nullable String holder, Set<String> instances, boolean stateChanged) {}

    private Taken store(
            Transaction sql, NodeReport report, NodeRow.State state, String hash, boolean alone) {
        sql.rows("SELECT pg_advisory_xact_lock(7210, hashtext($1))", report.node());
        NodeTable.Holder holder =
                NodeTable.lock(sql, report.node(), Sweep.SILENCE_SECONDS).orElse(null);
        boolean another = holder != null && !holder.boot().equals(report.boot());
        if (holder != null && another && holder.live() && !alone) {
            return new Taken(holder.boot(), Set.of(), false);
        }
        if (holder == null && NodeTable.count(sql) >= NODES_MAX) {
            hits.hit(Limit.NODES);
            throw Problem.of(Code.TOO_MANY, "there may be " + NODES_MAX + " nodes").toException();
        }
        boolean sameBoot = holder != null && holder.boot().equals(report.boot());
        boolean stateChanged =
                !sameBoot
                        || NodeTable.find(sql, report.node())
                                .map(row -> row.state() != state || row.area() != report.area())
                                .orElse(true);
        NodeTable.put(sql, report, state, hash);
        Set<String> instances = storeApplied(sql, report);
        if (stateChanged) {
            instances.addAll(sql.list(row -> row.getString(0), "SELECT id FROM instance"));
        }
        return new Taken(null, instances, stateChanged);
    }

    private static Set<String> storeApplied(Transaction sql, NodeReport report) {
        Map<String, String> marks = NodeTable.marks(sql, report.node());
        Set<String> instances = new LinkedHashSet<>();
        report.instances()
                .forEach((instance, applied) -> {
                    String mark = sha256(print(applied));
                    if (!mark.equals(marks.remove(instance))) {
                        NodeTable.putApplied(sql, report.node(), instance, applied, mark);
                        instances.add(instance);
                    }
                });
        if (!marks.isEmpty()) {
            NodeTable.deleteApplied(sql, report.node(), marks.keySet());
            instances.addAll(marks.keySet());
        }
        return instances;
    }

    private static String print(NodeReport.Applied applied) {
        return applied.revision()
                + " "
                + applied.digest()
                + " "
                + new TreeMap<>(applied.refused())
                + " "
                + applied.draining();
    }

    private static Targets targets(NodeReport report, RowSet<Row> rows) {
        long head = 0;
        boolean drain = false;
        Map<String, Targets.Target> targets = new TreeMap<>();
        for (Row row : rows) {
            head = row.getLong(1);
            drain = row.getBoolean(6);
            String id = row.getString(2);
            if (id != null && report.area().serves(Area.of(row.getString(3)))) {
                targets.put(id, target(row));
            }
        }
        return new Targets(head, drain, targets);
    }

    /// A canary's target is the newest content, another node's the one it is held back to.
    private static Targets.Target target(Row row) {
        Boolean canary = row.getBoolean(9);
        return Boolean.FALSE.equals(canary)
                ? new Targets.Target(row.getLong(7), row.getString(8))
                : new Targets.Target(row.getLong(4), row.getString(5), canary != null);
    }

    /// Of everything but the counters.
    private static String hash(NodeReport report) {
        JsonObject json = report.print();
        List.of("listeners", "sessions").forEach(json::remove);
        json.getJsonObject("instances")
                .forEach(each -> ((JsonObject) each.getValue()).remove("counts"));
        return sha256(json.encode());
    }

    private static String sha256(String text) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(sha.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JDK has SHA-256", impossible);
        }
    }
}
