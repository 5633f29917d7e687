package io.skerry.standalone.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Sessions through edge nodes that are held open and asked in turn whether they still live, with
/// the origins behind them.
final class SteadySessions implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 10_000;

    private final List<ServerSocket> tcpOrigins = new ArrayList<>();
    private final DatagramChannel udpOrigin;
    private final List<Socket> connections = new ArrayList<>();
    private final List<DatagramChannel> clients = new ArrayList<>();

    /// The ports that each UDP session came to the origin from.
    private final Map<Integer, Set<Integer>> ports = new ConcurrentHashMap<>();

    private long number;

    SteadySessions() throws IOException {
        for (int i = 0; i < 2; i++) {
            ServerSocket origin = new ServerSocket(0, 4_096, InetAddress.ofLiteral("127.0.0.1"));
            tcpOrigins.add(origin);
            Thread.ofVirtual().start(() -> accept(origin));
        }
        udpOrigin = DatagramChannel.open();
        udpOrigin.setOption(StandardSocketOptions.SO_RCVBUF, 1 << 20);
        udpOrigin.bind(new InetSocketAddress("127.0.0.1", 0));
        Thread.ofPlatform().daemon().start(this::echoDatagrams);
    }

    private static void accept(ServerSocket origin) {
        while (true) {
            try {
                Socket client = origin.accept();
                Thread.ofVirtual().start(() -> echo(client));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void echo(Socket client) {
        try (client) {
            client.getInputStream().transferTo(client.getOutputStream());
        } catch (IOException gone) {
            return;
        }
    }

    private void echoDatagrams() {
        ByteBuffer packet = ByteBuffer.allocate(64);
        while (true) {
            try {
                InetSocketAddress from = (InetSocketAddress) udpOrigin.receive(packet.clear());
                packet.flip();
                ports.computeIfAbsent(packet.getInt(0), s -> ConcurrentHashMap.newKeySet())
                        .add(from.getPort());
                udpOrigin.send(packet, from);
            } catch (IOException closed) {
                return;
            }
        }
    }

    /// One of two TCP origins.
    int tcpOrigin(int index) {
        return tcpOrigins.get(index).getLocalPort();
    }

    int udpOrigin() throws IOException {
        return ((InetSocketAddress) udpOrigin.getLocalAddress()).getPort();
    }

    /// Opens sessions, spread over the three edge nodes.
    void open(Cluster cluster, int tcpPort, int tcpSessions, int udpPort, int udpSessions)
            throws IOException {
        for (int i = 0; i < tcpSessions; i++) {
            Socket socket = new Socket(cluster.address(1 + i % 3), tcpPort);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.setTcpNoDelay(true);
            connections.add(socket);
        }
        for (int i = 0; i < udpSessions; i++) {
            DatagramChannel client = DatagramChannel.open();
            client.connect(new InetSocketAddress(cluster.address(1 + i % 3), udpPort));
            clients.add(client);
        }
    }

    /// Has every session carry a number there and back; answers what is wrong.
    List<String> round() {
        List<String> wrong = new ArrayList<>();
        number++;
        for (int i = 0; i < connections.size(); i++) {
            try {
                exchange(connections.get(i));
            } catch (IOException | AssertionError failed) {
                wrong.add("connection " + i + ": " + failed);
            }
        }
        for (int i = 0; i < clients.size(); i++) {
            try {
                exchange(clients.get(i), i);
            } catch (IOException | AssertionError failed) {
                wrong.add("UDP session " + i + ": " + failed);
            }
        }
        ports.forEach((session, seen) -> {
            if (seen.size() > 1) {
                wrong.add("UDP session " + session + " came from ports " + seen);
            }
        });
        return wrong;
    }

    private void exchange(Socket socket) throws IOException {
        socket.getOutputStream().write(ByteBuffer.allocate(8).putLong(number).array());
        byte[] back = socket.getInputStream().readNBytes(8);
        if (back.length < 8 || ByteBuffer.wrap(back).getLong() != number) {
            throw new AssertionError("sent " + number + ", got " + back.length + " other bytes");
        }
    }

    private void exchange(DatagramChannel client, int session) throws IOException {
        client.write(ByteBuffer.allocate(12).putInt(session).putLong(number).flip());
        ByteBuffer back = ByteBuffer.allocate(64);
        // The adaptor has the time-out that the channel lacks.
        java.net.DatagramPacket packet = new java.net.DatagramPacket(back.array(), 64);
        client.socket().setSoTimeout(TIMEOUT_MILLIS);
        client.socket().receive(packet);
        if (back.getInt(0) != session || back.getLong(4) != number) {
            throw new AssertionError("sent " + number + ", got " + back.getLong(4));
        }
    }

    @Override
    public void close() throws IOException {
        for (Socket each : connections) {
            each.close();
        }
        for (DatagramChannel each : clients) {
            each.close();
        }
        for (ServerSocket each : tcpOrigins) {
            each.close();
        }
        udpOrigin.close();
    }
}
