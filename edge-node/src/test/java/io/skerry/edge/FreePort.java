package io.skerry.edge;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/// A port for a test to open: free now, and below those that the system gives to sockets that ask
/// for any, so that nobody is given it in the meantime or, where it is steered, afterwards.
public final class FreePort {
    private static final int FIRST = 20_000;
    private static final int END = 32_000;

    private FreePort() {}

    public static int tcp() {
        return any(port -> new ServerSocket(port, 1).close());
    }

    public static int udp() {
        return any(port -> new DatagramSocket(new InetSocketAddress(port)).close());
    }

    private interface Probe {
        void bind(int port) throws IOException;
    }

    private static int any(Probe probe) {
        for (int i = 0; i < 1_000; i++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, END);
            try {
                probe.bind(port);
                return port;
            } catch (IOException taken) {
                // Another one, then.
            }
        }
        throw new IllegalStateException("no free port");
    }
}
