package io.skerry.rules.rollout;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.revision.Publication;
import io.skerry.rules.revision.Waves;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.InstanceTable;
import io.skerry.rules.store.NodeRow;
import io.skerry.rules.store.NodeTable;
import io.skerry.rules.store.RolloutRow;
import io.skerry.rules.store.RolloutTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Moves rollouts on, each second, on every replica: all they need is in the database, each step is
/// taken with the rows locked, and taking it again changes nothing.
public final class RolloutDriver {
    private static final Logger log = LoggerFactory.getLogger(RolloutDriver.class);

    private static final Set<Code.Kind> PASSING =
            Set.of(Code.Kind.UNAVAILABLE, Code.Kind.OUTCOME_UNKNOWN, Code.Kind.INTERNAL);

    private final Database database;
    private final Publication publication;
    private final RolloutOperations operations;
    private final Consumer<String> changed;
    private final LimitHits hits;
    private boolean running;

    /// @param changed hears of instances whose nodes get something else
    public RolloutDriver(
            Database database,
            Publication publication,
            RolloutOperations operations,
            Consumer<String> changed,
            LimitHits hits) {
        this.hits = hits;
        this.database = database;
        this.publication = publication;
        this.operations = operations;
        this.changed = changed;
    }

    private record Judged(RolloutRow rollout, Gate.Verdict verdict) {}

    /// One round; does nothing while another one runs.
    public void run() {
        if (running) {
            return;
        }
        running = true;
        try {
            database.read(RolloutTable::moving).forEach(this::advance);
        } catch (ProblemException later) {
            log.debug("rollouts must wait: {}", later.getMessage());
        } finally {
            running = false;
        }
    }

    /// One that cannot be moved on stops no other.
    private void advance(String instance) {
        try {
            database.note(sql -> step(sql, instance)).ifPresent(this::tell);
        } catch (ProblemException later) {
            log.debug("the rollout of {} must wait: {}", instance, later.getMessage());
        }
    }

    private static Optional<Judged> step(Transaction sql, String id) {
        InstanceRow instance = InstanceTable.lock(sql, id).orElse(null);
        RolloutRow rollout = RolloutTable.lockActive(sql, id).orElse(null);
        if (instance == null || rollout == null || rollout.state() == RolloutRow.State.PAUSED) {
            return Optional.empty();
        }
        List<NodeRow> nodes = NodeTable.all(sql);
        List<Canary> canaries = canaries(sql, instance, rollout, nodes);
        Map<String, String> boots = keepBoots(sql, rollout, canaries, nodes);
        if (rollout.state() == RolloutRow.State.CANARY && isBack(canaries, rollout)) {
            // However long it was away: its time to apply the change begins now.
            RolloutTable.step(sql, id, RolloutRow.State.CANARY, rollout.reason());
            return Optional.empty();
        }
        Gate.Verdict verdict = Gate.judge(rollout, canaries);
        switch (verdict) {
            case Gate.Verdict.Wait wait -> {
                return Optional.empty();
            }
            case Gate.Verdict.Observe observe ->
                    RolloutTable.step(sql, id, RolloutRow.State.OBSERVING, null);
            case Gate.Verdict.Promote promote ->
                    RolloutTable.end(sql, id, RolloutRow.State.DONE, null);
            case Gate.Verdict.Await(List<String> lost) -> {
                lost.forEach(node -> boots.put(node, RolloutTable.AWAITED));
                RolloutTable.setCanaries(sql, id, boots);
                RolloutTable.lose(sql, rollout, lost, await(lost));
            }
            case Gate.Verdict.ChooseAnew anew -> {
                Map<String, String> others = Waves.canaries(nodes, instance, rollout.strategy());
                if (others.isEmpty()) {
                    return Optional.empty();
                }
                Optional<String> risk = risk(rollout, others, instance, nodes);
                if (risk.isPresent()) {
                    return Optional.of(
                            new Judged(
                                    rollout,
                                    new Gate.Verdict.TakeBack(
                                            risk.get(), Limit.CANARY_APPLY_SECONDS)));
                }
                // The first ones stay what they are: no node goes back to an older content.
                boots.putAll(others);
                RolloutTable.setCanaries(sql, id, boots);
                RolloutTable.step(sql, id, RolloutRow.State.CANARY, null);
            }
            case Gate.Verdict.TakeBack taken -> {}
        }
        return Optional.of(new Judged(rollout, verdict));
    }

    private static String await(List<String> lost) {
        return String.join(" and ", lost)
                + " went down or restarted; awaited for "
                + Math.round(Gate.APPLY_SECONDS)
                + " s";
    }

    /// Why others must not try a change under which a canary was lost for good: they are all that
    /// serve.
    private static Optional<String> risk(
            RolloutRow rollout,
            Map<String, String> others,
            InstanceRow instance,
            List<NodeRow> nodes) {
        boolean spares =
                nodes.stream()
                        .filter(NodeRow::isServing)
                        .filter(node -> node.area().serves(instance.spec().area()))
                        .anyMatch(node -> !others.containsKey(node.name()));
        return rollout.lost().isEmpty() || spares
                ? Optional.empty()
                : Optional.of(
                        String.join(" and ", rollout.lost())
                                + " went down and is not back, and only "
                                + String.join(" and ", others.keySet())
                                + " would be left to try it");
    }

    private static boolean isBack(List<Canary> canaries, RolloutRow rollout) {
        return canaries.stream()
                .filter(each -> each.standing() == Canary.Standing.PENDING)
                .anyMatch(each -> RolloutTable.AWAITED.equals(rollout.canaries().get(each.node())));
    }

    /// A canary that was taken out of service may restart meanwhile, and one that was lost may come
    /// back; answers the boots as they are then.
    private static Map<String, String> keepBoots(
            Transaction sql, RolloutRow rollout, List<Canary> canaries, List<NodeRow> nodes) {
        Map<String, String> boots = new TreeMap<>(rollout.canaries());
        for (Canary canary : canaries) {
            boolean back =
                    switch (canary.standing()) {
                        case AWAY -> true;
                        case PENDING, APPLIED ->
                                RolloutTable.AWAITED.equals(boots.get(canary.node()));
                        case LOST, MISSING -> false;
                    };
            if (back) {
                nodes.stream()
                        .filter(node -> node.name().equals(canary.node()))
                        .forEach(node -> boots.put(node.name(), node.boot()));
            }
        }
        if (!boots.equals(rollout.canaries())) {
            RolloutTable.setCanaries(sql, rollout.instance(), boots);
        }
        return boots;
    }

    private static List<Canary> canaries(
            Transaction sql, InstanceRow instance, RolloutRow rollout, List<NodeRow> nodes) {
        Map<String, NodeRow> known = new HashMap<>();
        nodes.forEach(node -> known.put(node.name(), node));
        Map<String, NodeTable.Applied> applied = new HashMap<>();
        NodeTable.appliedOf(sql, instance.id()).forEach(each -> applied.put(each.node(), each));
        Map<String, RolloutTable.Counted> counts = RolloutTable.counts(sql, instance.id());
        List<Canary> canaries = new ArrayList<>();
        rollout.canaries()
                .forEach((name, boot) ->
                        canaries.add(
                                Canary.of(
                                        name,
                                        rollout.stateAt(),
                                        boot,
                                        known.get(name),
                                        applied.get(name),
                                        instance,
                                        counts.getOrDefault(name, RolloutTable.Counted.NOTHING))));
        return canaries;
    }

    /// After the commit.
    private void tell(Judged judged) {
        RolloutRow rollout = judged.rollout();
        String instance = rollout.instance();
        switch (judged.verdict()) {
            case Gate.Verdict.Wait wait -> {}
            case Gate.Verdict.Observe observe ->
                    publication.wave(instance, RolloutRow.State.OBSERVING, rollout.revision());
            case Gate.Verdict.Promote promote -> {
                publication.wave(instance, RolloutRow.State.DONE, rollout.revision());
                publication.nodesTouched();
                changed.accept(instance);
            }
            case Gate.Verdict.Await await ->
                    publication.wave(instance, RolloutRow.State.CANARY, rollout.revision());
            case Gate.Verdict.ChooseAnew anew -> publication.nodesTouched();
            case Gate.Verdict.TakeBack taken -> takeBack(rollout, taken);
        }
    }

    /// A rollback that is refused, because ports have been taken since or the history is gone, is
    /// for people to solve: the rollout is held where it is.
    private void takeBack(RolloutRow rollout, Gate.Verdict.TakeBack taken) {
        String instance = rollout.instance();
        String reason = taken.reason();
        log.warn("rollout of {} to {} is taken back: {}", instance, rollout.revision(), reason);
        try {
            RuleReply reply =
                    operations.abort(
                            new RuleRequest(
                                    Operation.ABORT_ROLLOUT,
                                    Map.of("instance", instance),
                                    new JsonObject()
                                            .put("revision", rollout.revision())
                                            .put("reason", reason),
                                    "skerry",
                                    "rollout gate",
                                    null,
                                    null));
            if (isTakenBack(reply)) {
                taken.limit().ifPresent(hits::hit);
            }
        } catch (ProblemException refused) {
            if (PASSING.contains(refused.problem().code().kind())) {
                log.debug("tried again: {}", refused.getMessage());
            } else {
                hold(rollout, reason + "; not taken back: " + refused.getMessage());
            }
        }
    }

    /// Whether this rule service did it, and not another one or people meanwhile.
    private static boolean isTakenBack(RuleReply reply) {
        return reply instanceof RuleReply.Done done
                && RolloutRow.State.ROLLED_BACK.word().equals(done.body().getString("state"));
    }

    private void hold(RolloutRow rollout, String reason) {
        String instance = rollout.instance();
        boolean held =
                database.note(sql -> {
                    InstanceTable.lock(sql, instance);
                    RolloutRow now = RolloutTable.lockActive(sql, instance).orElse(null);
                    if (now == null || now.revision() != rollout.revision()) {
                        return false;
                    }
                    RolloutTable.step(sql, instance, RolloutRow.State.PAUSED, reason);
                    return true;
                });
        if (held) {
            log.error("rollout of {} is held: {}", instance, reason);
            publication.wave(instance, RolloutRow.State.PAUSED, rollout.revision());
        }
    }
}
