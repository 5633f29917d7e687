package io.skerry.standalone.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Optional;

/// An origin that says one word to whoever connects.
final class WordOrigin implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 2_000;

    private final ServerSocket server;
    private final byte[] word;

    WordOrigin(String word) {
        this(word, "127.0.0.1");
    }

    WordOrigin(String word, String host) {
        this.word = word.getBytes(UTF_8);
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
            answerOne();
        }
    }

    private void answerOne() {
        try (Socket client = server.accept()) {
            client.getOutputStream().write(word);
        } catch (IOException gone) {
            // The client left, or the test is over: nothing to do for either.
            return;
        }
    }

    /// What a client gets there; empty where nobody accepts or nothing is said.
    static Optional<String> heard(String address, int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, port), TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            String said = new String(socket.getInputStream().readAllBytes(), UTF_8);
            return said.isEmpty() ? Optional.empty() : Optional.of(said);
        } catch (IOException refused) {
            return Optional.empty();
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
