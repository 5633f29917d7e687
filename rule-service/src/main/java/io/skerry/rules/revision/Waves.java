package io.skerry.rules.revision;

import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.NodeRow;
import io.skerry.rules.store.NodeTable;
import io.skerry.rules.store.RolloutRow;
import io.skerry.rules.store.RolloutTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.GroupUse;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.instance.RolloutStrategy;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.rule.Rule;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Decides, in the transaction of a change, which nodes get it first.
///
/// | change | no rollout under way | one under way |
/// | --- | --- | --- |
/// | switching the instance, a rollback, an abort | to all at once | ends it: to all at once |
/// | a rollback that asks for `waves` | begins one | joins |
/// | the content stays the same (a setting) | to all at once | joins, held ones stay as they are |
/// | anything else, `all` | to all at once | refused |
/// | anything else, `waves` | begins one, where a node serves the instance | joins |
/// | a rollout of another instance is taken back, with a group | to all at once | see {@link #withAnother} |
///
/// A changed origin group is a change of every instance that uses it; each goes by its own row.
public final class Waves {
    private static final Set<Operation> TO_ALL =
            Set.of(Operation.ENABLE_INSTANCE, Operation.DISABLE_INSTANCE, Operation.ABORT_ROLLOUT);

    private Waves() {}

    /// The rollout that a request asks for; empty where it leaves that to the instance.
    static Optional<RolloutStrategy.Order> asked(RuleRequest request) {
        return request.arg("rollout")
                .map(word ->
                        switch (word) {
                            case "all" -> RolloutStrategy.Order.ALL;
                            case "waves" -> RolloutStrategy.Order.WAVES;
                            default ->
                                    throw Problem.of(
                                                    "rollout",
                                                    Code.NOT_ALLOWED,
                                                    "must be one of all, waves")
                                            .toException();
                        });
    }

    /// Decides and notes it; answers the state of the rollout that the change began, joined or
    /// ended, and `null` where there is none.
    ///
    /// @param row the instance after the change
    /// @param old its content before
    /// @param now its content after
    static RolloutRow.@Nullable State decide(
            Transaction sql,
            RuleRequest request,
            InstanceRow row,
            InstanceContent old,
            InstanceContent now) {
        Optional<RolloutStrategy.Order> asked = asked(request);
        RolloutRow active = RolloutTable.lockActive(sql, row.id()).orElse(null);
        if (isAnother(request, row)) {
            return active == null ? null : withAnother(sql, request, active, row, old, now);
        }
        if (goesToAll(request.operation(), asked) || !row.wanted()) {
            return active == null ? null : end(sql, request, active);
        }
        boolean same = isSame(old, now);
        if (active == null) {
            boolean waves = asked.orElse(row.strategy().order()) == RolloutStrategy.Order.WAVES;
            return waves && !same ? begin(sql, row, old, now) : null;
        }
        InstanceContent held = RolloutTable.heldContent(sql, row.id()).orElseThrow();
        if (same) {
            RolloutTable.rebase(sql, active, held, row.revision());
            return state(active);
        }
        if (asked.filter(order -> order == RolloutStrategy.Order.ALL).isPresent()) {
            throw Problem.of(
                            "rollout",
                            Code.WRONG_STATE,
                            "a rollout of "
                                    + row.id()
                                    + " is under way, which this change can join; to reach all nodes"
                                    + " at once wait for its end, or abort it first")
                    .toException();
        }
        RolloutTable.join(sql, active, row.revision(), touched(held, now));
        return state(active);
    }

    private static RolloutRow.State state(RolloutRow active) {
        return active.state() == RolloutRow.State.PAUSED ? active.state() : RolloutRow.State.CANARY;
    }

    private static boolean goesToAll(Operation operation, Optional<RolloutStrategy.Order> asked) {
        boolean waves = asked.filter(order -> order == RolloutStrategy.Order.WAVES).isPresent();
        return TO_ALL.contains(operation) || operation == Operation.ROLLBACK_INSTANCE && !waves;
    }

    private static RolloutRow.State end(Transaction sql, RuleRequest request, RolloutRow active) {
        String reason = abortReason(request).orElse(null);
        RolloutRow.State state =
                request.operation() != Operation.ABORT_ROLLOUT
                        ? RolloutRow.State.OVERTAKEN
                        : reason == null ? RolloutRow.State.ABORTED : RolloutRow.State.ROLLED_BACK;
        RolloutTable.end(sql, active.instance(), state, reason);
        return state;
    }

    /// Why the gate asks for an abort; empty where people do.
    public static Optional<String> abortReason(RuleRequest request) {
        return request.body() instanceof JsonObject body
                ? Optional.ofNullable(body.getString("reason"))
                : Optional.empty();
    }

    private static RolloutRow.@Nullable State begin(
            Transaction sql, InstanceRow row, InstanceContent old, InstanceContent now) {
        Map<String, String> canaries = canaries(NodeTable.all(sql), row, row.strategy());
        if (canaries.isEmpty()) {
            return null;
        }
        RolloutTable.begin(sql, row.strategy(), old, row.revision(), canaries, touched(old, now));
        return RolloutRow.State.CANARY;
    }

    /// The nodes that are first, with the boot of each: those with the label, or where none has it
    /// a share of all, at least one. Instances do not all have the same.
    public static Map<String, String> canaries(
            List<NodeRow> all, InstanceRow row, RolloutStrategy strategy) {
        List<NodeRow> serving = new ArrayList<>();
        for (NodeRow node : all) {
            if (node.isServing() && node.area().serves(row.spec().area())) {
                serving.add(node);
            }
        }
        List<NodeRow> chosen =
                serving.stream()
                        .filter(node -> node.labels().contains(strategy.canaryLabel()))
                        .toList();
        if (chosen.isEmpty()) {
            int share = Math.ceilDiv(serving.size() * strategy.canaryPercent(), 100);
            chosen =
                    serving.stream()
                            .sorted(Comparator.comparing(node -> draw(row.id(), node.name())))
                            .limit(share)
                            .toList();
        }
        Map<String, String> canaries = new TreeMap<>();
        chosen.forEach(node -> canaries.put(node.name(), node.boot()));
        return canaries;
    }

    private static UUID draw(String instance, String node) {
        return UUID.nameUUIDFromBytes((instance + ' ' + node).getBytes(StandardCharsets.UTF_8));
    }

    /// Rules that are not what they are in the held content, or whose group is not.
    private static List<String> touched(InstanceContent held, InstanceContent now) {
        if (held.ipv6() != now.ipv6()) {
            return List.copyOf(now.rules().keySet());
        }
        ContentChange step = ContentChange.between(Optional.of(held), now);
        Set<Rule> touched = new HashSet<>(step.rules());
        Set<String> groups = new HashSet<>();
        step.groups().forEach(group -> groups.add(group.id()));
        return now.rules().values().stream()
                .filter(rule ->
                        touched.contains(rule)
                                || !Collections.disjoint(GroupUse.of(List.of(rule)), groups))
                .map(Rule::id)
                .toList();
    }

    private static boolean isSame(InstanceContent a, InstanceContent b) {
        return a.ipv6() == b.ipv6() && a.rules().equals(b.rules()) && a.groups().equals(b.groups());
    }

    /// Whether it is another instance's rollout that is taken back.
    private static boolean isAnother(RuleRequest request, InstanceRow row) {
        return request.operation() == Operation.ABORT_ROLLOUT
                && !row.id().equals(request.arg("instance").orElse(""));
    }

    /// Another instance's rollout was taken back and with it a group that this one uses too. Where
    /// this rollout held the group back, its nodes stay with what they have; where it did not, they
    /// get what the group says again. A rollout that has nothing left to bring is over.
    private static RolloutRow.State withAnother(
            Transaction sql,
            RuleRequest request,
            RolloutRow active,
            InstanceRow row,
            InstanceContent old,
            InstanceContent now) {
        InstanceContent held = RolloutTable.heldContent(sql, row.id()).orElseThrow();
        TreeMap<String, OriginGroup> groups = new TreeMap<>(held.groups());
        groups.replaceAll((id, group) ->
                group.equals(old.groups().get(id)) ? now.groups().getOrDefault(id, group) : group);
        InstanceContent rebased = rebased(held, groups);
        if (isSame(rebased, now)) {
            String reason = "taken back with the rollout of " + request.arg("instance").orElse("");
            RolloutRow.State state = RolloutRow.State.ROLLED_BACK;
            RolloutTable.end(sql, row.id(), state, reason);
            return state;
        }
        if (!groups.equals(held.groups())) {
            RolloutTable.rebase(sql, active, rebased, row.revision());
        }
        RolloutTable.join(sql, active, row.revision(), touched(rebased, now));
        return state(active);
    }

    /// The held rules with these groups, still under their own number: a node that runs them has
    /// not reached what came after it.
    private static InstanceContent rebased(
            InstanceContent held, SortedMap<String, OriginGroup> groups) {
        return new InstanceContent(
                held.instance(), held.revision(), held.ipv6(), held.slot(), held.rules(), groups);
    }
}
