package io.skerry.edge.origin;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import java.net.InetAddress;

/// What rules must have in common to share what the node knows about an origin: another port of the
/// same machine may well be dead while this one is not.
///
/// @param protocol how it is reached
/// @param address where it is
/// @param port its port, or the range of a rule that forwards one
public record OriginKey(Protocol protocol, InetAddress address, PortRange port) {
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
