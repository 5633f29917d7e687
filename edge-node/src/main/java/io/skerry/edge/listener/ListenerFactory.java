package io.skerry.edge.listener;

import io.skerry.edge.handover.OpenSocket;
import io.vertx.core.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;

/// Opens listeners; one for TCP, one for UDP.
public interface ListenerFactory {
    /// Opens a port. The future fails with a {@link java.net.BindException} or another {@link
    /// java.io.IOException} where the system refuses; then nothing is left open.
    ///
    /// @param loops on how many event loops it accepts: all of them, or 1 where there are many
    ///   ports
    Future<Listener> open(ListenerKey key, Route route, int loops);

    /// Serves a port with sockets that are open already, in the order of {@link Listener#sockets}.
    /// Nothing is accepted or read before {@link Listener#resume}.
    ///
    /// @param sockets the listener's from now on; closed where this fails
    default Future<Listener> inherit(ListenerKey key, Route route, List<Integer> sockets) {
        return Future.failedFuture(new IOException("sockets cannot be taken over"));
    }

    /// Reads nothing of sessions that may go on in another process, until {@link #resumeSessions}
    /// or {@link #forgetSessions}. Called when the listeners have been paused.
    ///
    /// @return their sockets, which stay theirs, named as their listener's
    default Future<List<OpenSocket>> pauseSessions() {
        return Future.succeededFuture(List.of());
    }

    default void resumeSessions() {}

    /// Ends paused sessions here: they go on elsewhere.
    default void forgetSessions() {}

    /// Goes on with a session that began in another process.
    ///
    /// @param listener open and not yet resumed
    /// @param index which of its sockets the client dialled
    /// @param session the listener's from now on
    default void adoptSession(Listener listener, int index, OpenSocket session) {
        throw new IllegalStateException("sessions cannot be taken over");
    }

    /// Opens the sockets that steered traffic is led to, one for each event loop and address; they
    /// stay open until the factory is closed or they are forgotten. Further calls answer the same.
    ///
    /// @param addresses of loopback, one for each family that is served
    /// @param inherited those that are open already, the factory's from now on: they are used as
    ///   they are, whatever the number of event loops, and read from {@link #resumeFronts} on
    default Future<List<Front>> fronts(Collection<InetAddress> addresses, List<Front> inherited) {
        return Future.succeededFuture(List.of());
    }

    /// Accepts and reads nothing at the fronts from now on, so that another process can. Completes
    /// when no event loop looks at them any more.
    default Future<Void> pauseFronts() {
        return Future.succeededFuture();
    }

    default void resumeFronts() {}

    /// Closes the fronts: another process has them.
    default void forgetFronts() {}

    /// Opens a port without a socket of its own, on all event loops: it serves what comes to the
    /// fronts for it. Which ports are led there is decided elsewhere.
    default Future<Listener> openSteered(ListenerKey key, Route route) {
        return Future.failedFuture(new IOException("ports cannot be steered here"));
    }

    /// Completes when the sessions of all listeners that drain by now go on without their
    /// listener's sockets.
    default Future<Void> settled() {
        return Future.succeededFuture();
    }
}
