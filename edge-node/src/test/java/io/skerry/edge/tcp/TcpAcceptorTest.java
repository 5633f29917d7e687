package io.skerry.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.listener.Route;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.session.SessionLimits;
import io.skerry.edge.transport.EventLoops;
import io.skerry.edge.transport.Transport;
import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

final class TcpAcceptorTest {
    private final LongAdder pauses = new LongAdder();

    @Test
    void pausesWhileThereIsNoDescriptorAndTriesAgainLater() throws Exception {
        EventLoopGroup group = EventLoops.start(Transport.NIO, 1).group();
        try {
            EmbeddedChannel server = new EmbeddedChannel(acceptor(group));
            server.freezeTime();

            server.pipeline().fireExceptionCaught(new IOException("Too many open files"));
            server.pipeline().fireExceptionCaught(new IOException("Too many open files"));
            assertThat(server.config().isAutoRead()).isFalse();
            assertThat(pauses.sum()).isEqualTo(1);

            server.advanceTimeBy(TcpAcceptor.ACCEPT_PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            server.runScheduledPendingTasks();
            assertThat(server.config().isAutoRead()).isTrue();

            server.pipeline().fireExceptionCaught(new IOException("Too many open files"));
            assertThat(pauses.sum()).isEqualTo(2);
            var _ = server.close();
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).get(5, TimeUnit.SECONDS);
        }
    }

    private TcpAcceptor acceptor(EventLoopGroup group) {
        TcpParts parts =
                new TcpParts(
                        TcpSettings.DEFAULT,
                        WriteBufferWaterMark.DEFAULT,
                        Transport.NIO,
                        (route, client, dialled, origin) -> null,
                        BeforeConnect.NOTHING,
                        new SessionLimits(10),
                        new SessionMetrics(),
                        new OwnPorts(),
                        System::nanoTime,
                        pauses);
        ListenerKey key = new ListenerKey(Protocol.TCP, TcpRig.HOME, 80);
        Route route =
                new Route(
                        "sid-1",
                        TcpRig.rule(80),
                        80,
                        new FixedOrigins(),
                        new io.skerry.edge.metrics.RuleCounters());
        return new TcpAcceptor(
                new TcpListener(key, route, parts), new TcpLoop(group.next(), System::nanoTime));
    }
}
