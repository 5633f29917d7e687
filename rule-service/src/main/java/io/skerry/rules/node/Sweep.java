package io.skerry.rules.node;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.revision.Publication;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.HeadTable;
import io.skerry.rules.store.KeyTable;
import io.skerry.rules.store.NodeTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.json.JsonObject;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Each second, on every replica: nodes that have fallen silent are down, and statuses follow
/// whatever has changed, whoever changed it.
///
/// After a start, and after a time without the database, nodes get as long as they may be silent to
/// report again before any of them is called down: they may have had nobody to report to. Likewise
/// after a step of the database's clock, which says how long they have been silent.
public final class Sweep {
    /// Time between sweeps, in milliseconds.
    public static final long PERIOD_MILLIS = 1_000;

    /// A node not heard of for so long is down, in seconds: three reports missed.
    public static final double SILENCE_SECONDS = 6;

    private static final Logger log = LoggerFactory.getLogger(Sweep.class);
    private static final int PRUNE_EVERY = 60;

    /// So much the database's clock and ours may move against each other between two sweeps, in
    /// seconds: half of the silence, since an answer may be late.
    private static final double CLOCK_SET_SECONDS = SILENCE_SECONDS / 2;

    private final Database database;
    private final Statuses statuses;
    private final Publication publication;
    private final int historyDays;
    private final LimitHits hits;
    private final Map<String, String> seen = new HashMap<>();
    private double clocksApart = Double.NaN;
    private int rounds;
    private boolean running;
    private boolean outage;
    private long graceUntilNanos = graceFromNow();
    private volatile boolean healthy;

    /// @param historyDays days that history is kept at most
    public Sweep(
            Database database,
            Statuses statuses,
            Publication publication,
            int historyDays,
            LimitHits hits) {
        this.hits = hits;
        this.database = database;
        this.statuses = statuses;
        this.publication = publication;
        this.historyDays = historyDays;
    }

    /// One sweep; does nothing while another one runs.
    public void run() {
        if (running) {
            return;
        }
        running = true;
        try {
            sweep();
            if (outage) {
                log.info("the database answers again");
            }
            outage = false;
            healthy = true;
        } catch (ProblemException later) {
            healthy = false;
            graceUntilNanos = graceFromNow();
            if (!outage) {
                log.warn("changes must wait: {}", later.getMessage());
            }
            outage = true;
        } finally {
            running = false;
        }
    }

    private static long graceFromNow() {
        return System.nanoTime() + (long) (SILENCE_SECONDS * 1e9);
    }

    /// Whether the last sweep could read and write.
    public boolean isHealthy() {
        return healthy;
    }

    private void sweep() {
        boolean prune = rounds++ % PRUNE_EVERY == 0;
        List<String> down =
                database.note(sql -> {
                    if (prune) {
                        // The revision lock first, as writes take it.
                        if (HeadTable.forgetOlder(sql, historyDays)) {
                            hits.hit(Limit.HISTORY_DAYS);
                        }
                        KeyTable.prune(sql);
                    }
                    NodeTable.hearNoneInTheFuture(sql);
                    if (isClockSet(NodeTable.clock(sql))) {
                        graceUntilNanos = graceFromNow();
                    }
                    boolean early = System.nanoTime() - graceUntilNanos < 0;
                    return early ? List.of() : NodeTable.sweep(sql, SILENCE_SECONDS);
                });
        for (String node : down) {
            hits.hit(Limit.NODE_SILENCE_SECONDS);
            log.info("node {} is down: not heard of for {} s", node, SILENCE_SECONDS);
            publication.event("node", new JsonObject().put("node", node).put("state", "down"));
        }
        Map<String, String> marks = database.read(Sweep::marks);
        seen.keySet().retainAll(marks.keySet());
        marks.forEach((instance, mark) -> {
            if (!mark.equals(seen.get(instance)) && statuses.refresh(instance)) {
                seen.put(instance, mark);
            }
        });
    }

    /// Whether somebody has set the database's clock since the last sweep: it moved by something
    /// else than ours, which nobody can set.
    private boolean isClockSet(double databaseSeconds) {
        double apart = databaseSeconds - System.nanoTime() / 1e9;
        double by = apart - clocksApart;
        clocksApart = apart;
        if (Math.abs(by) < CLOCK_SET_SECONDS || Double.isNaN(by)) {
            return false;
        }
        log.warn("the database's clock moved by {} s against this machine's", Math.round(by));
        return true;
    }

    /// For each instance a text that changes when its statuses may have to.
    private static Map<String, String> marks(Transaction sql) {
        String roster =
                sql.first(
                                row -> row.getString(0),
                                "SELECT coalesce(md5(string_agg(concat_ws(' ', name, boot, area,"
                                        + " state, drain), ',' ORDER BY name)), '') FROM node")
                        .orElse("");
        Map<String, String> marks = new TreeMap<>();
        sql.rows(
                        "SELECT i.id, concat_ws(' ', i.revision, i.status, a.sum) FROM instance i"
                                + " LEFT JOIN (SELECT instance_id, sum(hashtextextended(node ||"
                                + " mark, 0)) AS sum FROM node_instance GROUP BY instance_id) a ON"
                                + " a.instance_id = i.id")
                .forEach(row -> marks.put(row.getString(0), roster + " " + row.getString(1)));
        return marks;
    }
}
