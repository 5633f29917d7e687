package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What a member that starts finds at the addresses of its list.
final class MemberProbeTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    @Test
    void onlyOneThatAcceptsAndNeverAnswersHangs() throws IOException {
        String nobody = FreePorts.take(1).getFirst().toString();
        try (ServerSocket silent = new ServerSocket(0, 8, LOOPBACK);
                ServerSocket alive = new ServerSocket(0, 8, LOOPBACK);
                ServerSocket ending = new ServerSocket(0, 8, LOOPBACK)) {
            Thread.ofVirtual().start(() -> takeOne(alive, true));
            Thread.ofVirtual().start(() -> takeOne(ending, false));
            assertThat(MemberProbe.of(List.of(nobody, name(silent), name(alive), name(ending))))
                    .containsOnly(
                            Map.entry(nobody, MemberProbe.Found.NOBODY),
                            Map.entry(name(silent), MemberProbe.Found.HANGS),
                            Map.entry(name(alive), MemberProbe.Found.ANSWERS),
                            Map.entry(name(ending), MemberProbe.Found.ANSWERS));
        }
    }

    private static String name(ServerSocket member) {
        return "127.0.0.1:" + member.getLocalPort();
    }

    private static void takeOne(ServerSocket server, boolean answer) {
        try (Socket socket = server.accept()) {
            byte[] asked = socket.getInputStream().readNBytes(3);
            if (answer) {
                socket.getOutputStream().write(asked);
            }
        } catch (IOException closed) {
            // The probe sees it.
            return;
        }
    }
}
