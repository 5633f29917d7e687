package io.skerry.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/// Moves bytes one way: reads from one channel and writes to the other. A session has two. Runs on
/// the session's event loop.
///
/// A buffer read is written at once and belongs to the other channel from then on; while the
/// session has no other channel yet, what the system hands over without being asked (it does so
/// with the end of the stream) waits here, bounded by the socket's receive buffer.
///
/// Back-pressure: what is read goes out with one flush per turn of reading. If more waits after a
/// flush than the high-water mark, the source is not read until the low-water mark is reached.
final class Relay extends ChannelInboundHandlerAdapter {
    private final TcpSession session;
    private final Side from;
    private final SocketChannel source;
    private @Nullable SocketChannel sink;
    private @Nullable Queue<ByteBuf> early;
    private long bytes;
    private boolean sourceDone;
    private boolean sinkDone;

    Relay(TcpSession session, Side from, SocketChannel source) {
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

    boolean isSourceDone() {
        return sourceDone;
    }

    /// Passes on what came early and begins to read.
    void connect(SocketChannel to) {
        sink = to;
        Queue<ByteBuf> waiting = early;
        early = null;
        if (waiting != null) {
            for (ByteBuf buffer : waiting) {
                var _ = to.write(buffer, to.voidPromise());
            }
        }
        if (sourceDone) {
            finish(to);
        } else {
            source.config().setAutoRead(true);
        }
    }

    /// Frees what came early; the session has ended.
    void release() {
        if (early != null) {
            early.forEach(ByteBuf::release);
            early = null;
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf buffer = (ByteBuf) message;
        if (session.isClosed()) {
            buffer.release();
            return;
        }
        bytes += buffer.readableBytes();
        session.touch();
        SocketChannel to = sink;
        if (to == null) {
            if (early == null) {
                early = new ArrayDeque<>();
            }
            early.add(buffer);
            return;
        }
        // A failure comes to exceptionCaught of that channel.
        var _ = to.write(buffer, to.voidPromise());
        if (!to.isWritable()) {
            to.flush();
            if (!to.isWritable()) {
                source.config().setAutoRead(false);
            }
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (sink != null) {
            sink.flush();
        }
    }

    /// The source can take bytes again: the opposite relay may read on.
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (source.isWritable()) {
            session.touch();
            Relay writer = session.towards(from);
            if (writer != null) {
                writer.resume();
            }
        }
    }

    private void resume() {
        if (sink != null && !sourceDone) {
            source.config().setAutoRead(true);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent && !sourceDone && !session.isClosed()) {
            // Else the end would be told again and again.
            source.config().setAutoRead(false);
            sourceEnded();
        }
    }

    private void sourceEnded() {
        sourceDone = true;
        session.sourceEnded(from);
        if (sink != null) {
            finish(sink);
        }
    }

    /// Passes the end of the stream on, after everything before it.
    private void finish(SocketChannel to) {
        to.flush();
        ChannelOutboundBuffer unwritten = to.unsafe().outboundBuffer();
        if (unwritten != null && unwritten.isEmpty()) {
            passEnd(to);
            return;
        }
        to.writeAndFlush(Unpooled.EMPTY_BUFFER)
                .addListener(
                        (ChannelFutureListener)
                                flushed -> {
                                    if (flushed.isSuccess() && !session.isClosed()) {
                                        passEnd(to);
                                    }
                                });
    }

    /// The second of two ends is passed on by closing, which the session does.
    private void passEnd(SocketChannel to) {
        Relay writer = session.towards(from);
        if (writer != null && writer.isDone()) {
            sinkDone = true;
            session.relayDone();
        } else {
            session.transport()
                    .shutdownOutput(to)
                    .addListener((ChannelFutureListener) this::finished);
        }
    }

    private void finished(ChannelFuture shutdown) {
        if (session.isClosed()) {
            return;
        }
        if (shutdown.isSuccess()) {
            sinkDone = true;
            // Its own end will be the last that happens to it: Netty may close it then.
            shutdown.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
            session.relayDone();
        } else {
            session.reset(from.other());
        }
    }

    /// Not asked for by the session: a reset, except where the other direction has ended in order
    /// before. Then it is the end of this one, for which Netty closes the channel by itself, and
    /// what was read from it may still be on its way.
    @Override
    public void channelInactive(ChannelHandlerContext context) {
        Relay writer = session.towards(from);
        if (writer == null || !writer.isDone()) {
            session.reset(from);
        } else if (!sourceDone && !session.isClosed()) {
            sourceEnded();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        session.broke(from, cause);
    }
}
