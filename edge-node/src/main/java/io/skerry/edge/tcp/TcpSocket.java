package io.skerry.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.skerry.edge.session.EndReason;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// One end of a session: the socket of a client or towards an origin. Everything is called on the
/// socket's event loop, and the owner is told there. After {@link #close} nothing is told.
interface TcpSocket {
    /// Who is told what happens to a socket. May be told from within a call to it, and may close it
    /// there.
    interface Owner {
        /// The origin accepted.
        void connected();

        /// The origin did not accept; the socket is to be closed.
        void connectFailed(EndReason reason);

        /// Bytes have come. They stay the socket's: whoever wants them later takes a copy or a
        /// reference before it returns.
        void received(ByteBuf bytes);

        /// What there was to read for now has been received.
        void turnOver();

        /// The peer has sent its end; everything before it has been received.
        void ended();

        /// What waited to be written has fallen to the low-water mark, after {@link
        /// TcpSocket#isFull}.
        void writable();

        /// The peer reset the connection, or it broke.
        void reset();

        /// A bug of ours came to light while the owner was told something.
        void bug(Throwable cause);
    }

    /// The peer's address; null where the system no longer knows it, because the peer has reset.
    @Nullable InetSocketAddress peer();

    /// Our end of the connection: for a client's socket, what it dialled. May ask the system.
    InetSocketAddress local();

    /// The number of its descriptor; -1 where the transport does not tell.
    int descriptor();

    /// Waits for events from now on, for a client's socket; nothing is read yet.
    void begin(Owner owner);

    /// Connects and waits for events from now on; nothing is read yet.
    void connect(InetSocketAddress origin, Owner owner);

    /// Whether bytes and their end are wanted; at first they are not. Bytes that are already there
    /// may be received before this returns.
    void read(boolean wanted);

    /// Keeps bytes for the next {@link #write} or {@link #flushSoon}; takes them over.
    void hold(ByteBuf bytes);

    /// Writes bytes, and keeps a copy or reference of what the system does not take.
    void write(ByteBuf bytes);

    /// Passes on to the system what was kept.
    void flush();

    /// The same, as soon as what the client has sent by now could join it.
    void flushSoon();

    /// Whether more waits than the high-water mark; ends with {@link Owner#writable}.
    boolean isFull();

    /// Whether bytes are left that the system did not take.
    boolean hasWaiting();

    /// How many bytes its peer has acknowledged so far; what the system took may wait there for
    /// long. Always the same where the transport cannot tell.
    default long acknowledged() {
        return 0;
    }

    /// Runs once nothing waits any more, at once where nothing does; not where the socket closes
    /// before. For one caller.
    void whenWritten(Runnable then);

    /// Sends the end of the stream; nothing waits any more.
    void end();

    /// Closes it, with a reset where asked; may be called again.
    void close(boolean abrupt);
}
