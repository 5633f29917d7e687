package io.skerry.edge.udp;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.skerry.edge.handover.OpenSocket;
import io.skerry.edge.listener.Front;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.ListenerFactory;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.listener.Route;
import io.skerry.edge.listener.SteeredPorts;
import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.metrics.Limit;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.session.SessionLimits;
import io.skerry.edge.transport.OutgoingPorts;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Opens UDP ports on the event loops that TCP uses too, where these wait with epoll or NIO; beside
/// loops of another kind it has some of its own.
public final class UdpListeners implements ListenerFactory {
    private final List<UdpLoop> loops = new ArrayList<>();
    private final UdpNode node;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger numbers = new AtomicInteger();
    private final ConcurrentHashMap<Integer, Future<Void>> closing = new ConcurrentHashMap<>();

    private final @Nullable EventLoopGroup ownGroup;
    private final int receiveBuffer;
    private final int sessionsPerClient;
    private final Supplier<List<InetAddress>> addresses;
    private final OutgoingPorts outgoing;
    private final SteeredPorts<UdpListener> steeredV4 = new SteeredPorts<>();
    private final SteeredPorts<UdpListener> steeredV6 = new SteeredPorts<>();
    private final List<UdpFront> openFronts = new CopyOnWriteArrayList<>();
    private @Nullable Future<List<Front>> fronts;

    /// Fronts of each family: those of the process taken over from, or one for each loop.
    private volatile int frontsEach;

    /// @param group the event loops; stays the caller's
    public UdpListeners(
            Iterable<EventExecutor> group,
            OwnPorts own,
            SessionLimits limits,
            SessionMetrics metrics,
            UdpSettings settings) {
        this(group, own, limits, metrics, settings, new OutgoingPorts());
    }

    /// @param group the event loops; stays the caller's
    /// @param outgoing from which ports sockets towards origins may leave
    public UdpListeners(
            Iterable<EventExecutor> group,
            OwnPorts own,
            SessionLimits limits,
            SessionMetrics metrics,
            UdpSettings settings,
            OutgoingPorts outgoing) {
        this(group, own, limits, metrics, settings, outgoing, NioSockets::addressesOfMachine);
    }

    UdpListeners(
            Iterable<EventExecutor> group,
            OwnPorts own,
            SessionLimits limits,
            SessionMetrics metrics,
            UdpSettings settings,
            Supplier<List<InetAddress>> addresses) {
        this(group, own, limits, metrics, settings, new OutgoingPorts(), addresses);
    }

    UdpListeners(
            Iterable<EventExecutor> group,
            OwnPorts own,
            SessionLimits limits,
            SessionMetrics metrics,
            UdpSettings settings,
            OutgoingPorts outgoing,
            Supplier<List<InetAddress>> addresses) {
        this.outgoing = outgoing;
        this.addresses = addresses;
        receiveBuffer = settings.receiveBufferBytes();
        sessionsPerClient = settings.sessionsPerClient();
        Admission admission = new Admission(limits, sessionsPerClient);
        node = new UdpNode(own, metrics, admission);
        int count = 0;
        for (EventExecutor executor : group) {
            add(executor, metrics);
            count++;
        }
        ownGroup = loops.isEmpty() ? ownLoops(count) : null;
        if (ownGroup != null) {
            ownGroup.forEach(executor -> add(executor, metrics));
        }
    }

    private void add(EventExecutor executor, SessionMetrics metrics) {
        if (executor instanceof IoEventLoop loop
                && (loop.isCompatible(EpollIoHandle.class)
                        || loop.isCompatible(NioIoHandle.class))) {
            loops.add(new UdpLoop(loop, metrics, receiveBuffer, outgoing, addresses));
        }
    }

    private static EventLoopGroup ownLoops(int count) {
        AtomicInteger number = new AtomicInteger();
        ThreadFactory threads =
                task -> new FastThreadLocalThread(task, "edge-udp-" + number.getAndIncrement());
        return new MultiThreadIoEventLoopGroup(
                count,
                threads,
                Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    /// What bounds sessions beside what TCP has too.
    public Limit sessionsPerClient() {
        return new Limit(
                "udp.sessions-per-client",
                () -> sessionsPerClient,
                () -> node.metrics().droppedBy(DropReason.CLIENT_LIMIT));
    }

    /// Ends the loops of its own, if any, and with them what is open there; to be called when every
    /// listener has drained.
    public void close() {
        forgetFronts();
        if (ownGroup != null) {
            // With no quiet time at all Netty 4.2.18 may end a loop without closing its sockets.
            var _ = ownGroup.shutdownGracefully(1, 5_000, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public Future<Listener> open(ListenerKey key, Route route, int wanted) {
        Future<Void> before = closing.getOrDefault(key.port(), Future.succeededFuture());
        return before.compose(gone -> {
            UdpListener listener = new UdpListener(key, route, this::closing);
            List<UdpLoop> chosen = choose(wanted);
            Promise<Listener> opened = Promise.promise();
            bind(listener, chosen.iterator(), new ArrayList<>(), opened);
            return opened.future();
        });
    }

    @Override
    public Future<Listener> inherit(ListenerKey key, Route route, List<Integer> sockets) {
        UdpListener listener = new UdpListener(key, route, this::closing);
        List<UdpPort> ports = new ArrayList<>();
        int first = Math.floorMod(next.getAndIncrement(), loops.size());
        for (int descriptor : sockets) {
            UdpLoop loop = loops.get((first + ports.size()) % loops.size());
            UdpSocket socket = loop.sockets.of(descriptor);
            ports.add(new UdpPort(listener, node, loop, socket, numbers.incrementAndGet()));
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

    @Override
    public synchronized Future<List<Front>> fronts(
            Collection<InetAddress> homes, List<Front> inherited) {
        Future<List<Front>> opened = fronts;
        if (opened == null || opened.failed()) {
            List<Future<Front>> all = new ArrayList<>();
            Set<InetAddress> there = new HashSet<>();
            frontsEach =
                    inherited.stream().mapToInt(each -> each.loop() + 1).max().orElse(loops.size());
            for (Front each : inherited) {
                there.add(each.address());
                all.add(front(each.loop(), each.address(), each));
            }
            for (InetAddress home : homes) {
                for (int i = 0; i < frontsEach && !there.contains(home); i++) {
                    all.add(front(i, home, null));
                }
            }
            opened = Future.join(all).map(v -> all.stream().map(Future::result).toList());
            fronts = opened;
        }
        return opened;
    }

    /// @param inherited the socket of another process; null where one is to be opened
    private Future<Front> front(int number, InetAddress home, @Nullable Front inherited) {
        Promise<Front> opened = Promise.promise();
        UdpLoop loop = loop(number);
        loop.execute(() -> {
            try {
                EpollSocket socket =
                        inherited == null
                                ? loop.sockets.front(home)
                                : loop.sockets.of(inherited.fd());
                boolean v6 = home instanceof Inet6Address;
                UdpFront front =
                        new UdpFront(loop, number, v6, socket, steered(home), node.metrics());
                openFronts.add(front);
                if (inherited == null) {
                    front.read();
                }
                opened.complete(front.place());
            } catch (IOException refused) {
                opened.fail(refused);
            }
        });
        return opened.future();
    }

    private UdpLoop loop(int front) {
        return loops.get(front % loops.size());
    }

    @Override
    public Future<Void> pauseFronts() {
        List<Future<Void>> held = new ArrayList<>();
        for (UdpFront front : openFronts) {
            Promise<Void> done = Promise.promise();
            held.add(done.future());
            front.loop()
                    .execute(() -> {
                        front.hold();
                        done.complete();
                    });
        }
        return held.isEmpty() ? Future.succeededFuture() : Future.join(held).mapEmpty();
    }

    @Override
    public void resumeFronts() {
        for (UdpFront front : openFronts) {
            front.loop()
                    .execute(() -> {
                        try {
                            front.read();
                        } catch (IOException refused) {
                            throw new UncheckedIOException("a front is not read", refused);
                        }
                    });
        }
    }

    @Override
    public void forgetFronts() {
        openFronts.forEach(UdpFront::close);
    }

    private SteeredPorts<UdpListener> steered(InetAddress address) {
        return address instanceof Inet6Address ? steeredV6 : steeredV4;
    }

    @Override
    public Future<Listener> openSteered(ListenerKey key, Route route) {
        Future<Void> before = closing.getOrDefault(key.port(), Future.succeededFuture());
        return before.map(gone -> {
            UdpListener listener = new UdpListener(key, route, this::closing);
            List<UdpPort> ports = new ArrayList<>();
            for (int i = 0; i < frontsEach; i++) {
                ports.add(new UdpPort(listener, node, loop(i), null, numbers.incrementAndGet()));
            }
            listener.openedSteered(ports, steered(key.address()));
            return listener;
        });
    }

    @Override
    public Future<Void> settled() {
        List<Future<Void>> all = List.copyOf(closing.values());
        return all.isEmpty() ? Future.succeededFuture() : Future.join(all).mapEmpty();
    }

    private List<UdpLoop> choose(int wanted) {
        int first = Math.floorMod(next.getAndIncrement(), loops.size());
        int most = loops.get(first).sockets.sharesPorts() ? loops.size() : 1;
        List<UdpLoop> chosen = new ArrayList<>();
        for (int i = 0; i < Math.clamp(wanted, 1, most); i++) {
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

    /// Opens the port on one loop after the other, each on its own thread; all or none.
    private void bind(
            UdpListener listener,
            Iterator<UdpLoop> rest,
            List<UdpPort> ports,
            Promise<Listener> opened) {
        if (!rest.hasNext()) {
            listener.opened(ports);
            opened.complete(listener);
            return;
        }
        UdpLoop loop = rest.next();
        loop.execute(() -> {
            try {
                ports.add(open(listener, loop, ports.isEmpty()));
            } catch (IOException refused) {
                closeAll(ports);
                opened.fail(refused);
                return;
            }
            bind(listener, rest, ports, opened);
        });
    }

    private UdpPort open(UdpListener listener, UdpLoop loop, boolean first) throws IOException {
        ListenerKey key = listener.key();
        UdpSockets.Sharing sharing =
                first ? node.sharing(key.port()) : UdpSockets.Sharing.FROM_THE_START;
        UdpSocket socket = loop.sockets.listening(key.address(), key.port(), sharing);
        UdpPort port = new UdpPort(listener, node, loop, socket, numbers.incrementAndGet());
        try {
            port.register();
            return port;
        } catch (IOException refused) {
            port.close();
            throw refused;
        }
    }

    private static void closeAll(List<UdpPort> ports) {
        for (UdpPort port : ports) {
            port.loop()
                    .execute(() -> {
                        port.endSessions(EndReason.SHUTDOWN);
                        port.close();
                    });
        }
    }
}
