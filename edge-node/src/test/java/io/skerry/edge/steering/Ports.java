package io.skerry.edge.steering;

import io.skerry.edge.bpf.Kernel;
import io.skerry.edge.listener.Front;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.ListenerFactory;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.Route;
import io.skerry.edge.listener.Steering;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.vertx.core.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Opens the ports of a test in one of the ways. A listener of either is drained alike.
public sealed interface Ports extends AutoCloseable {
    Future<Listener> open(ListenerKey key, Route route);

    /// Steers nothing any more.
    @Override
    void close();

    /// Skips the test where the machine cannot steer and is to.
    static Ports of(Way way, ListenerFactory factory) {
        return switch (way) {
            case EPOLL, IO_URING, NIO -> new Sockets(factory);
            case STEERED -> Steered.start(factory);
        };
    }

    /// A socket for each port and loop.
    record Sockets(ListenerFactory factory) implements Ports {
        @Override
        public Future<Listener> open(ListenerKey key, Route route) {
            return factory.open(key, route, 2);
        }

        @Override
        public void close() {}
    }

    /// All ports on the fronts of the loops. Changes of the kernel's table come one after the other
    /// and, where a port is closed, once its sessions go on by themselves, as a node makes them.
    final class Steered implements Ports {
        private static final List<InetAddress> HOMES =
                Stream.of("127.0.0.1", "::1").map(ip -> IpText.parse(ip).orElseThrow()).toList();

        private final ListenerFactory factory;
        private final Steering steering;
        private final List<Front> fronts;
        private Future<Void> changes = Future.succeededFuture();

        private Steered(ListenerFactory factory, Steering steering, List<Front> fronts) {
            this.factory = factory;
            this.steering = steering;
            this.fronts = fronts;
        }

        static Steered start(ListenerFactory factory) {
            Kernel.required();
            // Nothing is reserved, so the folder is never written to.
            ReservedPorts reserved = new ReservedPorts(Path.of("nowhere"));
            Steering steering =
                    KernelSteering.of(
                            new SteeringSettings(Steering.Mode.ON, 10_000),
                            reserved,
                            new OutgoingPorts());
            Steered started =
                    new Steered(factory, steering, await(factory.fronts(HOMES, List.of())));
            // Attached from the start, so that a test may count descriptors from here on.
            ListenerKey nobody = new ListenerKey(Protocol.TCP, HOMES.getFirst(), 1);
            await(started.change(List.of(), List.of(nobody)));
            await(started.change(List.of(nobody), List.of()));
            return started;
        }

        private static <T> T await(Future<T> future) {
            try {
                return future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
            } catch (Exception failed) {
                throw new IllegalStateException("no steering", failed);
            }
        }

        private Future<Void> change(List<ListenerKey> closed, List<ListenerKey> opened) {
            try {
                steering.change(fronts, closed, opened);
                return Future.succeededFuture();
            } catch (IOException refused) {
                return Future.failedFuture(refused);
            }
        }

        @Override
        public synchronized Future<Listener> open(ListenerKey key, Route route) {
            Future<Listener> opened =
                    changes.compose(done -> factory.openSteered(key, route))
                            .compose(listener ->
                                    change(List.of(), List.of(key))
                                            .<Listener>map(done -> new Port(listener)));
            changes = opened.mapEmpty();
            return opened;
        }

        private synchronized void closed(ListenerKey key) {
            changes =
                    changes.compose(done -> factory.settled())
                            .compose(done -> change(List.of(key), List.of()));
        }

        @Override
        public void close() {
            steering.close();
        }

        /// A steered port, which the kernel is told of when it closes.
        private final class Port implements Listener {
            private final Listener listener;

            Port(Listener listener) {
                this.listener = listener;
            }

            @Override
            public ListenerKey key() {
                return listener.key();
            }

            @Override
            public void reroute(Route route) {
                listener.reroute(route);
            }

            @Override
            public void drain(Runnable whenDrained) {
                listener.drain(whenDrained);
                closed(key());
            }

            @Override
            public void endWhenQuiet() {
                listener.endWhenQuiet();
            }

            @Override
            public void endSessions(EndReason reason) {
                listener.endSessions(reason);
            }

            @Override
            public int sessions() {
                return listener.sessions();
            }

            @Override
            public int descriptors() {
                return listener.descriptors();
            }
        }
    }
}
