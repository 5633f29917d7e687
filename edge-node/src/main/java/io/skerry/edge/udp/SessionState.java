package io.skerry.edge.udp;

import io.skerry.edge.socket.SocketAddress;
import io.skerry.shared.net.IpText;
import io.vertx.core.json.JsonObject;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Objects;

/// All of a session that its sockets do not know, so that it can go on in another process.
///
/// @param client with the scope of a link-local address
/// @param dialled address that the client sends to, likewise
/// @param origin address that the socket is connected to
/// @param manner how datagrams are treated, as the rule said when the session began
/// @param headerDue whether the next datagram carries the header that only one does
/// @param silentMillis since the last datagram
record SessionState(
        InetAddress client,
        int clientPort,
        InetAddress dialled,
        InetAddress origin,
        Manner manner,
        boolean headerDue,
        long silentMillis) {
    JsonObject print() {
        return new JsonObject()
                .put("client", IpText.print(client))
                .put("clientScope", scope(client))
                .put("clientPort", clientPort)
                .put("dialled", IpText.print(dialled))
                .put("dialledScope", scope(dialled))
                .put("origin", IpText.print(origin))
                .put("originScope", scope(origin))
                .put("header", manner.header())
                .put("headers", manner.headers().name())
                .put("spp", manner.spp())
                .put("idleMillis", manner.idleMillis())
                .put("headerDue", headerDue)
                .put("silentMillis", silentMillis);
    }

    /// @throws RuntimeException where something is missing or wrong
    static SessionState read(JsonObject json) {
        int port = json.getInteger("clientPort");
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("clientPort " + port);
        }
        return new SessionState(
                address(json, "client"),
                port,
                address(json, "dialled"),
                address(json, "origin"),
                new Manner(
                        Objects.requireNonNull(json.getBinary("header"), "header"),
                        Manner.Headers.valueOf(json.getString("headers")),
                        json.getBoolean("spp"),
                        json.getLong("idleMillis")),
                json.getBoolean("headerDue"),
                json.getLong("silentMillis"));
    }

    private static InetAddress address(JsonObject json, String field) {
        InetAddress plain = IpText.parse(json.getString(field)).orElseThrow();
        return SocketAddress.address(
                SocketAddress.isV6(plain),
                SocketAddress.high(plain),
                SocketAddress.low(plain),
                json.getInteger(field + "Scope"));
    }

    static int scope(InetAddress address) {
        return address instanceof Inet6Address six ? six.getScopeId() : 0;
    }

    /// The session's key at a port.
    SessionKey key(int number) {
        SessionKey key = new SessionKey();
        key.clientHigh = SocketAddress.high(client);
        key.clientLow = SocketAddress.low(client);
        key.clientPort = clientPort | (long) scope(client) << 16;
        key.dialledHigh = SocketAddress.high(dialled);
        key.dialledLow = SocketAddress.low(dialled);
        key.port = number;
        return key;
    }
}
