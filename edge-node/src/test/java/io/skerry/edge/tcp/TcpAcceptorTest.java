package io.skerry.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.listener.Route;
import io.skerry.edge.metrics.RuleCounters;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.session.SessionLimits;
import io.skerry.edge.transport.Transport;
import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

final class TcpAcceptorTest {
    private final LongAdder pauses = new LongAdder();

    /// Knows only whether it accepts.
    private static final class Door implements ListeningSocket {
        boolean open = true;

        @Override
        public void pause() {
            open = false;
        }

        @Override
        public void resume() {
            open = true;
        }

        @Override
        public void close(Runnable closed) {
            open = false;
            closed.run();
        }
    }

    @Test
    void pausesWhileThereIsNoDescriptorAndTriesAgainLater() {
        EmbeddedChannel time = new EmbeddedChannel();
        time.freezeTime();
        TcpAcceptor acceptor = acceptor(time.eventLoop());
        Door door = new Door();
        acceptor.opened(door);

        acceptor.failed(new IOException("Too many open files"));
        acceptor.failed(new IOException("Too many open files"));
        assertThat(door.open).isFalse();
        assertThat(pauses.sum()).isEqualTo(1);

        time.advanceTimeBy(TcpAcceptor.ACCEPT_PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        time.runScheduledPendingTasks();
        assertThat(door.open).isTrue();

        acceptor.failed(new IOException("Too many open files"));
        assertThat(pauses.sum()).isEqualTo(2);
        acceptor.closePort();
        time.advanceTimeBy(TcpAcceptor.ACCEPT_PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        time.runScheduledPendingTasks();
        assertThat(door.open).as("a closed port stays closed").isFalse();
        var _ = time.close();
    }

    private TcpAcceptor acceptor(EventLoop loop) {
        TcpParts parts =
                new TcpParts(
                        TcpSettings.DEFAULT,
                        (route, client, dialled, origin) -> null,
                        BeforeConnect.NOTHING,
                        new SessionLimits(10),
                        new SessionMetrics(),
                        new OwnPorts(),
                        System::nanoTime,
                        pauses);
        ListenerKey key = new ListenerKey(Protocol.TCP, TcpRig.HOME, 80);
        Route route =
                new Route("sid-1", TcpRig.rule(80), 80, new FixedOrigins(), new RuleCounters());
        TcpSockets sockets = TcpSockets.on(Transport.NIO, loop, TcpSettings.DEFAULT);
        return new TcpAcceptor(
                new TcpListener(key, route, parts), new TcpLoop(loop, sockets, System::nanoTime));
    }
}
