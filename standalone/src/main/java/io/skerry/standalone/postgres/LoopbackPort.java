package io.skerry.standalone.postgres;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;

/// The server's port on 127.0.0.1, remembered in a file so that it stays from start to start.
///
/// Taken from 65000 to 65535, where no forwarding rule can be; elsewhere only if all are taken.
final class LoopbackPort {
    private static final int FIRST = 65_000;
    private static final int COUNT = 536;

    private final Path memory;

    LoopbackPort(Path memory) {
        this.memory = memory;
    }

    /// The remembered port if it is free now, else another, which is remembered from now on.
    int choose() throws IOException {
        int last = remembered();
        if (last > 0 && isFree(last)) {
            return last;
        }
        int port = findFree();
        Files.writeString(memory, port + "\n");
        return port;
    }

    private int remembered() throws IOException {
        if (!Files.exists(memory)) {
            return 0;
        }
        String text = Files.readString(memory).strip();
        return text.matches("[1-9][0-9]{3,4}") && Integer.parseInt(text) <= 65_535
                ? Integer.parseInt(text)
                : 0;
    }

    private static int findFree() throws IOException {
        int start = ThreadLocalRandom.current().nextInt(COUNT);
        for (int i = 0; i < COUNT; i++) {
            int port = FIRST + (start + i) % COUNT;
            if (isFree(port)) {
                return port;
            }
        }
        try (ServerSocket any = new ServerSocket(0, 1, loopback())) {
            return any.getLocalPort();
        }
    }

    private static boolean isFree(int port) throws IOException {
        try (ServerSocket probe = new ServerSocket()) {
            probe.bind(new InetSocketAddress(loopback(), port));
            return true;
        } catch (java.net.BindException _) {
            return false;
        }
    }

    private static InetAddress loopback() throws IOException {
        return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    }
}
