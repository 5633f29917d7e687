package io.skerry.rules.node;

import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.NodeRow;
import io.skerry.rules.store.NodeTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The nodes that count for an instance: up, neither draining nor meant to, and in an area it is
/// served in.
final class Required {
    private final List<NodeRow> nodes;
    private final Map<String, NodeTable.Applied> applied = new HashMap<>();

    /// @param all every node
    /// @param reported what nodes made of the instance
    Required(InstanceRow instance, List<NodeRow> all, List<NodeTable.Applied> reported) {
        nodes = new ArrayList<>();
        for (NodeRow node : all) {
            if (node.isServing() && node.area().serves(instance.spec().area())) {
                nodes.add(node);
            }
        }
        nodes.sort(Comparator.comparing(NodeRow::name));
        reported.forEach(each -> applied.put(each.node(), each));
    }

    List<StatusRule.NodeAnswer> ofInstance(InstanceRow row) {
        StatusRule.Content content = new StatusRule.Content(row.revision(), row.digest());
        return nodes.stream()
                .map(node ->
                        StatusRule.ofInstance(
                                node.name(),
                                applied(node),
                                row.id(),
                                row.wanted(),
                                row.ownRevision(),
                                content))
                .toList();
    }

    List<StatusRule.NodeAnswer> ofRule(
            InstanceRow row, String rule, boolean wanted, long ruleRevision) {
        StatusRule.Content content = new StatusRule.Content(row.revision(), row.digest());
        long since = Math.max(ruleRevision, row.switched());
        return nodes.stream()
                .map(node ->
                        StatusRule.ofRule(
                                node.name(), applied(node), row.id(), rule, wanted, since, content))
                .toList();
    }

    /// Whether there are required nodes and all of them have the newest content.
    boolean isSettled(InstanceRow row) {
        StatusRule.Content content = new StatusRule.Content(row.revision(), row.digest());
        return !nodes.isEmpty()
                && nodes.stream()
                        .allMatch(node ->
                                StatusRule.hasReached(applied(node), row.revision(), content));
    }

    private NodeTable.@Nullable Applied applied(NodeRow node) {
        return applied.get(node.name());
    }
}
