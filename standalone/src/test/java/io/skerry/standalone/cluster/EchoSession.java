package io.skerry.standalone.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/// One TCP session through an edge node to an origin that echoes: is it alive?
final class EchoSession implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 30_000;

    private final Socket client = new Socket();
    private int next;

    /// Opens it; the edge node has to forward the port already.
    EchoSession(String address, int port) throws IOException {
        client.connect(new InetSocketAddress(address, port), TIMEOUT_MILLIS);
        client.setSoTimeout(TIMEOUT_MILLIS);
        client.setTcpNoDelay(true);
    }

    /// Sends a byte and waits until it comes back; fails when the session was cut.
    void beat() {
        int sent = next++ & 0xff;
        try {
            client.getOutputStream().write(sent);
            int got = client.getInputStream().read();
            if (got != sent) {
                throw new AssertionError("sent " + sent + ", got " + got);
            }
        } catch (IOException cut) {
            throw new AssertionError("the session was cut: " + cut.getMessage(), cut);
        }
    }

    @Override
    public void close() throws IOException {
        client.close();
    }

    /// An origin that echoes.
    static final class Origin implements AutoCloseable {
        private final ServerSocket server;

        Origin(String host) {
            try {
                server = new ServerSocket(0, 256, InetAddress.ofLiteral(host));
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
            Thread.ofVirtual().start(this::serve);
        }

        int port() {
            return server.getLocalPort();
        }

        private void serve() {
            while (!server.isClosed()) {
                try {
                    Socket client = server.accept();
                    Thread.ofVirtual().start(() -> echo(client));
                } catch (IOException closed) {
                    return;
                }
            }
        }

        private static void echo(Socket client) {
            try (client;
                    InputStream in = client.getInputStream();
                    OutputStream out = client.getOutputStream()) {
                in.transferTo(out);
            } catch (IOException gone) {
                // The test asks the client, not the origin.
                return;
            }
        }

        @Override
        public void close() {
            try {
                server.close();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
    }
}
