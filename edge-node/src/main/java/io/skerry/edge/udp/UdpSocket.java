package io.skerry.edge.udp;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// A UDP socket on an event loop, in the way that this loop waits for sockets. Closed exactly once,
/// by {@link #release} or by the loop's own end. For the loop's thread only.
///
/// Datagrams are in the memory that Linux's calls for many at once use; a socket that has no such
/// calls reads and writes the same structures. A call answers how many datagrams it handled, or
/// minus an error number of {@link io.skerry.edge.socket.SystemCalls}.
sealed interface UdpSocket permits LoopSocket, NioWildcard {
    /// Has the loop watch the socket.
    ///
    /// @param whenReadable runs when there is something to read, an error, or nothing after all
    /// @param whenLoopEnds runs when the event loop ends with the socket open; closes it
    void register(Runnable whenReadable, Runnable whenLoopEnds) throws IOException;

    /// Receives what is there, as much as the batch has room for.
    int receive(ReceiveBatch in);

    /// Sends messages that stand one behind the other; answers how many went out, at least 1.
    int send(MemorySegment messages, long at, int count);

    /// Sends a message that the system cuts into datagrams.
    int sendCut(MemorySegment message);

    /// Leaves the loop and stays open, so that another process can have the socket as well; may be
    /// registered again. With epoll alone.
    default void leave() {
        throw new IllegalStateException("only sockets of epoll go to another process");
    }

    /// Its descriptor; -1 where it has none.
    default int descriptor() {
        return -1;
    }

    /// Datagrams that the system dropped for want of room since it was asked last; 0 where it does
    /// not say.
    long overflow();

    /// Leaves the loop and closes the socket; may be called again.
    void release();
}
