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

        time.advanceTimeBy(Entrance.PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        time.runScheduledPendingTasks();
        assertThat(door.open).isTrue();

        acceptor.failed(new IOException("Too many open files"));
        assertThat(pauses.sum()).isEqualTo(2);
        acceptor.closePort();
        time.advanceTimeBy(Entrance.PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        time.runScheduledPendingTasks();
        assertThat(door.open).as("a closed port stays closed").isFalse();
        var _ = time.close();
    }

    /// Whoever is left would otherwise never be served again.
    @Test
    void aSteeredPortThatClosesDuringItsPauseLeavesTheFrontToTheOthers() {
        EmbeddedChannel time = new EmbeddedChannel();
        time.freezeTime();
        TcpLoop loop = loop(time.eventLoop());
        Entrance front = new Entrance(parts(), loop, "steered ports");
        Door door = new Door();
        front.opened(door);
        TcpAcceptor closing = TcpAcceptor.steered(listener(), loop, front);

        closing.outOfDescriptors();
        closing.closePort();
        assertThat(door.open).as("the others share the want of descriptors").isFalse();
        after(time, Entrance.PAUSE_MILLIS);
        assertThat(door.open).isTrue();
        var _ = time.close();
    }

    @Test
    void steeredPortsPauseTogether() {
        EmbeddedChannel time = new EmbeddedChannel();
        time.freezeTime();
        TcpLoop loop = loop(time.eventLoop());
        Entrance front = new Entrance(parts(), loop, "steered ports");
        Door door = new Door();
        front.opened(door);
        TcpAcceptor one = TcpAcceptor.steered(listener(), loop, front);
        TcpAcceptor other = TcpAcceptor.steered(listener(), loop, front);

        one.outOfDescriptors();
        after(time, Entrance.PAUSE_MILLIS / 2);
        other.outOfDescriptors();
        assertThat(pauses.sum()).isEqualTo(1);
        after(time, Entrance.PAUSE_MILLIS / 2);
        assertThat(door.open).isTrue();
        // The next failure is a pause again, whoever has it.
        other.outOfDescriptors();
        assertThat(door.open).isFalse();
        assertThat(pauses.sum()).isEqualTo(2);
        after(time, Entrance.PAUSE_MILLIS);
        assertThat(door.open).isTrue();
        var _ = time.close();
    }

    private static void after(EmbeddedChannel time, long millis) {
        time.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        time.runScheduledPendingTasks();
    }

    private TcpAcceptor acceptor(EventLoop loop) {
        return new TcpAcceptor(listener(), loop(loop));
    }

    private static TcpLoop loop(EventLoop loop) {
        TcpSockets sockets = TcpSockets.on(Transport.NIO, loop, TcpSettings.DEFAULT);
        return new TcpLoop(loop, sockets, System::nanoTime);
    }

    private TcpListener listener() {
        ListenerKey key = new ListenerKey(Protocol.TCP, TcpRig.HOME, 80);
        Route route =
                new Route("sid-1", TcpRig.rule(80), 80, new FixedOrigins(), new RuleCounters());
        return new TcpListener(key, route, parts());
    }

    private TcpParts parts() {
        return new TcpParts(
                TcpSettings.DEFAULT,
                (route, client, dialled, origin) -> null,
                BeforeConnect.NOTHING,
                new SessionLimits(10),
                new SessionMetrics(),
                new OwnPorts(),
                System::nanoTime,
                pauses);
    }
}
