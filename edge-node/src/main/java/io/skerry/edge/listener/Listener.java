package io.skerry.edge.listener;

import io.skerry.edge.session.EndReason;

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

    /// File descriptors the listener itself holds (not those of sessions).
    int descriptors();
}
