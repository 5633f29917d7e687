package io.skerry.edge.health;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.ScheduledFuture;
import io.skerry.edge.clientaddress.ProxyV1;
import io.skerry.edge.clientaddress.ProxyV2;
import io.skerry.edge.clientaddress.Spp;
import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.shared.rule.ClientIp;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Makes single checks, each on a socket of its own that is closed afterwards. On one event loop.
final class Probe {
    private static final byte[] PAYLOAD = "skerry".getBytes(StandardCharsets.US_ASCII);

    private final EventLoop loop;
    private final ChannelGroup open;
    private final OutgoingPorts outgoing;

    /// @param open the sockets of checks under way are kept here
    /// @param outgoing from which local ports checks may leave
    Probe(EventLoop loop, ChannelGroup open, OutgoingPorts outgoing) {
        this.outgoing = outgoing;
        this.loop = loop;
        this.open = open;
    }

    /// Checks a target once.
    ///
    /// @param done told the result, once, on the event loop
    void check(CheckTarget target, Consumer<CheckResult> done) {
        switch (target.protocol()) {
            case TCP -> connect(target, done);
            case UDP -> ask(target, done);
        }
    }

    private void connect(CheckTarget target, Consumer<CheckResult> done) {
        ChannelFuture connecting =
                new Bootstrap()
                        .group(loop)
                        .channelFactory(
                                () -> outgoing.newSocket(OutgoingPorts.family(target.address())))
                        .option(
                                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                                (int) target.plan().timeout().toMillis())
                        .handler(new Silent())
                        .connect(target.socketAddress());
        keep(connecting.channel());
        connecting.addListener(
                (ChannelFutureListener)
                        connected -> {
                            done.accept(
                                    connected.isSuccess()
                                            ? CheckResult.OK
                                            : failure(connected.cause()));
                            Channel channel = connected.channel();
                            byte[] header =
                                    connected.isSuccess()
                                            ? header(target.header(), channel)
                                            : new byte[0];
                            if (header.length > 0) {
                                channel.writeAndFlush(Unpooled.wrappedBuffer(header))
                                        .addListener(ChannelFutureListener.CLOSE);
                            } else {
                                var _ = channel.close();
                            }
                        });
    }

    /// One that could not be made is never closed either.
    private void keep(Channel channel) {
        if (channel.isOpen()) {
            open.add(channel);
        }
    }

    private void ask(CheckTarget target, Consumer<CheckResult> done) {
        Question question = new Question(target, done);
        ChannelFuture connecting =
                new Bootstrap()
                        .group(loop)
                        .channelFactory(
                                () -> outgoing.newDatagram(OutgoingPorts.family(target.address())))
                        .handler(question)
                        .connect(target.socketAddress());
        keep(connecting.channel());
        connecting.addListener(
                (ChannelFutureListener)
                        connected -> {
                            if (connected.isSuccess()) {
                                question.send(connected.channel());
                            } else {
                                question.end(connected.channel(), failure(connected.cause()));
                            }
                        });
    }

    /// What a check of ours says in front of everything else: for PROXY v2 that it is a connection
    /// of our own, without addresses; version 1 and SPP cannot say that and name the check's
    /// socket.
    private static byte[] header(ClientIp mode, Channel channel) {
        if (!(channel.localAddress() instanceof InetSocketAddress from)
                || !(channel.remoteAddress() instanceof InetSocketAddress to)) {
            // Reset already.
            return new byte[0];
        }
        return switch (mode) {
            case OFF, TOA -> new byte[0];
            case PPV1 -> ProxyV1.encode(from, to);
            case PPV2 -> ProxyV2.local();
            case SPP -> Spp.encode(from, to);
        };
    }

    /// What a failure to connect or to send means.
    static CheckResult failure(@Nullable Throwable cause) {
        return switch (cause) {
            case ConnectTimeoutException timeout -> CheckResult.TIMEOUT;
            case PortUnreachableException refused -> CheckResult.REFUSED;
            // Netty's own calls put no free port in this way.
            case ConnectException noPort
                    when String.valueOf(noPort.getMessage()).contains("Cannot assign") ->
                    CheckResult.NOT_MADE;
            case ConnectException refused -> CheckResult.REFUSED;
            case BindException noPort -> CheckResult.NOT_MADE;
            case ChannelException noSocket -> CheckResult.NOT_MADE;
            case java.nio.channels.ClosedChannelException stopped -> CheckResult.NOT_MADE;
            case null, default -> CheckResult.UNREACHABLE;
        };
    }

    /// What the origin says on a connection is not waited for; errors after it was accepted say
    /// nothing more.
    private static final class Silent extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            io.netty.util.ReferenceCountUtil.release(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            var _ = context.close();
        }
    }

    /// A datagram and the answer to it.
    private static final class Question extends SimpleChannelInboundHandler<DatagramPacket> {
        private final CheckTarget target;
        private final Consumer<CheckResult> done;
        private @Nullable ScheduledFuture<?> deadline;
        private boolean ended;

        Question(CheckTarget target, Consumer<CheckResult> done) {
            this.target = target;
            this.done = done;
        }

        void send(Channel channel) {
            String send = target.plan().send();
            byte[] payload = send.isEmpty() ? PAYLOAD : HexFormat.of().parseHex(send);
            deadline =
                    channel.eventLoop()
                            .schedule(
                                    () -> end(channel, CheckResult.TIMEOUT),
                                    target.plan().timeout().toMillis(),
                                    TimeUnit.MILLISECONDS);
            channel.writeAndFlush(Unpooled.wrappedBuffer(header(target.header(), channel), payload))
                    .addListener(
                            (ChannelFutureListener)
                                    sent -> {
                                        if (!sent.isSuccess()) {
                                            end(channel, failure(sent.cause()));
                                        }
                                    });
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket answer) {
            end(
                    context.channel(),
                    isExpected(answer.content()) ? CheckResult.OK : CheckResult.BAD_ANSWER);
        }

        private boolean isExpected(ByteBuf answer) {
            if (target.header() == ClientIp.SPP) {
                if (Spp.decode(answer).isEmpty()) {
                    return false;
                }
                answer.skipBytes(Spp.LENGTH);
            }
            byte[] expect = HexFormat.of().parseHex(target.plan().expect());
            if (answer.readableBytes() < expect.length) {
                return false;
            }
            return answer.slice(answer.readerIndex(), expect.length)
                    .equals(Unpooled.wrappedBuffer(expect));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            end(context.channel(), failure(cause));
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            end(context.channel(), CheckResult.NOT_MADE);
        }

        void end(Channel channel, CheckResult result) {
            if (ended) {
                return;
            }
            ended = true;
            if (deadline != null) {
                deadline.cancel(false);
            }
            var _ = channel.close();
            done.accept(result);
        }
    }
}
