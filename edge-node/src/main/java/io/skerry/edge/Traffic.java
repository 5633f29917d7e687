package io.skerry.edge;

import io.skerry.edge.follow.Applier;
import io.skerry.edge.handover.OpenSocket;
import io.skerry.edge.metrics.Limit;
import io.skerry.edge.session.EndReason;
import io.skerry.shared.content.PortProbe;
import io.skerry.shared.net.Protocol;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The side of a node that moves bytes: the listeners of all rules, with their sessions.
interface Traffic extends Applier {
    /// Makes the traffic of a node.
    interface Maker {
        Traffic make(NodeParts parts);
    }

    /// Open listening ports. On the control context.
    long listeners(Protocol protocol);

    /// Limits of its own beside those of the node.
    List<Limit> limits();

    /// The listening sockets, and what is served with them, for another process; they stay open
    /// here.
    Future<List<OpenSocket>> sockets();

    /// What the process before serves and this one would not, in a sentence; empty where it may be
    /// taken over from.
    Optional<String> lost();

    /// Accepts nothing from now on, and reads nothing of sessions that may go on in another
    /// process.
    ///
    /// @return the sockets of those sessions, which stay open here
    Future<List<OpenSocket>> pause();

    /// Goes on as before {@link #pause}.
    void resume();

    /// What was paused goes on in another process: ends those sessions here.
    void forgetPaused();

    /// Goes on with sessions of another process, beside the listening sockets that it was made with
    /// ({@link NodeParts#inherited}).
    ///
    /// @param sessions its own from now on
    void adopt(List<OpenSocket> sessions);

    /// Accepts and reads on inherited sockets; closes those that no rule wants.
    void begin();

    /// Whether ports could be opened; nothing is opened.
    Future<PortProbe.Answer> probe(PortProbe probe);

    /// Closes every port at once, lets sessions go on for a while, ends those that are left as
    /// {@link EndReason#SHUTDOWN} and gives everything back, event loops included.
    ///
    /// @param hurry completes when the drain is to end at once
    Future<Void> stop(Duration drain, Future<Void> hurry);
}
