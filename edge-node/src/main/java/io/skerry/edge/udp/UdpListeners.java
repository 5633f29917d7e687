package io.skerry.edge.udp;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.skerry.edge.handover.OpenSocket;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.ListenerFactory;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.listener.Route;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.session.SessionLimits;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Opens UDP ports on the event loops that TCP uses too. The loops must be epoll's: on others every
/// port is refused.
public final class UdpListeners implements ListenerFactory {
    private final List<UdpLoop> loops = new ArrayList<>();
    private final UdpNode node;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger numbers = new AtomicInteger();
    private final ConcurrentHashMap<Integer, Future<Void>> closing = new ConcurrentHashMap<>();

    private final @Nullable EventLoopGroup ownGroup;

    /// @param group the event loops; stays the caller's
    public UdpListeners(
            Iterable<EventExecutor> group,
            OwnPorts own,
            SessionLimits limits,
            SessionMetrics metrics,
            UdpSettings settings) {
        Admission admission = new Admission(limits, settings.sessionsPerClient());
        node = new UdpNode(own, metrics, admission, settings);
        int count = 0;
        for (EventExecutor executor : group) {
            add(executor, metrics);
            count++;
        }
        ownGroup = loops.isEmpty() && Epoll.isAvailable() ? epollLoops(count) : null;
        if (ownGroup != null) {
            ownGroup.forEach(executor -> add(executor, metrics));
        }
    }

    private void add(EventExecutor executor, SessionMetrics metrics) {
        if (executor instanceof IoEventLoop loop && loop.isCompatible(EpollIoHandle.class)) {
            loops.add(new UdpLoop(loop, metrics));
        }
    }

    private static EventLoopGroup epollLoops(int count) {
        AtomicInteger number = new AtomicInteger();
        ThreadFactory threads =
                task -> new FastThreadLocalThread(task, "edge-udp-" + number.getAndIncrement());
        return new MultiThreadIoEventLoopGroup(count, threads, EpollIoHandler.newFactory());
    }

    /// Ends the loops of its own, if any, and with them what is open there; to be called when every
    /// listener has drained.
    public void close() {
        if (ownGroup != null) {
            // With no quiet time at all Netty 4.2.18 may end a loop without closing its sockets.
            var _ = ownGroup.shutdownGracefully(1, 5_000, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public Future<Listener> open(ListenerKey key, Route route, int wanted) {
        if (loops.isEmpty()) {
            return Future.failedFuture(
                    new IOException("UDP needs epoll, which this system does not have"));
        }
        Future<Void> before = closing.getOrDefault(key.port(), Future.succeededFuture());
        return before.compose(gone -> {
            UdpListener listener = new UdpListener(key, route, this::closing);
            List<UdpLoop> chosen = choose(wanted);
            Promise<Listener> opened = Promise.promise();
            chosen.get(0).execute(() -> bind(listener, chosen, opened));
            return opened.future();
        });
    }

    @Override
    public Future<Listener> inherit(ListenerKey key, Route route, List<Integer> sockets) {
        if (loops.isEmpty()) {
            return Future.failedFuture(new IOException("UDP needs epoll"));
        }
        UdpListener listener = new UdpListener(key, route, this::closing);
        List<UdpPort> ports = new ArrayList<>();
        int first = Math.floorMod(next.getAndIncrement(), loops.size());
        for (int fd : sockets) {
            UdpLoop loop = loops.get((first + ports.size()) % loops.size());
            ports.add(new UdpPort(listener, node, loop, fd, numbers.incrementAndGet()));
        }
        listener.opened(ports);
        return Future.succeededFuture(listener);
    }

    @Override
    public Future<List<OpenSocket>> pauseSessions() {
        List<Future<List<OpenSocket>>> parts = new ArrayList<>();
        for (UdpLoop loop : loops) {
            Promise<List<OpenSocket>> part = Promise.promise();
            parts.add(part.future());
            loop.execute(() -> {
                loop.touch();
                loop.paused.addAll(loop.sessions.list(UdpSession::goesOver));
                part.complete(loop.paused.stream().map(UdpSession::pause).toList());
            });
        }
        return Future.all(parts)
                .map(all -> parts.stream().flatMap(part -> part.result().stream()).toList());
    }

    @Override
    public void resumeSessions() {
        eachPaused(UdpSession::resume);
    }

    @Override
    public void forgetSessions() {
        eachPaused(session -> session.end(EndReason.HANDED_OVER));
    }

    private void eachPaused(Consumer<UdpSession> action) {
        for (UdpLoop loop : loops) {
            loop.execute(() -> {
                List<UdpSession> all = List.copyOf(loop.paused);
                loop.paused.clear();
                all.stream().filter(session -> !session.hasEnded()).forEach(action);
            });
        }
    }

    @Override
    public void adoptSession(Listener listener, int index, OpenSocket session) {
        ((UdpListener) listener)
                .adopt(index, SessionState.read(session.about()), session.descriptor());
    }

    private List<UdpLoop> choose(int wanted) {
        int first = Math.floorMod(next.getAndIncrement(), loops.size());
        List<UdpLoop> chosen = new ArrayList<>();
        for (int i = 0; i < Math.clamp(wanted, 1, loops.size()); i++) {
            chosen.add(loops.get((first + i) % loops.size()));
        }
        return chosen;
    }

    /// A port that is being closed is opened again only afterwards.
    private void closing(UdpListener listener, Future<Void> closed) {
        int port = listener.key().port();
        Future<Void> all =
                closing.compute(
                        port,
                        (key, other) -> other == null ? closed : other.compose(gone -> closed));
        all.onComplete(done -> closing.remove(port, all));
    }

    /// Binds all sockets on the first loop's thread, then has each loop take its own.
    private void bind(UdpListener listener, List<UdpLoop> chosen, Promise<Listener> opened) {
        ListenerKey key = listener.key();
        UdpLoop first = chosen.get(0);
        List<UdpPort> ports = new ArrayList<>();
        try {
            UdpNode.Sharing sharing = node.sharing(key.port());
            for (UdpLoop loop : chosen) {
                int fd = node.bind(first, key.address(), key.port(), sharing);
                node.makeListening(first.calls, fd, key.address());
                ports.add(new UdpPort(listener, node, loop, fd, numbers.incrementAndGet()));
                sharing = UdpNode.Sharing.FROM_THE_START;
            }
        } catch (IOException refused) {
            closeAll(ports);
            opened.fail(refused);
            return;
        }
        listener.opened(ports);
        AtomicInteger left = new AtomicInteger(ports.size());
        for (UdpPort port : ports) {
            port.loop().execute(() -> register(port, ports, left, listener, opened));
        }
    }

    private static void register(
            UdpPort port,
            List<UdpPort> all,
            AtomicInteger left,
            UdpListener listener,
            Promise<Listener> opened) {
        try {
            port.register();
        } catch (IOException refused) {
            if (opened.tryFail(refused)) {
                closeAll(all);
            }
            return;
        }
        if (left.decrementAndGet() == 0) {
            opened.tryComplete(listener);
        }
    }

    private static void closeAll(List<UdpPort> ports) {
        for (UdpPort port : ports) {
            port.loop().execute(port::close);
        }
    }
}
