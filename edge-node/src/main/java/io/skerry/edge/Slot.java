package io.skerry.edge;

import io.skerry.shared.net.IpText;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Where the instances of one slot are served on this node: an IPv4 address, an IPv6 address, or
/// one of each.
///
/// @param v4 a literal address, or 0.0.0.0
/// @param v6 a literal address, or `::`
public record Slot(Optional<Inet4Address> v4, Optional<Inet6Address> v6) {
    public Slot {
        if (v4.isEmpty() && v6.isEmpty()) {
            throw new IllegalArgumentException("a slot needs an address");
        }
    }

    /// Its addresses, IPv4 first.
    public List<InetAddress> addresses() {
        return Stream.<InetAddress>concat(v4.stream(), v6.stream()).toList();
    }

    public boolean isWildcard() {
        return addresses().stream().anyMatch(InetAddress::isAnyLocalAddress);
    }

    /// The addresses clients can use, as text: for a wildcard those of the machine, without
    /// loopback and link-local ones unless there are no others.
    public List<String> reachable() {
        List<String> all = new ArrayList<>();
        for (InetAddress address : addresses()) {
            if (!address.isAnyLocalAddress()) {
                all.add(IpText.print(address));
                continue;
            }
            List<InetAddress> mine =
                    machine().stream()
                            .filter(each -> each.getClass() == address.getClass())
                            .toList();
            List<InetAddress> outside =
                    mine.stream()
                            .filter(each -> !each.isLoopbackAddress() && !each.isLinkLocalAddress())
                            .toList();
            (outside.isEmpty()
                            ? mine.stream().filter(InetAddress::isLoopbackAddress)
                            : outside.stream())
                    .map(each -> IpText.print(IpText.of(each.getAddress())))
                    .sorted()
                    .distinct()
                    .forEach(all::add);
        }
        return all;
    }

    private static List<InetAddress> machine() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .toList();
        } catch (SocketException unknown) {
            return List.of();
        }
    }

    @Override
    public String toString() {
        return addresses().stream()
                .map(address -> {
                    String text = IpText.print(address);
                    return text.indexOf(':') < 0 ? text : "[" + text + "]";
                })
                .reduce((a, b) -> a + "+" + b)
                .orElseThrow();
    }
}
