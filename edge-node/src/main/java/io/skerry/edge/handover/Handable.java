package io.skerry.edge.handover;

import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/// A running node as its {@link Handover} sees it. Called from a thread of its own, one call after
/// the other; whatever happens before {@link #letGo} is undone by {@link #resume}.
public interface Handable {
    /// The name it goes by.
    String name();

    /// The id of its life, which the next process carries on.
    String boot();

    /// Why its sockets cannot be handed over; empty where they can.
    Optional<String> refusal();

    /// Changes nothing from now on, neither what it runs nor what is on disk, and goes on serving.
    ///
    /// @return its listening sockets, which stay its own, and words about them
    Future<List<OpenSocket>> begin();

    /// Accepts and reads nothing from now on, but for connections that stay.
    ///
    /// @return the sockets of sessions that go over
    Future<List<OpenSocket>> pause();

    /// Goes on as before {@link #begin}.
    Future<Void> resume();

    /// Another process has the sockets. Gives up what went over and frees its control ports;
    /// sessions that stay go on until the end of a drain.
    ///
    /// @return completes when the control ports are free
    Future<Void> letGo();
}
