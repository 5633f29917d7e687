package io.skerry.edge.tcp;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.UnixChannel;
import io.skerry.edge.listener.Front;
import io.skerry.edge.listener.SteeredPorts;
import io.skerry.edge.session.EndReason;
import io.skerry.shared.net.Protocol;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A listening socket of one event loop that takes the clients of all steered ports: who is
/// connected to what is read from the connection itself. Runs on that event loop.
final class TcpFront extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(TcpFront.class);

    private final TcpParts parts;
    private final int loop;
    private final ServerSocketChannel server;
    private final SteeredPorts<TcpListener> ports;
    private boolean paused;

    private TcpFront(
            TcpParts parts, int loop, ServerSocketChannel server, SteeredPorts<TcpListener> ports) {
        this.parts = parts;
        this.loop = loop;
        this.server = server;
        this.ports = ports;
    }

    /// Listens on a port of the system's choice.
    ///
    /// @param number of the loop
    static Future<TcpFront> open(
            TcpParts parts,
            TcpLoop loop,
            int number,
            InetAddress address,
            SteeredPorts<TcpListener> ports) {
        ServerSocketChannel server;
        try {
            server = parts.transport().newServer(address);
        } catch (io.netty.channel.ChannelException noSocket) {
            return Future.failedFuture(new IOException("a front could not be opened", noSocket));
        }
        server.config().setReuseAddress(true);
        server.config().setBacklog(parts.settings().backlog());
        TcpFront front = new TcpFront(parts, number, server, ports);
        server.pipeline().addLast(front);
        Promise<TcpFront> opened = Promise.promise();
        loop.loop()
                .register(server)
                .addListener(registered ->
                        server.bind(new InetSocketAddress(address, 0))
                                .addListener(bound -> {
                                    if (bound.isSuccess()) {
                                        opened.complete(front);
                                    } else {
                                        front.close();
                                        opened.fail(bound.cause());
                                    }
                                }));
        return opened.future();
    }

    Front place() {
        InetSocketAddress at = server.localAddress();
        int fd = ((UnixChannel) server).fd().intValue();
        return new Front(Protocol.TCP, loop, at.getAddress(), at.getPort(), fd);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object accepted) {
        SocketChannel client = (SocketChannel) accepted;
        InetSocketAddress dialled = client.localAddress();
        TcpListener listener =
                dialled == null ? null : ports.find(dialled.getAddress(), dialled.getPort());
        if (listener == null) {
            // Reset already, or its port has been closed while it waited.
            parts.metrics().refused(Protocol.TCP, EndReason.CLIENT_RESET);
            TcpSession.end(client, true);
        } else {
            listener.acceptor(loop).channelRead(context, client);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (!(cause instanceof IOException)) {
            LOG.error("accepting on steered ports broke", cause);
        } else if (!paused) {
            paused = true;
            parts.acceptPauses().increment();
            LOG.warn("accepting on steered ports pauses: {}", cause.getMessage());
            context.channel().config().setAutoRead(false);
            var _ =
                    context.executor()
                            .schedule(
                                    () -> {
                                        paused = false;
                                        context.channel().config().setAutoRead(true);
                                    },
                                    TcpAcceptor.ACCEPT_PAUSE_MILLIS,
                                    TimeUnit.MILLISECONDS);
        }
    }

    void close() {
        var _ = server.close();
    }
}
