package io.skerry.edge.tcp;

import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ServerSocketChannel;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.transport.Channels;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Locale;

/// TCP over Netty's channels, for the transports that have no epoll loop.
final class ChannelSockets implements TcpSockets {
    private final Channels channels;
    private final EventLoop loop;
    private final TcpSettings settings;
    private final WriteBufferWaterMark marks;

    ChannelSockets(Channels channels, EventLoop loop, TcpSettings settings) {
        this.channels = channels;
        this.loop = loop;
        this.settings = settings;
        this.marks = new WriteBufferWaterMark(settings.lowWater(), settings.highWater());
    }

    EventLoop loop() {
        return loop;
    }

    /// When a socket's writer is to stop and may go on.
    WriteBufferWaterMark marks() {
        return marks;
    }

    /// Whether accepted sockets have keep-alive on by the listening one, without a call for each.
    boolean inheritsKeepAlive() {
        return channels.inheritsKeepAlive();
    }

    @Override
    public Future<ListeningSocket> listen(ListenerKey key, ListeningSocket.Owner owner) {
        ServerSocketChannel server;
        try {
            server = channels.newServer(key.address());
        } catch (ChannelException noSocket) {
            return Future.failedFuture(asIoException(key, noSocket));
        }
        ChannelListening listening = new ChannelListening(this, server, owner);
        server.config().setReuseAddress(true);
        server.config().setBacklog(settings.backlog());
        server.pipeline().addLast(listening);
        Promise<ListeningSocket> opened = Promise.promise();
        InetSocketAddress at = new InetSocketAddress(key.address(), key.port());
        loop.register(server)
                .addListener(
                        (ChannelFutureListener)
                                registered -> {
                                    if (registered.isSuccess()) {
                                        server.bind(at)
                                                .addListener(
                                                        (ChannelFutureListener)
                                                                bound ->
                                                                        tell(
                                                                                opened, key, bound,
                                                                                listening));
                                    } else {
                                        tell(opened, key, registered, listening);
                                    }
                                });
        return opened.future();
    }

    private static void tell(
            Promise<ListeningSocket> opened,
            ListenerKey key,
            ChannelFuture done,
            ChannelListening listening) {
        Throwable cause = done.cause();
        if (done.isSuccess()) {
            opened.complete(listening);
        } else {
            ChannelSocket.abandon(done.channel());
            opened.fail(
                    cause == null
                            ? new IOException(key + ": cancelled")
                            : asIoException(key, cause));
        }
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

    @Override
    public Future<ListeningSocket> adopt(int descriptor, ListeningSocket.Owner owner) {
        return Future.failedFuture(
                new IOException("only transport epoll takes over sockets that listen already"));
    }

    @Override
    public TcpSocket open(InetAddress origin) throws IOException {
        try {
            return new ChannelSocket(this, channels.newSocket(origin));
        } catch (ChannelException noSocket) {
            throw new IOException(noSocket);
        }
    }
}
