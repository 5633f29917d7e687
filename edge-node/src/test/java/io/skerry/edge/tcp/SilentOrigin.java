package io.skerry.edge.tcp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/// Listens with a full backlog: whoever connects gets no answer.
final class SilentOrigin implements AutoCloseable {
    private final ServerSocket server;
    private final List<SocketChannel> fillers = new ArrayList<>();

    private SilentOrigin(ServerSocket server) {
        this.server = server;
    }

    static SilentOrigin open(InetAddress address) throws IOException {
        SilentOrigin origin = new SilentOrigin(new ServerSocket(0, 1, address));
        for (int i = 0; i < 8; i++) {
            SocketChannel filler = SocketChannel.open();
            filler.configureBlocking(false);
            filler.connect(new InetSocketAddress(address, origin.port()));
            origin.fillers.add(filler);
        }
        return origin;
    }

    InetAddress ip() {
        return server.getInetAddress();
    }

    int port() {
        return server.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        for (SocketChannel filler : fillers) {
            filler.close();
        }
        server.close();
    }
}
