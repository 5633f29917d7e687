package io.skerry.shared.process;

import io.skerry.shared.net.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/// Ports of loopback that nobody had a moment ago.
final class FreePorts {
    private FreePorts() {}

    /// Distinct free ports.
    static List<HostPort> take(int count) throws IOException {
        InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                held.add(new ServerSocket(0, 1, loopback));
            }
            return held.stream()
                    .map(socket -> new HostPort(loopback, socket.getLocalPort()))
                    .toList();
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
    }
}
