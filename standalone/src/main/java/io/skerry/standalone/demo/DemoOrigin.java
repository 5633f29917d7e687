package io.skerry.standalone.demo;

import io.skerry.edge.clientaddress.Decoded;
import io.skerry.edge.clientaddress.ProxyV1;
import io.skerry.edge.clientaddress.ProxyV2;
import io.skerry.edge.clientaddress.Spp;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.rule.ClientIp;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.datagram.DatagramPacket;
import io.vertx.core.datagram.DatagramSocket;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// An origin on loopback, one port per mode and protocol, that answers each client with the address
/// it was told. TCP answers are HTTP, so that `curl` can ask; UDP answers are one line.
final class DemoOrigin {
    private static final String HOST = "127.0.0.1";

    private DemoOrigin() {}

    /// Opens a TCP port for a mode; the future holds the port.
    static Future<Integer> tcp(Vertx vertx, ClientIp mode) {
        return vertx.createNetServer()
                .connectHandler(socket -> new TcpConversation(socket, mode).begin())
                .listen(0, HOST)
                .map(NetServer::actualPort);
    }

    /// Opens a UDP port for a mode; the future holds the port.
    static Future<Integer> udp(Vertx vertx, ClientIp mode) {
        DatagramSocket socket = vertx.createDatagramSocket();
        return socket.handler(packet -> answer(socket, packet, mode))
                .listen(0, HOST)
                .map(open -> open.localAddress().port());
    }

    private static void answer(DatagramSocket socket, DatagramPacket packet, ClientIp mode) {
        byte[] bytes = packet.data().getBytes();
        String seen = "the edge node at " + print(packet.sender());
        byte[] header = new byte[0];
        switch (mode) {
            case PPV2 -> {
                if (ProxyV2.decodeDatagram(bytes) instanceof Decoded.Proxied proxied) {
                    seen = print(proxied.client());
                }
            }
            case SPP -> {
                var spp = Spp.decode(bytes);
                if (spp.isPresent()) {
                    seen = print(spp.get().client());
                    header = java.util.Arrays.copyOf(bytes, Spp.LENGTH);
                }
            }
            case OFF, TOA, PPV1 -> {}
        }
        Buffer reply = Buffer.buffer(header).appendString(sentence(seen, mode, "UDP"));
        socket.send(reply, packet.sender().port(), packet.sender().host());
    }

    private static String sentence(String seen, ClientIp mode, String protocol) {
        return "you are " + seen + " (" + protocol + ", " + word(mode) + ")\n";
    }

    static String word(ClientIp mode) {
        return mode.name().toLowerCase(Locale.ROOT);
    }

    private static String print(SocketAddress address) {
        return address.hostAddress() + ":" + address.port();
    }

    private static String print(InetSocketAddress address) {
        return new HostPort(address.getAddress(), address.getPort()).toString();
    }

    /// One TCP client: its header, then one HTTP request, then the answer.
    private static final class TcpConversation {
        private static final int REQUEST_MAX = 16 * 1024;

        private final NetSocket socket;
        private final ClientIp mode;
        private Buffer received = Buffer.buffer();
        private String seen;

        TcpConversation(NetSocket socket, ClientIp mode) {
            this.socket = socket;
            this.mode = mode;
            this.seen = mode == ClientIp.OFF ? "the edge node" : "unknown";
        }

        void begin() {
            socket.handler(this::read);
            socket.exceptionHandler(gone -> socket.close());
        }

        private void read(Buffer more) {
            received.appendBuffer(more);
            String text = received.toString(StandardCharsets.ISO_8859_1);
            if (received.length() > REQUEST_MAX) {
                socket.close();
            } else if (text.contains("\r\n\r\n") && text.indexOf("HTTP/") > 0) {
                reply();
            }
        }

        private void reply() {
            byte[] in = received.getBytes();
            Decoded decoded =
                    switch (mode) {
                        case PPV1 -> ProxyV1.decode(in);
                        case PPV2 -> ProxyV2.decode(in);
                        case OFF, TOA, SPP -> new Decoded.Unnamed(0);
                    };
            seen =
                    switch (decoded) {
                        case Decoded.Proxied proxied -> print(proxied.client());
                        case Decoded.Unnamed unnamed ->
                                mode == ClientIp.TOA
                                        ? print(socket.remoteAddress())
                                        : seen + " at " + print(socket.remoteAddress());
                        case Decoded.Incomplete incomplete -> "a client without a whole header";
                        case Decoded.Malformed malformed -> "unknown: " + malformed.reason();
                    };
            String body = sentence(seen, mode, "TCP");
            socket.end(
                    Buffer.buffer(
                            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                                    + "Content-Length: "
                                    + body.length()
                                    + "\r\n\r\n"
                                    + body));
        }
    }
}
