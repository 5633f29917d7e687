package io.skerry.edge.listener;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.net.InetAddress;

/// What a listener listens on; no two listeners of a node share one.
///
/// @param protocol TCP or UDP
/// @param address a literal address of the node, or a wildcard
/// @param port 1 to 64999
public record ListenerKey(Protocol protocol, InetAddress address, int port) {
    @Override
    public String toString() {
        String host = IpText.print(address);
        return protocol.word()
                + ":"
                + (host.indexOf(':') < 0 ? host : "[" + host + "]")
                + ":"
                + port;
    }
}
