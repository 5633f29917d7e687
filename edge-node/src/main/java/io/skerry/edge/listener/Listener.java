package io.skerry.edge.listener;

import io.skerry.edge.session.EndReason;
import io.vertx.core.Future;
import java.util.List;

/// An open port: accepts clients and owns their sessions. Implemented by `tcp` and `udp`.
///
/// Called from the control thread; an implementation hands over to its event loops itself.
public interface Listener {
    ListenerKey key();

    /// Uses another route for new sessions; open ones keep theirs.
    void reroute(Route route);

    /// Closes the port at once; sessions go on. `whenDrained` runs, on any thread and exactly once,
    /// when the last session is gone.
    void drain(Runnable whenDrained);

    /// The node stops: sessions of which nobody says that they are over (UDP) end as soon as they
    /// are quiet. Before or after {@link #drain}.
    default void endWhenQuiet() {}

    /// Ends all sessions with a reason; for use after {@link #drain}.
    void endSessions(EndReason reason);

    /// Open sessions, about.
    int sessions();

    /// Its open sockets, always in the same order; they stay the listener's. Empty where they
    /// cannot be handed to another process.
    default List<Integer> sockets() {
        return List.of();
    }

    /// Accepts and reads nothing from now on, so that another process can. Completes when no event
    /// loop looks at the sockets any more.
    default Future<Void> pause() {
        return Future.succeededFuture();
    }

    /// Accepts and reads again after {@link #pause}, or for the first time after {@link
    /// ListenerFactory#inherit}.
    default void resume() {}

    /// File descriptors the listener itself holds (not those of sessions).
    int descriptors();
}
