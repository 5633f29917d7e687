package io.skerry.edge.tcp;

import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.socket.ServerSocketChannel;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.Route;
import io.skerry.edge.listener.SteeredPorts;
import io.skerry.edge.session.EndReason;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// One TCP port: a listening socket on each of its event loops. A client and its origin connection
/// stay on the loop that accepted the client.
final class TcpListener implements Listener {
    /// @param server null where the port is steered
    private record Share(TcpAcceptor acceptor, @Nullable ServerSocketChannel server) {}

    private final ListenerKey key;
    private final TcpParts parts;
    private final List<Share> shares = new ArrayList<>();
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
        try {
            for (TcpLoop loop : loops) {
                listener.shares.add(listener.share(loop));
            }
        } catch (ChannelException noSocket) {
            listener.shares.forEach(TcpListener::abandon);
            return Future.failedFuture(asIoException(key, noSocket));
        }
        List<Future<Void>> bound = new ArrayList<>();
        for (Share each : listener.shares) {
            if (each.server() != null) {
                bound.add(listener.bind(each.acceptor(), each.server()));
            }
        }
        return Future.join(bound)
                .<Listener>map(all -> listener)
                .recover(failed -> {
                    listener.drain(() -> {});
                    return Future.failedFuture(asIoException(key, failed));
                });
    }

    /// A port that the fronts of all loops serve.
    static TcpListener steered(
            ListenerKey key,
            Route route,
            TcpParts parts,
            List<TcpLoop> loops,
            SteeredPorts<TcpListener> ports) {
        TcpListener listener = new TcpListener(key, route, parts);
        for (TcpLoop loop : loops) {
            listener.shares.add(new Share(new TcpAcceptor(listener, loop), null));
        }
        listener.steered = ports;
        ports.put(key.address(), key.port(), listener);
        return listener;
    }

    /// The share of a loop, of a steered port.
    TcpAcceptor acceptor(int loop) {
        return shares.get(loop).acceptor();
    }

    private static void abandon(Share share) {
        if (share.server() != null) {
            share.server().unsafe().closeForcibly();
        }
    }

    private Share share(TcpLoop loop) {
        ServerSocketChannel server = parts.transport().newServer(key.address());
        TcpAcceptor acceptor = new TcpAcceptor(this, loop);
        server.config().setReuseAddress(true);
        server.config().setBacklog(parts.settings().backlog());
        server.pipeline().addLast(acceptor);
        return new Share(acceptor, server);
    }

    private Future<Void> bind(TcpAcceptor acceptor, ServerSocketChannel server) {
        Promise<Void> promise = Promise.promise();
        ChannelFutureListener tell =
                done -> {
                    if (done.isSuccess()) {
                        promise.complete();
                    } else {
                        promise.fail(cause(done));
                    }
                };
        acceptor.loop()
                .register(server)
                .addListener(
                        (ChannelFutureListener)
                                registered -> {
                                    if (registered.isSuccess()) {
                                        server.bind(
                                                        new InetSocketAddress(
                                                                key.address(), key.port()))
                                                .addListener(tell);
                                    } else {
                                        promise.fail(cause(registered));
                                    }
                                });
        return promise.future();
    }

    private static Throwable cause(ChannelFuture failed) {
        Throwable cause = failed.cause();
        return cause == null ? new IOException("cancelled") : cause;
    }

    private static IOException asIoException(ListenerKey key, Throwable cause) {
        Throwable root =
                cause instanceof ChannelException && cause.getCause() != null
                        ? cause.getCause()
                        : cause;
        String message = String.valueOf(root.getMessage());
        if (root instanceof BindException bind) {
            return bind;
        }
        if (message.toLowerCase(Locale.ROOT).contains("address already in use")) {
            BindException taken = new BindException(key + ": " + message);
            taken.initCause(root);
            return taken;
        }
        return root instanceof IOException io ? io : new IOException(key + ": " + message, root);
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
    public void drain(Runnable then) {
        undrained.set(shares.size());
        whenDrained = then;
        if (steered != null) {
            steered.remove(key.address(), key.port(), this);
        }
        for (Share share : shares) {
            share.acceptor().loop().execute(() -> close(share));
        }
    }

    private void close(Share share) {
        ServerSocketChannel server = share.server();
        if (server != null && server.isRegistered()) {
            server.close().addListener(closed -> share.acceptor().portClosed());
        } else {
            abandon(share);
            share.acceptor().portClosed();
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
        for (Share share : shares) {
            share.acceptor().loop().execute(() -> share.acceptor().endSessions(reason));
        }
    }

    @Override
    public int sessions() {
        return shares.stream().mapToInt(share -> share.acceptor().open()).sum();
    }

    @Override
    public int descriptors() {
        return steered == null ? shares.size() : 0;
    }
}
