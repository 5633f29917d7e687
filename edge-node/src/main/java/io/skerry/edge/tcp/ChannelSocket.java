package io.skerry.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A TCP socket that is a channel of Netty's.
///
/// What the system hands over without being asked, as io_uring does with the end of the stream,
/// waits here until reading begins, bounded by the socket's receive buffer.
final class ChannelSocket extends ChannelInboundHandlerAdapter implements TcpSocket {
    /// Small while little comes and larger while much does; between reads no buffer is held.
    private static final RecvByteBufAllocator READ_SIZES =
            new AdaptiveRecvByteBufAllocator(512, 4096, 65_536);

    private static final Logger LOG = LoggerFactory.getLogger(ChannelSocket.class);

    private final ChannelSockets sockets;
    private final SocketChannel channel;
    private final @Nullable InetSocketAddress client;
    private @Nullable InetSocketAddress origin;
    private @Nullable Owner owner;
    private @Nullable Queue<ByteBuf> early;

    /// Reading has begun, though it may rest.
    private boolean begun;

    private boolean endArrived;
    private boolean endTold;
    private boolean endSent;
    private boolean full;
    private boolean closed;

    ChannelSocket(ChannelSockets sockets, SocketChannel channel) {
        this.sockets = sockets;
        this.channel = channel;
        this.client = channel.remoteAddress();
    }

    @Override
    public @Nullable InetSocketAddress peer() {
        return client == null ? origin : client;
    }

    @Override
    public InetSocketAddress local() {
        return channel.localAddress();
    }

    @Override
    public int descriptor() {
        return channel instanceof UnixChannel unix ? unix.fd().intValue() : -1;
    }

    @Override
    public void begin(Owner told) {
        configure(told);
        if (!sockets.inheritsKeepAlive()) {
            channel.config().setKeepAlive(true);
        }
        sockets.loop()
                .register(channel)
                .addListener(
                        (ChannelFutureListener)
                                registered -> {
                                    if (!registered.isSuccess() && !closed) {
                                        told.reset();
                                    }
                                });
    }

    @Override
    public void connect(InetSocketAddress to, Owner told) {
        origin = to;
        configure(told);
        channel.config().setKeepAlive(true);
        // The session has a deadline of its own.
        channel.config().setConnectTimeoutMillis(0);
        var _ = sockets.loop().register(channel);
        channel.connect(to)
                .addListener(
                        (ChannelFutureListener)
                                done -> {
                                    if (closed) {
                                        abandon(channel);
                                    } else if (done.isSuccess()) {
                                        told.connected();
                                    } else {
                                        told.connectFailed(ConnectFailure.reason(done.cause()));
                                    }
                                });
    }

    /// TCP_NODELAY is on without our asking: Netty sets it on every TCP channel.
    private void configure(Owner told) {
        owner = told;
        ChannelConfig config = channel.config();
        config.setAutoRead(false);
        config.setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        config.setWriteBufferWaterMark(sockets.marks());
        config.setRecvByteBufAllocator(READ_SIZES);
        channel.pipeline().addLast(this);
    }

    @Override
    public void read(boolean wanted) {
        if (closed) {
            return;
        }
        if (wanted && !begun) {
            begun = true;
            tellWhatCameEarly();
        }
        if (!closed) {
            channel.config().setAutoRead(wanted && !endArrived);
        }
    }

    private void tellWhatCameEarly() {
        Queue<ByteBuf> waiting = early;
        Owner told = owner;
        early = null;
        if (told == null) {
            return;
        }
        if (waiting != null) {
            waiting.forEach(each -> received(told, each));
            if (!closed) {
                told.turnOver();
            }
        }
        if (endArrived && !closed) {
            tellEnd(told);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf buffer = (ByteBuf) message;
        Owner told = owner;
        if (begun && told != null) {
            received(told, buffer);
            return;
        }
        if (early == null) {
            early = new ArrayDeque<>();
        }
        early.add(buffer);
    }

    private void received(Owner told, ByteBuf buffer) {
        try {
            if (!closed) {
                told.received(buffer);
            }
        } finally {
            buffer.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (begun && !closed && owner != null) {
            owner.turnOver();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent && !closed) {
            // Else the end would be told again and again.
            channel.config().setAutoRead(false);
            end(owner);
        }
    }

    private void end(@Nullable Owner told) {
        endArrived = true;
        if (begun && told != null) {
            tellEnd(told);
        }
    }

    private void tellEnd(Owner told) {
        if (!endTold) {
            endTold = true;
            told.ended();
        }
    }

    /// Not asked for by us: a reset, except where we have sent our end before. Then it is the end
    /// of the other direction, for which Netty closes the channel by itself, and what was read may
    /// still be on its way.
    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (closed || owner == null) {
            return;
        }
        if (endSent) {
            end(owner);
        } else {
            owner.reset();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (full && channel.isWritable() && !closed && owner != null) {
            full = false;
            owner.writable();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (closed || owner == null) {
            return;
        }
        if (cause instanceof IOException) {
            LOG.debug("{} broke", channel, cause);
            owner.reset();
        } else {
            owner.bug(cause);
        }
    }

    @Override
    public void hold(ByteBuf bytes) {
        // A failure comes to exceptionCaught, here and below.
        var _ = channel.write(bytes, channel.voidPromise());
    }

    @Override
    public void write(ByteBuf bytes) {
        var _ = channel.write(bytes.retain(), channel.voidPromise());
        if (!channel.isWritable()) {
            channel.flush();
            full = !channel.isWritable();
        }
    }

    @Override
    public void flush() {
        channel.flush();
    }

    @Override
    public void flushSoon() {
        if (channel.eventLoop() instanceof SingleThreadEventLoop loop) {
            // Once more around the loop. Two steps, because a task of this turn would run before
            // the next reads.
            loop.executeAfterEventLoopIteration(() -> loop.execute(channel::flush));
        } else {
            channel.flush();
        }
    }

    @Override
    public boolean isFull() {
        return full;
    }

    @Override
    public boolean hasWaiting() {
        ChannelOutboundBuffer left = channel.unsafe().outboundBuffer();
        return left != null && left.totalPendingWriteBytes() > 0;
    }

    @Override
    public void whenWritten(Runnable then) {
        channel.flush();
        ChannelOutboundBuffer left = channel.unsafe().outboundBuffer();
        if (left != null && left.isEmpty()) {
            then.run();
            return;
        }
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER)
                .addListener(
                        (ChannelFutureListener)
                                written -> {
                                    if (written.isSuccess() && !closed) {
                                        then.run();
                                    }
                                });
    }

    @Override
    public void end() {
        channel.shutdownOutput()
                .addListener(
                        (ChannelFutureListener)
                                sent -> {
                                    if (sent.isSuccess()) {
                                        endSent = true;
                                        // Its own end will be the last that happens to it: Netty
                                        // may close it then.
                                        channel.config()
                                                .setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
                                    } else if (!closed && owner != null) {
                                        owner.reset();
                                    }
                                });
    }

    @Override
    public void close(boolean abrupt) {
        if (closed) {
            return;
        }
        closed = true;
        if (early != null) {
            early.forEach(ByteBuf::release);
            early = null;
        }
        if (abrupt && channel.isOpen()) {
            try {
                channel.config().setSoLinger(0);
            } catch (ChannelException gone) {
                LOG.trace("already gone: {}", channel, gone);
            }
        }
        abandon(channel);
    }

    static void abandon(Channel channel) {
        if (channel.isRegistered()) {
            var _ = channel.close();
        } else {
            channel.unsafe().closeForcibly();
        }
    }
}
