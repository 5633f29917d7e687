package io.skerry.edge.tcp;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A listening channel of Netty's.
final class ChannelListening extends ChannelInboundHandlerAdapter implements ListeningSocket {
    private static final Logger LOG = LoggerFactory.getLogger(ChannelListening.class);

    private final ChannelSockets sockets;
    private final ServerSocketChannel server;
    private final Owner owner;

    ChannelListening(ChannelSockets sockets, ServerSocketChannel server, Owner owner) {
        this.sockets = sockets;
        this.server = server;
        this.owner = owner;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object accepted) {
        owner.accepted(new ChannelSocket(sockets, (SocketChannel) accepted));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof IOException why) {
            owner.failed(why);
        } else {
            LOG.error("accepting on {} broke", server.localAddress(), cause);
        }
    }

    @Override
    public void pause() {
        server.config().setAutoRead(false);
    }

    @Override
    public void resume() {
        server.config().setAutoRead(true);
    }

    @Override
    public void close(Runnable closed) {
        server.close().addListener(done -> closed.run());
    }
}
