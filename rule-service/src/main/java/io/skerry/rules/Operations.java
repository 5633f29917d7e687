package io.skerry.rules;

import io.skerry.rules.instance.InstanceOperations;
import io.skerry.rules.limit.Limit;
import io.skerry.rules.node.NodeOperations;
import io.skerry.rules.origingroup.GroupOperations;
import io.skerry.rules.revision.RevisionOperations;
import io.skerry.rules.rollout.RolloutOperations;
import io.skerry.rules.rule.Diff;
import io.skerry.rules.rule.Rollback;
import io.skerry.rules.rule.RuleListing;
import io.skerry.rules.rule.RuleOperations;
import io.skerry.rules.store.Database;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds who carries out a request, and turns whatever happens into a reply.
final class Operations {
    private static final Logger log = LoggerFactory.getLogger(Operations.class);
    static final int NAME_MAX = 200;

    private final Database database;
    private final InstanceOperations instances;
    private final RuleOperations rules;
    private final RuleListing listing;
    private final Rollback rollback;
    private final Diff diff;
    private final RolloutOperations rollouts;
    private final GroupOperations groups;
    private final NodeOperations nodes;
    private final RevisionOperations revisions;
    private final RuleMetrics metrics;

    Operations(
            Database database,
            InstanceOperations instances,
            RuleOperations rules,
            RuleListing listing,
            Rollback rollback,
            Diff diff,
            RolloutOperations rollouts,
            GroupOperations groups,
            NodeOperations nodes,
            RevisionOperations revisions,
            RuleMetrics metrics) {
        this.database = database;
        this.instances = instances;
        this.rules = rules;
        this.listing = listing;
        this.rollback = rollback;
        this.diff = diff;
        this.rollouts = rollouts;
        this.groups = groups;
        this.nodes = nodes;
        this.revisions = revisions;
        this.metrics = metrics;
    }

    /// Answers a request as it came over the bus. Waits; never throws.
    JsonObject answer(JsonObject message) {
        long start = System.nanoTime();
        String operation = "unknown";
        RuleReply reply;
        try {
            RuleRequest request = cleaned(read(message));
            operation = request.operation().name().toLowerCase(Locale.ROOT);
            reply = carryOut(request);
        } catch (ProblemException refused) {
            reply = new RuleReply.Refused(refused.problem());
        } catch (Throwable bug) {
            log.error("bug in operation {}", operation, bug);
            reply = new RuleReply.Refused(Problem.of(Code.INTERNAL, "an unexpected error"));
        }
        count(operation, reply, start);
        return reply.print();
    }

    private void count(String operation, RuleReply reply, long start) {
        String outcome =
                switch (reply) {
                    case RuleReply.Done done -> "done";
                    case RuleReply.Refused(Problem problem) -> {
                        problem.mistakes().forEach(each -> metrics.refused(operation, each));
                        yield problem.code().word();
                    }
                };
        metrics.answered(operation, outcome, (System.nanoTime() - start) / 1e9);
    }

    private static RuleRequest read(JsonObject message) {
        try {
            return RuleRequest.read(message);
        } catch (RuntimeException unreadable) {
            throw Problem.of(Code.UNREADABLE, "this rule service does not know the operation")
                    .toException();
        }
    }

    /// Actor and source go into the audit record as they can be stored and read.
    private RuleRequest cleaned(RuleRequest request) {
        return new RuleRequest(
                request.operation(),
                request.args(),
                request.body(),
                cleaned(request.actor()),
                cleaned(request.source()),
                request.idempotencyKey(),
                request.ifMatch());
    }

    private String cleaned(String name) {
        String printable = name.replaceAll("\\p{Cntrl}", "?");
        if (printable.length() <= NAME_MAX) {
            return printable;
        }
        metrics.hit(Limit.AUDIT_CHARACTERS);
        return printable.substring(0, NAME_MAX);
    }

    private RuleReply carryOut(RuleRequest request) {
        return switch (request.operation()) {
            case CREATE_INSTANCE -> instances.create(request);
            case LIST_INSTANCES -> instances.list(request);
            case GET_INSTANCE -> instances.get(request);
            case PATCH_INSTANCE -> instances.patch(request);
            case ENABLE_INSTANCE -> instances.enable(request);
            case DISABLE_INSTANCE -> instances.disable(request);
            case DELETE_INSTANCE -> instances.delete(request);
            case ROLLBACK_INSTANCE ->
                    rollback.run(request, change -> instances.shown(change, request));
            case GET_DIFF -> diff.run(request);
            case GET_INSTANCE_ROLLOUT -> rollouts.get(request);
            case PAUSE_ROLLOUT -> rollouts.pause(request);
            case RESUME_ROLLOUT -> rollouts.resume(request);
            case ABORT_ROLLOUT -> rollouts.abort(request);
            case CREATE_RULES -> rules.create(request);
            case LIST_RULES -> listing.list(request);
            case GET_RULE -> listing.get(request);
            case PATCH_RULE -> rules.patch(request);
            case ENABLE_RULE -> rules.enable(request);
            case DISABLE_RULE -> rules.disable(request);
            case DELETE_RULE -> rules.delete(request);
            case GET_ROLLOUT -> nodes.rollout(request);
            case IMPORT_RULES -> rules.importRules(request);
            case EXPORT_RULES -> listing.export(request);
            case CREATE_ORIGIN_GROUP -> groups.create(request);
            case LIST_ORIGIN_GROUPS -> groups.list(request);
            case GET_ORIGIN_GROUP -> groups.get(request);
            case PUT_ORIGIN_GROUP -> groups.put(request);
            case DELETE_ORIGIN_GROUP -> groups.delete(request);
            case LIST_NODES -> nodes.list(request);
            case DELETE_NODE -> nodes.delete(request);
            case DRAIN_NODE -> nodes.drain(request);
            case UNDRAIN_NODE -> nodes.undrain(request);
            case LIST_REVISIONS -> revisions.list(request);
            case GET_REVISION -> revisions.get(request);
            case PING -> ping();
        };
    }

    private RuleReply ping() {
        boolean readOnly =
                database.statement("SELECT pg_is_in_recovery()").iterator().next().getBoolean(0);
        if (readOnly) {
            throw Problem.of(Code.UNAVAILABLE, "the database takes no writes now").toException();
        }
        return RuleReply.ok(new JsonObject().put("status", "up"));
    }
}
