package io.skerry.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.skerry.edge.session.EndReason;
import org.jspecify.annotations.Nullable;

/// Moves bytes one way: reads from one socket and writes to the other. A session has two. Runs on
/// the session's event loop.
///
/// Back-pressure: if more waits to be written than the high-water mark, the source is not read
/// until the low-water mark is reached.
final class Relay implements TcpSocket.Owner {
    private final TcpSession session;
    private final Side from;
    private final TcpSocket source;
    private @Nullable TcpSocket sink;
    private long bytes;
    private boolean sourceDone;
    private boolean sinkDone;

    Relay(TcpSession session, Side from, TcpSocket source) {
        this.session = session;
        this.from = from;
        this.source = source;
    }

    /// Bytes read so far.
    long bytes() {
        return bytes;
    }

    /// Whether the source has ended and everything of it, and its end, has been passed on.
    boolean isDone() {
        return sinkDone;
    }

    /// Begins to read.
    void start(TcpSocket to) {
        sink = to;
        source.read(true);
    }

    private TcpSocket sink() {
        TcpSocket to = sink;
        if (to == null) {
            throw new IllegalStateException("read before there is somewhere to write to");
        }
        return to;
    }

    @Override
    public void connected() {
        session.connected(this);
    }

    @Override
    public void connectFailed(EndReason reason) {
        session.connectFailed(this, reason);
    }

    @Override
    public void received(ByteBuf received) {
        TcpSocket to = sink();
        bytes += received.readableBytes();
        session.touch();
        to.write(received);
        if (to.isFull()) {
            source.read(false);
        }
    }

    @Override
    public void turnOver() {
        sink().flush();
    }

    /// The source can take bytes again: the opposite relay may read on.
    @Override
    public void writable() {
        session.touch();
        Relay writer = session.towards(from);
        if (writer != null && !writer.sourceDone) {
            writer.source.read(true);
        }
    }

    /// The end of the stream is passed on after everything before it.
    @Override
    public void ended() {
        sourceDone = true;
        session.sourceEnded(from);
        sink().whenWritten(this::passEnd);
    }

    /// The second of two ends is passed on by closing, which the session does.
    private void passEnd() {
        Relay writer = session.towards(from);
        if (writer == null || !writer.isDone()) {
            sink().end();
        }
        sinkDone = true;
        session.relayDone();
    }

    @Override
    public void reset() {
        session.reset(from);
    }

    @Override
    public void bug(Throwable cause) {
        session.broke(cause);
    }
}
