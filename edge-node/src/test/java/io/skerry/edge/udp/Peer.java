package io.skerry.edge.udp;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/// A plain socket of the JDK, as client or origin.
final class Peer implements AutoCloseable {
    private final DatagramSocket socket;

    Peer(String address) throws IOException {
        this(address, 0);
    }

    Peer(String address, int port) throws IOException {
        socket = new DatagramSocket(null);
        socket.setReceiveBufferSize(4 << 20);
        socket.bind(new InetSocketAddress(address, port));
    }

    /// A received datagram.
    record Datagram(InetSocketAddress from, String hex) {
        byte[] bytes() {
            return HexFormat.of().parseHex(hex);
        }

        String text() {
            return new String(bytes(), StandardCharsets.UTF_8);
        }
    }

    int port() {
        return socket.getLocalPort();
    }

    InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    void send(String text, InetSocketAddress to) {
        send(text.getBytes(StandardCharsets.UTF_8), to);
    }

    void send(byte[] bytes, InetSocketAddress to) {
        try {
            socket.send(new DatagramPacket(bytes, bytes.length, to));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    Datagram receive() {
        return receive(TestNode.WAIT_MILLIS);
    }

    Datagram receive(long millis) {
        try {
            socket.setSoTimeout((int) millis);
            DatagramPacket packet = new DatagramPacket(new byte[65_536], 65_536);
            socket.receive(packet);
            byte[] bytes = Arrays.copyOf(packet.getData(), packet.getLength());
            return new Datagram(
                    (InetSocketAddress) packet.getSocketAddress(), HexFormat.of().formatHex(bytes));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /// Whether nothing comes for a while.
    boolean hearsNothing(long millis) {
        try {
            receive(millis);
            return false;
        } catch (UncheckedIOException failed) {
            if (failed.getCause() instanceof SocketTimeoutException) {
                return true;
            }
            throw failed;
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
