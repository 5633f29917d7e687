package io.skerry.shared.process;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Finds members that hang: the system still accepts connections for a process that is frozen, and
/// nobody ever answers on them.
final class MemberProbe {
    /// As long as a member that joins waits for a connection.
    private static final int TIMEOUT_MILLIS = 3_000;

    /// What Hazelcast members say first, each to the other.
    private static final byte[] PROTOCOL = "HZC".getBytes(StandardCharsets.US_ASCII);

    private MemberProbe() {}

    /// The members that hang. Blocks for some seconds where there are any. Where nobody listens
    /// nothing hangs: it may be about to start.
    ///
    /// @param members each as host:port
    static List<String> hanging(List<String> members) {
        List<CompletableFuture<Boolean>> probes =
                members.stream()
                        .map(member ->
                                CompletableFuture.supplyAsync(
                                        () -> hangs(member),
                                        probe -> Thread.ofVirtual().start(probe)))
                        .toList();
        return members.stream()
                .filter(member -> probes.get(members.indexOf(member)).join())
                .toList();
    }

    private static boolean hangs(String member) {
        int colon = member.lastIndexOf(':');
        String host = member.substring(0, colon).replace("[", "").replace("]", "");
        int port = Integer.parseInt(member.substring(colon + 1));
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), TIMEOUT_MILLIS);
            return !answers(socket);
        } catch (IOException nobody) {
            return false;
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
