package io.skerry.edge.tcp;

import java.io.IOException;

/// A socket that accepts clients on one event loop. Everything is called there.
interface ListeningSocket {
    /// Who takes the clients.
    interface Owner {
        /// A client, whose socket is the owner's from now on.
        void accepted(TcpSocket client);

        /// The system gives no client for now, for want of descriptors or memory.
        void failed(IOException why);
    }

    /// Accepts nobody until {@link #resume}; clients wait in the backlog.
    void pause();

    void resume();

    /// Leaves the event loop and stays open, so that another process can have the socket as well;
    /// accepts nobody until {@link #resume}.
    default void leave() {
        pause();
    }

    /// Its descriptor; -1 where it has none.
    default int descriptor() {
        return -1;
    }

    /// Closes it, then tells.
    void close(Runnable closed);
}
