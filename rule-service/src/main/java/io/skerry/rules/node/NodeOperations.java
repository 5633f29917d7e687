package io.skerry.rules.node;

import io.skerry.rules.page.Body;
import io.skerry.rules.page.Page;
import io.skerry.rules.revision.IfMatch;
import io.skerry.rules.revision.Writes;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.InstanceTable;
import io.skerry.rules.store.NodeRow;
import io.skerry.rules.store.NodeTable;
import io.skerry.rules.store.RolloutTable;
import io.skerry.rules.store.RuleRow;
import io.skerry.rules.store.RuleTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Shows nodes and what each made of a rule; forgets those that are gone.
public final class NodeOperations {
    private final Database database;
    private final Writes writes;

    public NodeOperations(Database database, Writes writes) {
        this.database = database;
        this.writes = writes;
    }

    public RuleReply list(RuleRequest request) {
        Mistakes mistakes = new Mistakes();
        Page page = Page.read(request, mistakes);
        mistakes.throwIfAny();
        return database.read(sql -> {
            List<NodeRow> nodes = NodeTable.list(sql, page.offset(), page.limit());
            Map<String, Map<String, Long>> runs =
                    NodeTable.revisions(sql, nodes.stream().map(NodeRow::name).toList());
            return RuleReply.ok(
                    Page.print(
                            NodeTable.count(sql),
                            nodes,
                            node -> print(node, runs.getOrDefault(node.name(), Map.of()))));
        });
    }

    private static JsonObject print(NodeRow node, Map<String, Long> runs) {
        JsonObject missing = new JsonObject();
        node.missing().forEach(missing::put);
        JsonObject instances = new JsonObject();
        runs.forEach(instances::put);
        return new JsonObject()
                .put("node", node.name())
                .put("area", node.area().word())
                .put("state", node.shown().word())
                .put("drain", node.drain())
                .put("labels", new JsonArray(node.labels()))
                .put("capabilities", new JsonArray(node.capabilities()))
                .put("missing", missing)
                .put("listeners", node.listeners())
                .put("sessions", node.sessions())
                .put("instances", instances)
                .put("seenAt", Body.time(node.seenAt()));
    }

    /// Forgets a node that is down.
    public RuleReply delete(RuleRequest request) {
        String name = Body.id(request, "node");
        return writes.run(
                request,
                change -> {
                    NodeRow node =
                            NodeTable.lock(change.sql(), name)
                                    .orElseThrow(() -> missing("node", name));
                    IfMatch.checkNone(request);
                    if (node.state() != NodeRow.State.DOWN) {
                        throw Problem.of(
                                        Code.WRONG_STATE,
                                        "a node that is "
                                                + node.state().word()
                                                + " cannot be forgotten; stop it first")
                                .toException();
                    }
                    NodeTable.delete(change.sql(), name);
                    RolloutTable.forgetNode(change.sql(), name);
                    change.note(name, "forgot node " + name);
                    return RuleReply.noContent();
                });
    }

    /// The node is to serve nobody, now and after every restart, until it is told otherwise.
    public RuleReply drain(RuleRequest request) {
        return setDrain(request, true);
    }

    /// The node may serve again.
    public RuleReply undrain(RuleRequest request) {
        return setDrain(request, false);
    }

    private RuleReply setDrain(RuleRequest request, boolean drain) {
        String name = Body.id(request, "node");
        return writes.run(
                request,
                change -> {
                    Transaction sql = change.sql();
                    NodeRow node =
                            NodeTable.lock(sql, name).orElseThrow(() -> missing("node", name));
                    IfMatch.checkNone(request);
                    if (node.drain() != drain) {
                        NodeTable.setDrain(sql, name, drain);
                        change.nodesTouched();
                        change.note(
                                name,
                                (drain ? "drained node " : "ended the drain of node ") + name);
                    }
                    NodeRow now = NodeTable.find(sql, name).orElseThrow();
                    Map<String, Map<String, Long>> runs = NodeTable.revisions(sql, List.of(name));
                    return new RuleReply.Done(
                            202, print(now, runs.getOrDefault(name, Map.of())), null, null);
                });
    }

    private static ProblemException missing(String kind, String id) {
        return Problem.of(Code.NOT_FOUND, "there is no " + kind + " " + id).toException();
    }

    /// What each node of the instance's area made of a rule.
    public RuleReply rollout(RuleRequest request) {
        String instance = Body.id(request, "instance");
        String rule = Body.id(request, "rule");
        return database.read(sql -> RuleReply.ok(rollout(sql, instance, rule)));
    }

    private static JsonObject rollout(Transaction sql, String instanceId, String ruleId) {
        InstanceRow instance =
                InstanceTable.find(sql, instanceId)
                        .orElseThrow(() -> missing("instance", instanceId));
        RuleRow rule =
                RuleTable.find(sql, instanceId, ruleId).orElseThrow(() -> missing("rule", ruleId));
        Map<String, NodeTable.Applied> applied = new HashMap<>();
        NodeTable.appliedOf(sql, instanceId).forEach(each -> applied.put(each.node(), each));
        long since = Math.max(rule.revision(), instance.switched());
        JsonArray nodes = new JsonArray();
        for (NodeRow node : NodeTable.all(sql)) {
            if (node.area().serves(instance.spec().area())) {
                nodes.add(print(node, applied.get(node.name()), instance, rule, since));
            }
        }
        return new JsonObject().put("revision", since).put("nodes", nodes);
    }

    private static JsonObject print(
            NodeRow node,
            NodeTable.@Nullable Applied applied,
            InstanceRow instance,
            RuleRow rule,
            long since) {
        StatusRule.NodeAnswer answer =
                StatusRule.ofRule(
                        node.name(),
                        applied,
                        instance.id(),
                        rule.id(),
                        instance.wanted() && rule.wanted(),
                        since,
                        new StatusRule.Content(instance.revision(), instance.digest()));
        String state =
                switch (node.shown()) {
                    case DOWN -> "down";
                    case DRAINING -> "draining";
                    case UP ->
                            switch (answer.answer()) {
                                case PENDING -> "pending";
                                case DONE -> "ack";
                                case REFUSED -> "nack";
                            };
                };
        return new JsonObject()
                .put("node", node.name())
                .put("state", state)
                .put("revision", applied == null ? null : applied.revision())
                .put("reason", answer.reason().isEmpty() ? null : answer.reason());
    }
}
