package io.skerry.edge.health;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/// An origin that notes what comes. Its port stays the same when it is closed and opened again.
public final class TestOrigin implements AutoCloseable {
    /// What each connection sent until its end, or each datagram held.
    public final List<byte[]> received = new CopyOnWriteArrayList<>();

    /// From where each came.
    public final List<InetSocketAddress> peers = new CopyOnWriteArrayList<>();

    public final AtomicInteger count = new AtomicInteger();
    private final InetSocketAddress address;
    private final AutoCloseable socket;

    private TestOrigin(InetSocketAddress address, AutoCloseable socket) {
        this.address = address;
        this.socket = socket;
    }

    public InetAddress address() {
        return address.getAddress();
    }

    public int port() {
        return address.getPort();
    }

    /// Accepts, reads to the end and closes.
    ///
    /// @param port 0 for any
    public static TestOrigin tcp(String host, int port) {
        try {
            ServerSocket server = new ServerSocket();
            server.setReuseAddress(true);
            server.bind(new InetSocketAddress(host, port));
            InetSocketAddress bound = (InetSocketAddress) server.getLocalSocketAddress();
            TestOrigin origin = new TestOrigin(bound, server);
            Thread.ofVirtual().start(() -> origin.accept(server));
            return origin;
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    private void accept(ServerSocket server) {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Thread.ofVirtual().start(() -> read(client));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void read(Socket client) {
        try (client) {
            peers.add((InetSocketAddress) client.getRemoteSocketAddress());
            count.incrementAndGet();
            received.add(client.getInputStream().readAllBytes());
        } catch (IOException reset) {
            // Nothing more comes.
        }
    }

    /// Answers each datagram with what a function makes of it; with nothing where that is empty.
    ///
    /// @param port 0 for any
    public static TestOrigin udp(String host, int port, UnaryOperator<byte[]> answer) {
        try {
            DatagramSocket socket = new DatagramSocket(new InetSocketAddress(host, port));
            TestOrigin origin =
                    new TestOrigin((InetSocketAddress) socket.getLocalSocketAddress(), socket);
            Thread.ofVirtual().start(() -> origin.answer(socket, answer));
            return origin;
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    private void answer(DatagramSocket socket, UnaryOperator<byte[]> answer) {
        while (!socket.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(new byte[2048], 2048);
                socket.receive(packet);
                byte[] came = Arrays.copyOf(packet.getData(), packet.getLength());
                peers.add((InetSocketAddress) packet.getSocketAddress());
                received.add(came);
                count.incrementAndGet();
                byte[] back = answer.apply(came);
                if (back.length > 0) {
                    packet.setData(back);
                    socket.send(packet);
                }
            } catch (IOException closed) {
                // The next one, unless it is closed.
            }
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }
}
