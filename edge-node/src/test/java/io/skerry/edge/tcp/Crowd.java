package io.skerry.edge.tcp;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Thousands of clients and the origin that echoes to them, as a {@link io.skerry.edge.Child}:
///
/// - `origin`: its port
/// - `join PORT N`: N more clients connect and stay
/// - `talk BYTES`: each sends so much and gets the same back
/// - `leave`: half of them close, half reset
/// - `visit PORT N`: N clients connect and leave at once, every other one with a reset
final class Crowd {
    private static final InetAddress HOME = InetAddress.getLoopbackAddress();

    private final ServerSocketChannel server;
    private final List<SocketChannel> clients = new ArrayList<>();

    private Crowd() throws IOException {
        server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress(HOME, 0), 4096);
    }

    public static void main(String[] args) throws Exception {
        Crowd crowd = new Crowd();
        Thread echo = new Thread(crowd::echo, "echo");
        echo.setDaemon(true);
        echo.start();
        BufferedReader commands =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String answer;
            try {
                answer = crowd.run(line.split(" "));
            } catch (IOException failed) {
                System.err.println(failed);
                answer = "failed: " + failed;
            }
            System.out.println(answer);
            System.out.flush();
        }
    }

    private String run(String[] words) throws IOException {
        switch (words[0]) {
            case "origin" -> {
                return Integer.toString(server.socket().getLocalPort());
            }
            case "join" -> join(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
            case "talk" -> talk(Integer.parseInt(words[1]));
            case "leave" -> leave();
            case "visit" -> visit(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
            default -> throw new IOException("unknown: " + words[0]);
        }
        return "done";
    }

    private void join(int port, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            clients.add(SocketChannel.open(new InetSocketAddress(HOME, port)));
        }
    }

    private void talk(int bytes) throws IOException {
        byte[] said = new byte[bytes];
        ByteBuffer heard = ByteBuffer.allocateDirect(bytes);
        for (int i = 0; i < clients.size(); i++) {
            new Random(i).nextBytes(said);
            ByteBuffer out = ByteBuffer.wrap(said);
            while (out.hasRemaining()) {
                clients.get(i).write(out);
            }
        }
        for (int i = 0; i < clients.size(); i++) {
            heard.clear();
            while (heard.hasRemaining()) {
                if (clients.get(i).read(heard) < 0) {
                    throw new IOException("client " + i + " ended at " + heard.position());
                }
            }
            new Random(i).nextBytes(said);
            if (!heard.flip().equals(ByteBuffer.wrap(said))) {
                throw new IOException("client " + i + " heard something else");
            }
        }
    }

    private void leave() throws IOException {
        for (int i = 0; i < clients.size(); i++) {
            leave(clients.get(i), i);
        }
        clients.clear();
    }

    private static void leave(SocketChannel client, int number) throws IOException {
        if (number % 2 == 1) {
            client.setOption(StandardSocketOptions.SO_LINGER, 0);
        }
        client.close();
    }

    private static void visit(int port, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            leave(SocketChannel.open(new InetSocketAddress(HOME, port)), i);
        }
    }

    private void echo() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(65_536);
        try (Selector selector = Selector.open()) {
            server.configureBlocking(false);
            server.register(selector, SelectionKey.OP_ACCEPT);
            while (true) {
                selector.select(key -> serve(selector, key, buffer));
            }
        } catch (IOException broken) {
            System.err.println(broken);
        }
    }

    private void serve(Selector selector, SelectionKey key, ByteBuffer buffer) {
        if (key.isAcceptable()) {
            acceptAll(selector);
        } else if (key.channel() instanceof SocketChannel channel) {
            try {
                buffer.clear();
                if (channel.read(buffer) < 0) {
                    channel.close();
                    return;
                }
                buffer.flip();
                // Never more than the socket buffers hold: a client reads what it has sent.
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
            } catch (IOException reset) {
                close(channel);
            }
        }
    }

    private void acceptAll(Selector selector) {
        try {
            for (SocketChannel each = server.accept(); each != null; each = server.accept()) {
                each.configureBlocking(false);
                each.register(selector, SelectionKey.OP_READ);
            }
        } catch (IOException failed) {
            System.err.println(failed);
        }
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException gone) {
            System.err.println(gone);
        }
    }
}
