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
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
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
    public synchronized Future<List<Front>> fronts(Collection<InetAddress> addresses) {
        Future<List<Front>> opened = places;
        if (opened == null || opened.failed()) {
            opened = openFronts(addresses);
            places = opened;
        }
        return opened;
    }

    private Future<List<Front>> openFronts(Collection<InetAddress> addresses) {
        List<Future<Front>> all = new ArrayList<>();
        for (InetAddress address : addresses) {
            for (int i = 0; i < loops.size(); i++) {
                all.add(
                        TcpFront.open(parts, loops.get(i), i, address, steered(address))
                                .map(front -> {
                                    fronts(address).add(front);
                                    return front.place();
                                }));
            }
        }
        return Future.join(all).map(v -> all.stream().map(Future::result).toList());
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
        return fronts.size() < loops.size()
                ? Future.failedFuture(new IOException("ports cannot be steered here"))
                : Future.succeededFuture(
                        TcpListener.steered(
                                key, route, parts, loops, fronts, steered(key.address())));
    }

    /// How often accepting paused because the process had no descriptor left.
    public long acceptPauses() {
        return parts.acceptPauses().sum();
    }

    /// Stops the ticks; to be called when every listener has drained.
    public void close() {
        loops.forEach(TcpLoop::stop);
        frontsV4.forEach(TcpFront::end);
        frontsV6.forEach(TcpFront::end);
    }
}
