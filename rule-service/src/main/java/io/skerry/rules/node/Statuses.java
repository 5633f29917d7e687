package io.skerry.rules.node;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.revision.Publication;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.InstanceTable;
import io.skerry.rules.store.NodeTable;
import io.skerry.rules.store.RuleTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.problem.ProblemException;
import io.skerry.shared.rule.Status;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the statuses in the database what {@link StatusRule} says they are.
///
/// Every replica does so, each with the instance's row locked and all it needs read after that, so
/// that it does not matter who is first, and doing it again changes nothing.
public final class Statuses {
    /// Rules whose new status is told one by one; beyond that their number is told.
    public static final int EVENTS_MAX = 100;

    private static final Logger log = LoggerFactory.getLogger(Statuses.class);

    private final Database database;
    private final Publication publication;
    private final DoubleConsumer rolloutSeconds;
    private final LimitHits hits;
    private final Set<String> dirty = new LinkedHashSet<>();
    private boolean running;

    /// @param rolloutSeconds hears how long each revision took to reach every required node
    public Statuses(
            Database database,
            Publication publication,
            DoubleConsumer rolloutSeconds,
            LimitHits hits) {
        this.hits = hits;
        this.database = database;
        this.publication = publication;
        this.rolloutSeconds = rolloutSeconds;
    }

    /// Brings the statuses of some instances up to date, unless that is under way: then after it.
    public void refresh(Set<String> instances) {
        dirty.addAll(instances);
        if (running) {
            return;
        }
        running = true;
        try {
            while (!dirty.isEmpty()) {
                String next = dirty.iterator().next();
                dirty.remove(next);
                refresh(next);
            }
        } finally {
            running = false;
        }
    }

    /// Brings one instance's statuses up to date; answers whether that succeeded.
    boolean refresh(String instance) {
        List<Told> told;
        try {
            told = database.note(sql -> apply(sql, instance));
        } catch (ProblemException later) {
            log.debug("statuses of {} must wait: {}", instance, later.getMessage());
            return false;
        }
        told.forEach(each -> publication.event(each.type(), each.data()));
        return true;
    }

    private record Told(String type, JsonObject data) {}

    private List<Told> apply(Transaction sql, String id) {
        List<Told> told = new ArrayList<>();
        InstanceRow row = InstanceTable.lock(sql, id).orElse(null);
        if (row == null) {
            return told;
        }
        Required required = new Required(row, NodeTable.all(sql), NodeTable.appliedOf(sql, id));
        applyRules(sql, row, required, told);
        StatusRule.Standing before = new StatusRule.Standing(row.status(), row.statusReason());
        StatusRule.Standing now = StatusRule.next(row.wanted(), before, required.ofInstance(row));
        if (!now.equals(before)) {
            InstanceTable.setStatus(sql, id, now.status(), now.reason());
            told.add(
                    new Told("instance-status", status(new JsonObject().put("instance", id), now)));
        }
        if (row.settled() < row.revision() && required.isSettled(row)) {
            double seconds = InstanceTable.settle(sql, id, row.revision());
            rolloutSeconds.accept(seconds);
            told.add(
                    new Told(
                            "rollout",
                            new JsonObject()
                                    .put("instance", id)
                                    .put("revision", row.revision())
                                    .put("seconds", seconds)));
        }
        return told;
    }

    private void applyRules(Transaction sql, InstanceRow row, Required required, List<Told> told) {
        List<RuleTable.StatusChange> changes = new ArrayList<>();
        for (RuleTable.Standing rule : RuleTable.standings(sql, row.id())) {
            boolean wanted = row.wanted() && rule.wanted();
            StatusRule.Standing before = new StatusRule.Standing(rule.status(), rule.reason());
            StatusRule.Standing now =
                    StatusRule.next(
                            wanted,
                            before,
                            required.ofRule(row, rule.id(), wanted, rule.revision()));
            boolean waits = now.status() == Status.OFFLINE && rule.wanted();
            if (waits) {
                now = new StatusRule.Standing(now.status(), "instance_offline");
            }
            if (!now.equals(before)) {
                changes.add(new RuleTable.StatusChange(rule.id(), now.status(), now.reason()));
            }
        }
        if (!changes.isEmpty()) {
            RuleTable.setStatuses(sql, changes);
            tellRules(row.id(), changes, told);
        }
    }

    private void tellRules(String instance, List<RuleTable.StatusChange> changes, List<Told> told) {
        if (changes.size() > EVENTS_MAX) {
            hits.hit(Limit.STATUS_EVENTS);
            told.add(
                    new Told(
                            "rule-status",
                            new JsonObject()
                                    .put("instance", instance)
                                    .put("rules", changes.size())));
            return;
        }
        for (RuleTable.StatusChange each : changes) {
            JsonObject data = new JsonObject().put("instance", instance).put("rule", each.rule());
            told.add(
                    new Told(
                            "rule-status",
                            status(data, new StatusRule.Standing(each.status(), each.reason()))));
        }
    }

    private static JsonObject status(JsonObject data, StatusRule.Standing standing) {
        data.put("status", standing.status().word());
        if (standing.reason() != null) {
            data.put("statusReason", standing.reason());
        }
        return data;
    }
}
