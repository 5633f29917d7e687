package io.skerry.edge.listener;

import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Tries whether ports could be opened: binds each and closes it at once, without ever listening,
/// so that no client notices. Blocking, not for event loops.
final class BindProbe {
    /// More ports than this in one probe are judged by their owners alone.
    static final int PORTS_MAX = 1_000;

    private BindProbe() {}

    static Map<ListenerKey, Refusal> refusals(List<ListenerKey> keys) {
        Map<ListenerKey, Refusal> refusals = new HashMap<>();
        for (ListenerKey key : keys.subList(0, Math.min(PORTS_MAX, keys.size()))) {
            boolean v4 = key.address() instanceof Inet4Address;
            // Such a channel would take IPv4 as well, which a listener does not.
            if (v4 || !key.address().isAnyLocalAddress()) {
                try {
                    bind(key, v4 ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6);
                } catch (IOException failed) {
                    String message = key + ": " + failed.getMessage();
                    refusals.put(key, new Refusal(Refusal.Code.BIND_FAILED, message));
                }
            }
        }
        return refusals;
    }

    private static void bind(ListenerKey key, ProtocolFamily family) throws IOException {
        InetSocketAddress address = new InetSocketAddress(key.address(), key.port());
        if (key.protocol() == Protocol.TCP) {
            try (SocketChannel channel = SocketChannel.open(family)) {
                channel.setOption(StandardSocketOptions.SO_REUSEADDR, true).bind(address);
            }
        } else {
            try (DatagramChannel channel = DatagramChannel.open(family)) {
                channel.bind(address);
            }
        }
    }
}
