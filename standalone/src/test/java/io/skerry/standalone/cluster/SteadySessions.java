package io.skerry.standalone.cluster;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Sessions through edge nodes that are held open and asked again and again whether they still
/// live, with the origins behind them.
final class SteadySessions implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 10_000;
    private static final Duration ORIGINS_START = Duration.ofSeconds(30);
    private static final Pattern ORIGINS = Pattern.compile("origins ((?:\\d+ ?)+)");

    /// After so many that are wrong the others are not waited for.
    private static final int WRONG_MAX = 20;

    private final ServiceProcess origins;
    private final List<Integer> originPorts;
    private final List<Socket> connections = new ArrayList<>();
    private final List<UdpSession> udpSessions = new ArrayList<>();
    private long number;

    /// @param from the ports that the origin saw it come from
    private record UdpSession(DatagramChannel client, Set<Integer> from) {}

    /// @param folder where the origins write what they say
    SteadySessions(Path folder) {
        origins =
                new ServiceProcess(
                        "origins", List.of(), SteadyOrigins.class.getName(), Map.of(), folder);
        origins.start();
        Waiting.until(
                "the origins listen",
                ORIGINS_START,
                () -> ORIGINS.matcher(origins.said()).find(),
                origins::said);
        Matcher said = ORIGINS.matcher(origins.said());
        if (!said.find()) {
            throw new IllegalStateException(origins.said());
        }
        originPorts =
                Arrays.stream(said.group(1).strip().split(" ")).map(Integer::valueOf).toList();
    }

    /// One of {@link SteadyOrigins#TCP_ORIGINS}.
    int tcpOrigin(int index) {
        return originPorts.get(index);
    }

    int udpOrigin() {
        return originPorts.get(SteadyOrigins.TCP_ORIGINS);
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
            client.socket().setSoTimeout(TIMEOUT_MILLIS);
            this.udpSessions.add(new UdpSession(client, new HashSet<>()));
        }
    }

    /// Has every session carry a number there and back; answers what is wrong.
    List<String> round() {
        number++;
        List<String> wrong = new ArrayList<>();
        each("connection", connections, wrong, this::ask);
        each("connection", connections, wrong, this::hear);
        // One after the other: that no buffer on the way runs over is part of the promise to none.
        each("UDP session", udpSessions, wrong, this::exchange);
        return wrong;
    }

    private interface Step<T> {
        void with(T session) throws IOException;
    }

    private static <T> void each(String what, List<T> sessions, List<String> wrong, Step<T> step) {
        for (int i = 0; i < sessions.size() && wrong.size() < WRONG_MAX; i++) {
            try {
                step.with(sessions.get(i));
            } catch (IOException | AssertionError failed) {
                wrong.add(what + " " + i + ": " + failed);
            }
        }
    }

    private void ask(Socket socket) throws IOException {
        socket.getOutputStream().write(ByteBuffer.allocate(8).putLong(number).array());
    }

    private void hear(Socket socket) throws IOException {
        byte[] back = socket.getInputStream().readNBytes(8);
        if (back.length < 8 || ByteBuffer.wrap(back).getLong() != number) {
            throw new AssertionError("sent " + number + ", got " + Arrays.toString(back));
        }
    }

    private void exchange(UdpSession session) throws IOException {
        session.client().write(ByteBuffer.allocate(8).putLong(number).flip());
        ByteBuffer back = ByteBuffer.allocate(64);
        // The adaptor has the time-out that the channel lacks.
        session.client().socket().receive(new DatagramPacket(back.array(), 64));
        if (back.getLong() != number) {
            throw new AssertionError("sent " + number + ", got " + back.getLong(0));
        }
        session.from().add(back.getInt());
        if (session.from().size() > 1) {
            throw new AssertionError("came from ports " + session.from());
        }
    }

    @Override
    public void close() throws IOException {
        for (Socket each : connections) {
            each.close();
        }
        for (UdpSession each : udpSessions) {
            each.client().close();
        }
        origins.close();
    }
}
