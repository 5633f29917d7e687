package io.skerry.shared.net;

import java.net.InetAddress;
import java.util.Optional;

/// A literal address and a port, such as `127.0.0.1:8080` or `[::1]:0`: where a process listens.
///
/// @param address a literal IPv4 or IPv6 address
/// @param port 0 to 65535; 0 lets the system choose
public record HostPort(InetAddress address, int port) {
    public HostPort {
        if (port < 0 || port > PortRange.PORT_MAX) {
            throw new IllegalArgumentException("not a port: " + port);
        }
    }

    /// Reads `127.0.0.1:8080` or `[::1]:8080`; `localhost` stands for 127.0.0.1.
    public static Optional<HostPort> parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            return Optional.empty();
        }
        String host = text.substring(0, colon);
        String digits = text.substring(colon + 1);
        if (host.indexOf(':') >= 0 && !host.startsWith("[")) {
            return Optional.empty();
        }
        Optional<InetAddress> address = IpText.parse(host.equals("localhost") ? "127.0.0.1" : host);
        Optional<Integer> port =
                digits.equals("0")
                        ? Optional.of(0)
                        : digits.indexOf('-') >= 0
                                ? Optional.empty()
                                : PortRange.parse(digits).map(PortRange::first);
        return address.flatMap(a -> port.map(p -> new HostPort(a, p)));
    }

    public String host() {
        return IpText.print(address);
    }

    public HostPort withPort(int other) {
        return new HostPort(address, other);
    }

    @Override
    public String toString() {
        String host = host();
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
