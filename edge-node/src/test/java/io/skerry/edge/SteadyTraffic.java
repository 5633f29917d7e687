package io.skerry.edge;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// Clients and origins that never stop talking and write down whatever is not as it should be.
final class SteadyTraffic implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 10_000;
    private static final long PAUSE_NANOS = 2_000_000;

    final ServerSocket tcpOrigin;
    final DatagramSocket udpOrigin;

    /// What went wrong, in words.
    final Queue<String> wrong = new ConcurrentLinkedQueue<>();

    /// Short connections that were served.
    final AtomicLong connections = new AtomicLong();

    /// Exchanges over long connections.
    final AtomicLong exchanges = new AtomicLong();

    /// Exchanges of datagrams.
    final AtomicLong datagrams = new AtomicLong();

    /// The ports that a UDP session came to the origin from.
    final Map<Integer, Set<Integer>> portsSeen = new ConcurrentHashMap<>();

    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopped;

    SteadyTraffic() throws IOException {
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        tcpOrigin = new ServerSocket(0, 1_000, loopback);
        udpOrigin = new DatagramSocket(new InetSocketAddress(loopback, 0));
        udpOrigin.setReceiveBufferSize(4 * 1024 * 1024);
        start(this::acceptTcp);
        start(this::echoUdp);
    }

    private interface Talk {
        void run() throws IOException;
    }

    private void start(Talk talk) {
        Thread thread =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                talk.run();
                            } catch (IOException | RuntimeException failed) {
                                if (!stopped) {
                                    wrong.add(failed.toString());
                                }
                            }
                        });
        synchronized (threads) {
            threads.add(thread);
        }
    }

    private void acceptTcp() throws IOException {
        while (!stopped) {
            Socket client = tcpOrigin.accept();
            Thread.ofVirtual()
                    .start(() -> {
                        try (client) {
                            client.getInputStream().transferTo(client.getOutputStream());
                        } catch (IOException gone) {
                            return;
                        }
                    });
        }
    }

    private void echoUdp() throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[2_048], 2_048);
        while (!stopped) {
            packet.setLength(2_048);
            udpOrigin.receive(packet);
            int session = ByteBuffer.wrap(packet.getData()).getInt();
            portsSeen
                    .computeIfAbsent(session, s -> ConcurrentHashMap.newKeySet())
                    .add(packet.getPort());
            udpOrigin.send(packet);
        }
    }

    /// Connects, exchanges a few bytes and closes, again and again.
    void storm(InetSocketAddress at, int clients) {
        storm(() -> at, clients);
    }

    /// @param next where the next connection goes
    void storm(Supplier<InetSocketAddress> next, int clients) {
        for (int i = 0; i < clients; i++) {
            start(() -> {
                while (!stopped) {
                    InetSocketAddress at = next.get();
                    try (Socket socket = connected(at)) {
                        exchange(socket, connections.get());
                        connections.incrementAndGet();
                    } catch (IOException failed) {
                        throw new IOException(
                                "a short connection to " + at + ": " + failed, failed);
                    }
                }
            });
        }
    }

    /// Holds connections open and exchanges numbers over each.
    void talk(InetSocketAddress at, int clients) {
        for (int i = 0; i < clients; i++) {
            start(() -> {
                try (Socket socket = connected(at)) {
                    for (long number = 0; !stopped; number++) {
                        exchange(socket, number);
                        exchanges.incrementAndGet();
                        LockSupport.parkNanos(PAUSE_NANOS);
                    }
                } catch (IOException failed) {
                    throw new IOException("a long connection: " + failed, failed);
                }
            });
        }
    }

    private static Socket connected(InetSocketAddress at) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.setTcpNoDelay(true);
        socket.connect(at, TIMEOUT_MILLIS);
        return socket;
    }

    private static void exchange(Socket socket, long number) throws IOException {
        new DataOutputStream(socket.getOutputStream()).writeLong(number);
        long back = new DataInputStream(socket.getInputStream()).readLong();
        if (back != number) {
            throw new IOException("sent " + number + ", got " + back);
        }
    }

    /// Exchanges numbered datagrams in as many sessions, which are numbered from `first`.
    void datagrams(InetSocketAddress at, int first, int sessions) {
        for (int i = 0; i < sessions; i++) {
            int session = first + i;
            start(() -> {
                try (DatagramSocket socket = new DatagramSocket()) {
                    socket.setSoTimeout(TIMEOUT_MILLIS);
                    for (long number = 0; !stopped; number++) {
                        exchange(socket, at, session, number);
                        datagrams.incrementAndGet();
                        LockSupport.parkNanos(PAUSE_NANOS);
                    }
                } catch (IOException failed) {
                    throw new IOException("UDP session " + session + ": " + failed, failed);
                }
            });
        }
    }

    private static void exchange(
            DatagramSocket socket, InetSocketAddress at, int session, long number)
            throws IOException {
        byte[] sent = ByteBuffer.allocate(12).putInt(session).putLong(number).array();
        socket.send(new DatagramPacket(sent, sent.length, at));
        DatagramPacket answer = new DatagramPacket(new byte[64], 64);
        socket.receive(answer);
        long back = ByteBuffer.wrap(answer.getData()).getLong(4);
        if (back != number || !answer.getSocketAddress().equals(at)) {
            throw new IOException(
                    "sent " + number + ", got " + back + " from " + answer.getSocketAddress());
        }
    }

    /// Waits until each kind of traffic that there is has gone on for a while.
    void goesOn(boolean connects, boolean talks, boolean sends) {
        long connected = connections.get() + 50;
        long exchanged = exchanges.get() + 500;
        long sent = datagrams.get() + 500;
        Eventually.holds(
                "traffic goes on: " + wrong,
                () -> {
                    if (!wrong.isEmpty()) {
                        throw new AssertionError(wrong.toString());
                    }
                    return (!connects || connections.get() >= connected)
                            && (!talks || exchanges.get() >= exchanged)
                            && (!sends || datagrams.get() >= sent);
                });
    }

    @Override
    public void close() throws IOException {
        stopped = true;
        tcpOrigin.close();
        udpOrigin.close();
        List<Thread> all;
        synchronized (threads) {
            all = List.copyOf(threads);
        }
        for (Thread each : all) {
            join(each);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join(TIMEOUT_MILLIS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
