package io.skerry.edge;

import io.skerry.edge.follow.Applier;
import io.skerry.edge.metrics.Limit;
import io.skerry.edge.session.EndReason;
import io.skerry.shared.net.Protocol;
import io.vertx.core.Future;
import java.util.List;

/// The side of a node that moves bytes: the listeners of all rules, with their sessions.
public interface Traffic extends Applier {
    /// Makes the traffic of a node.
    interface Maker {
        Traffic make(NodeParts parts);
    }

    /// Open listening ports. From any thread.
    long listeners(Protocol protocol);

    /// Limits of its own beside those of the node.
    List<Limit> limits();

    /// Closes every port; sessions go on.
    void stopAccepting();

    /// Completes when no session is open any more; asked for after {@link #stopAccepting}.
    Future<Void> drained();

    /// Ends every session with a reason.
    void endSessions(EndReason reason);

    /// Ends what is left, event loops included.
    Future<Void> close();
}
