package io.skerry.rules.node;

import io.skerry.rules.store.NodeTable;
import io.skerry.shared.rule.Status;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How the status of an instance or a rule follows from what the required nodes say. Pure.
///
/// | wanted | required nodes | status becomes |
/// | --- | --- | --- |
/// | yes | none | `progress` (`online` stays), reason `no_node` |
/// | yes | one refuses | `fail`, reason: the node and what it said |
/// | yes | all acknowledged | `online` |
/// | yes | some have not answered | `online` stays; anything else is `progress` |
/// | no | all closed and drained, or none | `offline` |
/// | no | some still open | `stopping` (`offline` stays) |
///
/// `banned` stays whatever nodes say. That a change of the object itself begins a new `progress` or
/// `stopping` is done by the change.
final class StatusRule {
    /// Status reason while no node is required.
    static final String NO_NODE = "no_node";

    /// What one node says of one object.
    enum Answer {
        /// Nothing yet about this revision.
        PENDING,
        /// It serves it, or has closed and drained it.
        DONE,
        /// It cannot serve it.
        REFUSED
    }

    /// @param node name of the node
    /// @param answer what it says
    /// @param reason why it refuses; empty otherwise
    record NodeAnswer(String node, Answer answer, String reason) {}

    /// @param status how far the object is
    /// @param reason why, where there is more to say
    record Standing(Status status, @Nullable String reason) {}

    private StatusRule() {}

    /// The next status.
    ///
    /// @param wanted whether the object is to serve
    /// @param before its status now
    /// @param required what each required node says
    static Standing next(boolean wanted, Standing before, List<NodeAnswer> required) {
        if (before.status() == Status.BANNED) {
            return before;
        }
        return wanted ? running(before, required) : stopping(before, required);
    }

    private static Standing running(Standing before, List<NodeAnswer> required) {
        boolean wasOnline = before.status() == Status.ONLINE;
        if (required.isEmpty()) {
            return new Standing(wasOnline ? Status.ONLINE : Status.PROGRESS, NO_NODE);
        }
        for (NodeAnswer each : required) {
            if (each.answer() == Answer.REFUSED) {
                return new Standing(Status.FAIL, each.node() + ": " + each.reason());
            }
        }
        return wasOnline || allDone(required)
                ? new Standing(Status.ONLINE, null)
                : new Standing(Status.PROGRESS, null);
    }

    private static Standing stopping(Standing before, List<NodeAnswer> required) {
        if (before.status() == Status.OFFLINE) {
            return before;
        }
        return allDone(required)
                ? new Standing(Status.OFFLINE, null)
                : new Standing(Status.STOPPING, null);
    }

    private static boolean allDone(List<NodeAnswer> required) {
        return required.stream().allMatch(each -> each.answer() == Answer.DONE);
    }

    /// The revision and digest that a node must have to be up to date.
    ///
    /// @param revision of the instance's content
    /// @param digest of that content
    record Content(long revision, String digest) {}

    /// What a node says of a rule.
    ///
    /// @param applied what it made of the instance; `null` where it has not said
    /// @param instance whose rule it is: refused as a whole, so is each of its rules
    /// @param since the revision that made the rule what it is
    static NodeAnswer ofRule(
            String node,
            NodeTable.@Nullable Applied applied,
            String instance,
            String rule,
            boolean wanted,
            long since,
            Content content) {
        if (!hasReached(applied, since, content)) {
            return new NodeAnswer(node, Answer.PENDING, "");
        }
        if (!wanted) {
            return stopped(node, applied, instance, List.of(rule));
        }
        NodeAnswer answer = refusal(node, applied, rule);
        return answer.answer() == Answer.REFUSED ? answer : refusal(node, applied, instance);
    }

    /// What a node says of an instance as a whole; it refuses it under the instance's own identity.
    static NodeAnswer ofInstance(
            String node,
            NodeTable.@Nullable Applied applied,
            String instance,
            boolean wanted,
            long since,
            Content content) {
        if (!hasReached(applied, since, content)) {
            return new NodeAnswer(node, Answer.PENDING, "");
        }
        if (!wanted) {
            List<String> drains = applied == null ? List.of() : applied.draining();
            return stopped(node, applied, instance, drains);
        }
        return refusal(node, applied, instance);
    }

    /// A node that refuses an instance as a whole goes on with what it had, open ports included.
    private static NodeAnswer stopped(
            String node, NodeTable.@Nullable Applied applied, String instance, List<String> rules) {
        boolean open =
                applied != null
                        && (applied.refused().containsKey(instance)
                                || rules.stream().anyMatch(applied.draining()::contains));
        return new NodeAnswer(node, open ? Answer.PENDING : Answer.DONE, "");
    }

    private static NodeAnswer refusal(
            String node, NodeTable.@Nullable Applied applied, String object) {
        String reason = applied == null ? null : applied.refused().get(object);
        return reason == null
                ? new NodeAnswer(node, Answer.DONE, "")
                : new NodeAnswer(node, Answer.REFUSED, reason);
    }

    /// Whether a node has applied a revision. One that claims more than there is, or other content
    /// under the same number, has not: it will pull.
    static boolean hasReached(NodeTable.@Nullable Applied applied, long since, Content content) {
        if (applied == null
                || applied.revision() < since
                || applied.revision() > content.revision()) {
            return false;
        }
        return applied.revision() < content.revision() || applied.digest().equals(content.digest());
    }
}
