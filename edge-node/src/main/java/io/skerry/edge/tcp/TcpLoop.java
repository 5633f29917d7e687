package io.skerry.edge.tcp;

import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One event loop's share of TCP: a coarse clock and the tick that ends idle sessions and slow
/// connects. Runs on its event loop, except {@link #stop}.
///
/// One tick walks the loop's sessions instead of a timer for each: a session costs nothing while
/// bytes flow but a copy of {@link #now}. Walking 100,000 sessions takes a few milliseconds.
final class TcpLoop {
    /// How coarse idle times and connect times are.
    static final long TICK_MILLIS = 100;

    private static final Logger LOG = LoggerFactory.getLogger(TcpLoop.class);

    private final EventLoop loop;
    private final TcpSockets sockets;
    private final LongSupplier nanoClock;
    private final Set<TcpAcceptor> busy = new LinkedHashSet<>();
    private final List<TcpAcceptor> walked = new ArrayList<>();
    private final Future<?> ticking;
    private long now;

    TcpLoop(EventLoop loop, TcpSockets sockets, LongSupplier nanoClock) {
        this.loop = loop;
        this.sockets = sockets;
        this.nanoClock = nanoClock;
        this.now = nanoClock.getAsLong();
        this.ticking =
                loop.scheduleAtFixedRate(
                        this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    EventLoop loop() {
        return loop;
    }

    TcpSockets sockets() {
        return sockets;
    }

    /// The time of the last tick.
    long now() {
        return now;
    }

    /// The listener has its first session here.
    void join(TcpAcceptor acceptor) {
        busy.add(acceptor);
    }

    /// The listener's last session here is gone.
    void leave(TcpAcceptor acceptor) {
        busy.remove(acceptor);
    }

    private void tick() {
        now = nanoClock.getAsLong();
        walked.addAll(busy);
        for (TcpAcceptor each : walked) {
            try {
                each.tick(now);
            } catch (RuntimeException bug) {
                // Netty never runs a repeated task again that has thrown: no session would time
                // out.
                LOG.error("the sessions of a port could not be looked at", bug);
            }
        }
        walked.clear();
    }

    void stop() {
        ticking.cancel(false);
    }
}
