package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// UDP through listeners on the wildcard address.
final class UdpIT {
    /// Answers each datagram with what it says about the client, and the header it came with.
    private static final String SPP_ORIGIN =
            """
            import socket, struct, sys
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind(("127.0.0.1", int(sys.argv[1])))
            print("bound", flush=True)
            while True:
                datagram, peer = server.recvfrom(65535)
                magic, client, edge, clientPort, edgePort = struct.unpack(
                    "!H16s16sHH", datagram[:38])
                if magic != 0x56EC or client[:12] != b"\\0" * 10 + b"\\xff\\xff":
                    print("no header", datagram[:38].hex(), flush=True)
                    continue
                text = "%s:%d at %s:%d said %s" % (
                    socket.inet_ntoa(client[12:]), clientPort,
                    socket.inet_ntoa(edge[12:]), edgePort, datagram[38:].decode())
                server.sendto(datagram[:38] + text.encode(), peer)
            """;

    private static final String PLAIN_ORIGIN =
            """
            import socket, sys
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind(("127.0.0.1", int(sys.argv[1])))
            print("bound", flush=True)
            while True:
                datagram, peer = server.recvfrom(65535)
                server.sendto(datagram.upper(), peer)
            """;

    @RegisterExtension static final Product product = new Product("--listen", "0.0.0.0+[::]");

    @Test
    void sppTellsTheOriginTheClientAndIsTakenOffTheReply() throws Exception {
        int origin = startOrigin(SPP_ORIGIN);
        int port = Ports.free();
        Api api = product.api();
        api.serve(
                api.createInstance("spp"),
                Rules.udp(port, "127.0.0.1", origin).put("clientIp", "spp"));

        try (DatagramSocket client = client("127.0.0.9")) {
            for (String word : new String[] {"one", "two", ""}) {
                String answer = ask(client, "127.0.0.5", port, word);
                assertThat(answer)
                        .isEqualTo(
                                "127.0.0.9:%d at 127.0.0.5:%d said %s"
                                        .formatted(client.getLocalPort(), port, word));
            }
        }
    }

    @Test
    void repliesComeFromTheAddressTheClientDialled() throws Exception {
        int origin = startOrigin(PLAIN_ORIGIN);
        int port = Ports.free();
        Api api = product.api();
        api.serve(api.createInstance("plain"), Rules.udp(port, "127.0.0.1", origin));

        for (String dialled : new String[] {"127.0.0.5", "127.0.0.6", "127.0.0.1"}) {
            try (DatagramSocket client = client("127.0.0.9")) {
                assertThat(ask(client, dialled, port, "hello")).isEqualTo("HELLO");
            }
        }
        try (DatagramSocket one = client("127.0.0.9")) {
            assertThat(ask(one, "127.0.0.5", port, "a")).isEqualTo("A");
            assertThat(ask(one, "127.0.0.6", port, "b")).isEqualTo("B");
            assertThat(ask(one, "127.0.0.5", port, "c")).isEqualTo("C");
        }
    }

    private static DatagramSocket client(String source) throws IOException {
        DatagramSocket client = new DatagramSocket(new InetSocketAddress(source, 0));
        client.setSoTimeout(5_000);
        return client;
    }

    /// Sends a word; the reply must come from where it was sent to.
    private static String ask(DatagramSocket client, String host, int port, String word)
            throws IOException {
        byte[] sent = word.getBytes(StandardCharsets.UTF_8);
        InetAddress address = InetAddress.getByName(host);
        client.send(new DatagramPacket(sent, sent.length, address, port));
        DatagramPacket reply = new DatagramPacket(new byte[2_000], 2_000);
        client.receive(reply);
        assertThat(reply.getSocketAddress()).isEqualTo(new InetSocketAddress(address, port));
        return new String(reply.getData(), 0, reply.getLength(), StandardCharsets.UTF_8);
    }

    private static int startOrigin(String script) {
        Workspace work = product.work();
        int port = Ports.free();
        work.start(
                        Tool.path("python3", "python3"),
                        work.write("origin.py", script).toString(),
                        Integer.toString(port))
                .awaitText("bound");
        return port;
    }
}
