package io.skerry.shared.process;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/// Finds out which members answer, and which hang: the system still accepts connections for a
/// process that is frozen, and nobody ever answers on them.
final class MemberProbe {
    /// What was found at one address.
    enum Found {
        /// A member, or something else that says or ends something.
        ANSWERS,
        /// Something that accepts connections and says nothing.
        HANGS,
        /// Nobody who accepts connections; a member may be about to start there.
        NOBODY
    }

    /// As long as a member that joins waits for a connection.
    private static final int TIMEOUT_MILLIS = 3_000;

    /// What Hazelcast members say first, each to the other.
    private static final byte[] PROTOCOL = "HZC".getBytes(StandardCharsets.US_ASCII);

    private MemberProbe() {}

    /// What there is at each address, as host:port. Blocks for some seconds where one hangs.
    static Map<String, Found> of(List<String> members) {
        Map<String, CompletableFuture<Found>> probes = new TreeMap<>();
        for (String member : members) {
            probes.put(
                    member,
                    CompletableFuture.supplyAsync(
                            () -> probe(member), probe -> Thread.ofVirtual().start(probe)));
        }
        Map<String, Found> found = new TreeMap<>();
        probes.forEach((member, probe) -> found.put(member, probe.join()));
        return found;
    }

    private static Found probe(String member) {
        int colon = member.lastIndexOf(':');
        String host = member.substring(0, colon).replace("[", "").replace("]", "");
        int port = Integer.parseInt(member.substring(colon + 1));
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), TIMEOUT_MILLIS);
            return answers(socket) ? Found.ANSWERS : Found.HANGS;
        } catch (IOException nobody) {
            return Found.NOBODY;
        }
    }

    private static boolean answers(Socket socket) throws IOException {
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.getOutputStream().write(PROTOCOL);
        try {
            // One that ends the connection is no member, or about to leave; it does not hang.
            socket.getInputStream().read();
            return true;
        } catch (SocketTimeoutException silent) {
            return false;
        }
    }
}
