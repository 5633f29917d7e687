package io.skerry.edge.tcp;

import io.netty.channel.EventLoop;
import io.skerry.edge.listener.Front;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.ListenerFactory;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.listener.Route;
import io.skerry.edge.listener.SteeredPorts;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.session.SessionLimits;
import io.skerry.edge.transport.EventLoops;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Opens TCP ports on the event loops of a node.
public final class TcpListeners implements ListenerFactory {
    private final TcpParts parts;
    private final List<TcpLoop> loops;
    private final boolean sharesPorts;
    private final SteeredPorts<TcpListener> steeredV4 = new SteeredPorts<>();
    private final SteeredPorts<TcpListener> steeredV6 = new SteeredPorts<>();
    private final Collection<TcpFront> frontsV4 = new CopyOnWriteArrayList<>();
    private final Collection<TcpFront> frontsV6 = new CopyOnWriteArrayList<>();
    private @Nullable Future<List<Front>> places;

    /// @param loops the node's event loops; they stay the caller's
    /// @param headers tells origins who the client is
    /// @param beforeConnect looks at sockets towards origins
    /// @param own ports of this node, never an origin
    /// @param nanoClock time that only goes forward, in nanoseconds
    public TcpListeners(
            EventLoops loops,
            TcpSettings settings,
            ClientHeaders headers,
            BeforeConnect beforeConnect,
            SessionLimits limits,
            SessionMetrics metrics,
            OwnPorts own,
            LongSupplier nanoClock) {
        this.parts =
                new TcpParts(
                        settings,
                        headers,
                        beforeConnect,
                        limits,
                        metrics,
                        own,
                        nanoClock,
                        new LongAdder());
        List<TcpLoop> all = new ArrayList<>();
        for (EventLoop each : loops.all()) {
            TcpSockets sockets = TcpSockets.on(loops.transport(), each, settings);
            all.add(new TcpLoop(each, sockets, nanoClock));
        }
        this.sharesPorts = loops.transport().sharesPorts();
        this.loops = List.copyOf(all);
    }

    @Override
    public Future<Listener> open(ListenerKey key, Route route, int wanted) {
        int count = sharesPorts ? Math.clamp(wanted, 1, loops.size()) : 1;
        List<TcpLoop> used = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            // The same port on the same loops each time, so that closing it and opening it again
            // happen there in that order.
            used.add(loops.get((key.port() + i) % loops.size()));
        }
        return TcpListener.open(key, route, parts, used);
    }

    /// Opens a port with sockets that listen already, which are the listener's afterwards, also
    /// where it fails; with transport epoll only. What a client has dialled is asked of the system,
    /// since it may be any port.
    ///
    /// @param descriptors numbers of the sockets, one or more
    public Future<Listener> adopt(ListenerKey key, Route route, List<Integer> descriptors) {
        return TcpListener.adopt(key, route, parts, loops, descriptors);
    }

    @Override
    public Future<Listener> inherit(ListenerKey key, Route route, List<Integer> sockets) {
        return TcpListener.inherit(key, route, parts, loops, sockets);
    }

    @Override
    public synchronized Future<List<Front>> fronts(
            Collection<InetAddress> addresses, List<Front> inherited) {
        Future<List<Front>> opened = places;
        if (opened == null || opened.failed()) {
            opened = openFronts(addresses, inherited);
            places = opened;
        }
        return opened;
    }

    private Future<List<Front>> openFronts(
            Collection<InetAddress> addresses, List<Front> inherited) {
        List<Future<Front>> all = new ArrayList<>();
        Set<InetAddress> there = new HashSet<>();
        int count = inherited.stream().mapToInt(each -> each.loop() + 1).max().orElse(loops.size());
        for (Front each : inherited) {
            there.add(each.address());
            SteeredPorts<TcpListener> ports = steered(each.address());
            TcpLoop loop = loop(each.loop());
            all.add(
                    front(
                            each.address(),
                            TcpFront.inherit(parts, loop, each.loop(), each.fd(), ports)));
        }
        for (InetAddress address : addresses) {
            for (int i = 0; i < count && !there.contains(address); i++) {
                all.add(
                        front(
                                address,
                                TcpFront.open(parts, loop(i), i, address, steered(address))));
            }
        }
        return Future.join(all).map(v -> all.stream().map(Future::result).toList());
    }

    private TcpLoop loop(int front) {
        return loops.get(front % loops.size());
    }

    private Future<Front> front(InetAddress address, Future<TcpFront> opening) {
        return opening.map(front -> {
            fronts(address).add(front);
            return front.place();
        });
    }

    @Override
    public Future<Void> pauseFronts() {
        List<Future<Void>> held = new ArrayList<>();
        eachFront(front -> {
            Promise<Void> done = Promise.promise();
            held.add(done.future());
            front.loop()
                    .loop()
                    .execute(() -> {
                        front.hold();
                        done.complete();
                    });
        });
        return held.isEmpty() ? Future.succeededFuture() : Future.join(held).mapEmpty();
    }

    @Override
    public void resumeFronts() {
        eachFront(front -> front.loop().loop().execute(front::accept));
    }

    @Override
    public void forgetFronts() {
        eachFront(TcpFront::end);
    }

    private void eachFront(Consumer<TcpFront> action) {
        frontsV4.forEach(action);
        frontsV6.forEach(action);
    }

    private SteeredPorts<TcpListener> steered(InetAddress address) {
        return address instanceof Inet6Address ? steeredV6 : steeredV4;
    }

    private Collection<TcpFront> fronts(InetAddress address) {
        return address instanceof Inet6Address ? frontsV6 : frontsV4;
    }

    @Override
    public Future<Listener> openSteered(ListenerKey key, Route route) {
        List<TcpFront> fronts =
                fronts(key.address()).stream()
                        .sorted(Comparator.comparingInt(TcpFront::number))
                        .toList();
        return fronts.isEmpty()
                ? Future.failedFuture(new IOException("ports cannot be steered here"))
                : Future.succeededFuture(
                        TcpListener.steered(key, route, parts, fronts, steered(key.address())));
    }

    /// How often accepting paused because the process had no descriptor left.
    public long acceptPauses() {
        return parts.acceptPauses().sum();
    }

    /// Stops the ticks; to be called when every listener has drained.
    public void close() {
        loops.forEach(TcpLoop::stop);
        forgetFronts();
    }
}
