package io.skerry.edge.udp;

import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.Route;
import io.skerry.edge.listener.SteeredPorts;
import io.skerry.edge.session.EndReason;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;

/// An open UDP port: one socket on each of its event loops, among which the kernel spreads clients.
final class UdpListener implements Listener {
    private final ListenerKey key;
    private final AtomicInteger sessions = new AtomicInteger();
    private final AtomicBoolean drains = new AtomicBoolean();
    private final AtomicBoolean drained = new AtomicBoolean();
    private final Promise<Void> closed = Promise.promise();
    private final BiConsumer<UdpListener, Future<Void>> whenDraining;
    private volatile Route route;
    private volatile boolean steered;
    private volatile boolean endsQuiet;
    private volatile List<UdpPort> ports = List.of();
    private volatile Runnable whenDrained = () -> {};

    /// @param whenDraining told when the port is being closed, with the future of its end
    UdpListener(ListenerKey key, Route route, BiConsumer<UdpListener, Future<Void>> whenDraining) {
        this.key = key;
        this.route = route;
        this.whenDraining = whenDraining;
    }

    void opened(List<UdpPort> all) {
        ports = List.copyOf(all);
    }

    int indexOf(UdpPort port) {
        return ports.indexOf(port);
    }

    @Override
    public List<Integer> sockets() {
        return steered
                ? List.of()
                : ports.stream().map(port -> port.socket().descriptor()).toList();
    }

    /// A steered port is paused with the fronts.
    @Override
    public Future<Void> pause() {
        if (steered) {
            return Future.succeededFuture();
        }
        List<Future<Void>> paused = new ArrayList<>();
        for (UdpPort port : ports) {
            Promise<Void> done = Promise.promise();
            paused.add(done.future());
            port.loop()
                    .execute(() -> {
                        port.pause();
                        done.complete();
                    });
        }
        return Future.all(paused).mapEmpty();
    }

    @Override
    public void resume() {
        if (!steered) {
            ports.forEach(port -> port.loop().execute(port::resume));
        }
    }

    /// Goes on with a session that dialled the socket of that index; of a steered port, that came
    /// by the front of that number.
    void adopt(int index, SessionState state, int fd) {
        UdpPort port = ports.get(Math.floorMod(index, ports.size()));
        port.loop().execute(() -> port.adopt(state, fd));
    }

    /// Opened as a steered port, for each front; it has no sockets of its own to speak of.
    void openedSteered(List<UdpPort> all, SteeredPorts<UdpListener> table) {
        opened(all);
        steered = true;
        table.put(key.address(), key.port(), this);
        closed.future().onComplete(v -> table.remove(key.address(), key.port(), this));
    }

    /// The share of a front, of a steered port.
    UdpPort port(int front) {
        return ports.get(front);
    }

    @Override
    public ListenerKey key() {
        return key;
    }

    Route route() {
        return route;
    }

    @Override
    public void reroute(Route other) {
        route = other;
    }

    /// Sessions go on through sockets of their own, connected to their client; when all have
    /// theirs, on all loops, the listening sockets are closed. Until then, a few milliseconds,
    /// these serve known clients only.
    @Override
    public void drain(Runnable runnable) {
        if (!drains.compareAndSet(false, true)) {
            throw new IllegalStateException("draining twice: " + key);
        }
        whenDrained = runnable;
        whenDraining.accept(this, closed.future());
        List<UdpPort> all = ports;
        AtomicInteger left = new AtomicInteger(all.size());
        for (UdpPort port : all) {
            port.loop()
                    .execute(() ->
                            port.handOver(() -> {
                                if (left.decrementAndGet() == 0) {
                                    close(all);
                                }
                            }));
        }
    }

    private void close(List<UdpPort> all) {
        AtomicInteger left = new AtomicInteger(all.size());
        for (UdpPort port : all) {
            port.loop()
                    .execute(() -> {
                        port.close();
                        port.loop()
                                .inNextTurn(() -> {
                                    if (left.decrementAndGet() == 0) {
                                        closed.complete();
                                        checkDrained();
                                    }
                                });
                    });
        }
    }

    @Override
    public void endWhenQuiet() {
        endsQuiet = true;
    }

    /// Whether sessions end as soon as they are quiet.
    boolean endsQuiet() {
        return endsQuiet;
    }

    @Override
    public void endSessions(EndReason reason) {
        for (UdpPort port : ports) {
            port.loop().execute(() -> port.endSessions(reason));
        }
    }

    void sessionBegan() {
        sessions.incrementAndGet();
    }

    void sessionEnded() {
        sessions.decrementAndGet();
        if (drains.get()) {
            checkDrained();
        }
    }

    private void checkDrained() {
        boolean done = closed.future().isComplete() && sessions.get() == 0;
        if (done && drained.compareAndSet(false, true)) {
            whenDrained.run();
        }
    }

    @Override
    public int sessions() {
        return sessions.get();
    }

    @Override
    public int descriptors() {
        return steered || closed.future().isComplete() ? 0 : ports.size();
    }
}
