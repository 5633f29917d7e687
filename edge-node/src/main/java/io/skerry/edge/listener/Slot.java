package io.skerry.edge.listener;

import io.skerry.shared.net.IpText;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The addresses of this node that serve one slot: IPv4, IPv6, or both.
///
/// @param v4 the IPv4 address, or null
/// @param v6 the IPv6 address, or null; served only for instances with IPv6 access
public record Slot(@Nullable Inet4Address v4, @Nullable Inet6Address v6) {
    public Slot {
        if (v4 == null && v6 == null) {
            throw new IllegalArgumentException("a slot has an address");
        }
    }

    /// Reads an IPv4 address, an IPv6 address in brackets, or both joined by `+`.
    public static Optional<Slot> parse(String text) {
        Inet4Address v4 = null;
        Inet6Address v6 = null;
        for (String part : text.split("\\+", -1)) {
            InetAddress address = IpText.parse(part).orElse(null);
            if (address instanceof Inet4Address four && v4 == null) {
                v4 = four;
            } else if (address instanceof Inet6Address six && v6 == null && part.startsWith("[")) {
                v6 = six;
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(new Slot(v4, v6));
    }

    /// The addresses an instance is served on.
    public List<InetAddress> addresses(boolean ipv6) {
        List<InetAddress> addresses = new ArrayList<>(2);
        if (v4 != null) {
            addresses.add(v4);
        }
        if (v6 != null && ipv6) {
            addresses.add(v6);
        }
        return addresses;
    }

    /// The form that {@link #parse} reads.
    @Override
    public String toString() {
        String four = v4 == null ? "" : IpText.print(v4);
        String six = v6 == null ? "" : "[" + IpText.print(v6) + "]";
        return four.isEmpty() || six.isEmpty() ? four + six : four + "+" + six;
    }
}
