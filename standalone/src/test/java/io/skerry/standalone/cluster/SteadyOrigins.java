package io.skerry.standalone.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;

/// The origins of {@link SteadySessions}, a process of their own: with the clients in one they
/// would need more descriptors than a process may have.
///
/// Two TCP origins that echo, and a UDP origin that answers each datagram with the port it came
/// from behind it. Prints one line with their ports.
final class SteadyOrigins {
    static final int TCP_ORIGINS = 2;

    private static final int BACKLOG = 4_096;
    private static final int BYTES_MAX = 64;

    private SteadyOrigins() {}

    public static void main(String[] arguments) throws IOException {
        List<String> ports = new ArrayList<>();
        for (int i = 0; i < TCP_ORIGINS; i++) {
            ServerSocket origin = new ServerSocket(0, BACKLOG, InetAddress.ofLiteral("127.0.0.1"));
            Thread.ofPlatform().start(() -> accept(origin));
            ports.add(Integer.toString(origin.getLocalPort()));
        }
        DatagramChannel udp = DatagramChannel.open();
        udp.setOption(StandardSocketOptions.SO_RCVBUF, 1 << 20);
        udp.bind(new InetSocketAddress("127.0.0.1", 0));
        ports.add(Integer.toString(((InetSocketAddress) udp.getLocalAddress()).getPort()));
        System.out.println("origins " + String.join(" ", ports));
        answer(udp);
    }

    private static void accept(ServerSocket origin) {
        while (true) {
            try {
                Socket client = origin.accept();
                client.setTcpNoDelay(true);
                Thread.ofVirtual().start(() -> echo(client));
            } catch (IOException failed) {
                System.out.println("accept: " + failed);
            }
        }
    }

    private static void echo(Socket client) {
        byte[] bytes = new byte[BYTES_MAX];
        try (client;
                InputStream in = client.getInputStream();
                OutputStream out = client.getOutputStream()) {
            for (int read; (read = in.read(bytes)) >= 0; ) {
                out.write(bytes, 0, read);
            }
        } catch (IOException gone) {
            // The client asks; here is nobody to tell.
            return;
        }
    }

    private static void answer(DatagramChannel udp) throws IOException {
        ByteBuffer packet = ByteBuffer.allocate(BYTES_MAX);
        while (true) {
            InetSocketAddress from = (InetSocketAddress) udp.receive(packet.clear());
            udp.send(packet.putInt(from.getPort()).flip(), from);
        }
    }
}
