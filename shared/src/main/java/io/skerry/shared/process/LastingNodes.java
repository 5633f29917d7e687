package io.skerry.shared.process;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The nodes that are spoken to: those in the list of members, and those that left it lately. While
/// members agree that one is gone, Hazelcast may drop others for some seconds too; who answers is
/// found out by {@link Pulse}.
///
/// Not for several threads at once.
final class LastingNodes {
    /// How long one is spoken to that left the list.
    static final long KEPT_MILLIS = 30_000;

    private record Gone(ClusterMember.Node node, long atMillis) {}

    private final List<Gone> gone = new ArrayList<>();
    private List<ClusterMember.Node> listed = List.of();

    /// Those spoken to now: first the list, then those that left it, but for such as one in the
    /// list has taken the place of.
    ///
    /// @param now the list of members
    List<ClusterMember.Node> of(List<ClusterMember.Node> now, long nowMillis) {
        listed.stream()
                .filter(node -> !now.contains(node))
                .forEach(node -> gone.add(new Gone(node, nowMillis)));
        listed = now;
        gone.removeIf(left ->
                nowMillis - left.atMillis() > KEPT_MILLIS
                        || now.stream().anyMatch(node -> node.bus().equals(left.node().bus())));
        return Stream.concat(now.stream(), gone.stream().map(Gone::node)).toList();
    }
}
