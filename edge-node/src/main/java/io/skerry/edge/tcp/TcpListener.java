package io.skerry.edge.tcp;

import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.Route;
import io.skerry.edge.listener.SteeredPorts;
import io.skerry.edge.session.EndReason;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// One TCP port: a listening socket on each of its event loops. A client and its origin connection
/// stay on the loop that accepted the client.
final class TcpListener implements Listener {
    private final ListenerKey key;
    private final TcpParts parts;
    private final List<TcpAcceptor> acceptors = new ArrayList<>();
    private final AtomicInteger undrained = new AtomicInteger();
    private volatile Route route;
    private volatile @Nullable Runnable whenDrained;
    private @Nullable SteeredPorts<TcpListener> steered;

    TcpListener(ListenerKey key, Route route, TcpParts parts) {
        this.key = key;
        this.route = route;
        this.parts = parts;
    }

    /// Opens the port on all the loops, or on none.
    static Future<Listener> open(
            ListenerKey key, Route route, TcpParts parts, List<TcpLoop> loops) {
        TcpListener listener = new TcpListener(key, route, parts);
        List<Future<ListeningSocket>> opening = new ArrayList<>();
        for (TcpLoop loop : loops) {
            opening.add(
                    listener.share(loop, (sockets, owner) -> sockets.listen(key, owner), false));
        }
        return listener.whenOpen(opening);
    }

    /// Takes sockets over that listen already, each on a loop.
    static Future<Listener> adopt(
            ListenerKey key,
            Route route,
            TcpParts parts,
            List<TcpLoop> loops,
            List<Integer> descriptors) {
        return adopt(key, route, parts, loops, descriptors, false);
    }

    private static Future<Listener> adopt(
            ListenerKey key,
            Route route,
            TcpParts parts,
            List<TcpLoop> loops,
            List<Integer> descriptors,
            boolean held) {
        TcpListener listener = new TcpListener(key, route, parts);
        List<Future<ListeningSocket>> opening = new ArrayList<>();
        for (int i = 0; i < descriptors.size(); i++) {
            int descriptor = descriptors.get(i);
            opening.add(
                    listener.share(
                            loops.get((key.port() + i) % loops.size()),
                            (sockets, owner) -> sockets.adopt(descriptor, owner),
                            held));
        }
        return listener.whenOpen(opening);
    }

    /// Takes sockets over from another process; accepts nobody before {@link #resume}.
    static Future<Listener> inherit(
            ListenerKey key,
            Route route,
            TcpParts parts,
            List<TcpLoop> loops,
            List<Integer> descriptors) {
        return adopt(key, route, parts, loops, descriptors, true);
    }

    /// A port that the fronts serve, each on its loop.
    ///
    /// @param fronts in the order of their numbers
    static TcpListener steered(
            ListenerKey key,
            Route route,
            TcpParts parts,
            List<TcpFront> fronts,
            SteeredPorts<TcpListener> ports) {
        TcpListener listener = new TcpListener(key, route, parts);
        for (TcpFront front : fronts) {
            listener.acceptors.add(TcpAcceptor.steered(listener, front.loop(), front.entrance()));
        }
        listener.steered = ports;
        ports.put(key.address(), key.port(), listener);
        return listener;
    }

    /// The share of a front, of a steered port.
    TcpAcceptor acceptor(int front) {
        return acceptors.get(front);
    }

    private Future<ListeningSocket> share(
            TcpLoop loop,
            BiFunction<TcpSockets, TcpAcceptor, Future<ListeningSocket>> open,
            boolean held) {
        TcpAcceptor acceptor = new TcpAcceptor(this, loop);
        acceptors.add(acceptor);
        Promise<ListeningSocket> opened = Promise.promise();
        loop.loop()
                .execute(() -> {
                    Future<ListeningSocket> socket =
                            open.apply(loop.sockets(), acceptor).onSuccess(acceptor::opened);
                    if (held) {
                        acceptor.hold();
                    }
                    socket.onComplete(opened);
                });
        return opened.future();
    }

    private Future<Listener> whenOpen(List<Future<ListeningSocket>> opening) {
        return Future.join(opening)
                .<Listener>map(all -> this)
                .recover(failed -> {
                    drain(() -> {});
                    return Future.failedFuture(failed);
                });
    }

    TcpParts parts() {
        return parts;
    }

    Route route() {
        return route;
    }

    @Override
    public ListenerKey key() {
        return key;
    }

    @Override
    public void reroute(Route next) {
        route = next;
    }

    @Override
    public List<Integer> sockets() {
        List<Integer> sockets = acceptors.stream().map(TcpAcceptor::descriptor).toList();
        return steered != null || sockets.contains(-1) ? List.of() : sockets;
    }

    /// A steered port is paused with the fronts.
    @Override
    public Future<Void> pause() {
        if (steered != null) {
            return Future.succeededFuture();
        }
        List<Future<Void>> paused = new ArrayList<>();
        for (TcpAcceptor each : acceptors) {
            Promise<Void> done = Promise.promise();
            paused.add(done.future());
            each.loop()
                    .execute(() -> {
                        each.hold();
                        done.complete();
                    });
        }
        return Future.all(paused).mapEmpty();
    }

    @Override
    public void resume() {
        if (steered == null) {
            acceptors.forEach(each -> each.loop().execute(each::accept));
        }
    }

    @Override
    public void drain(Runnable then) {
        undrained.set(acceptors.size());
        whenDrained = then;
        if (steered != null) {
            steered.remove(key.address(), key.port(), this);
        }
        for (TcpAcceptor each : acceptors) {
            each.loop().execute(each::closePort);
        }
    }

    void shareDrained() {
        Runnable then = whenDrained;
        if (undrained.decrementAndGet() == 0 && then != null) {
            then.run();
        }
    }

    @Override
    public void endSessions(EndReason reason) {
        for (TcpAcceptor each : acceptors) {
            each.loop().execute(() -> each.endSessions(reason));
        }
    }

    @Override
    public int sessions() {
        return acceptors.stream().mapToInt(TcpAcceptor::open).sum();
    }

    @Override
    public int descriptors() {
        return steered == null ? acceptors.size() : 0;
    }
}
