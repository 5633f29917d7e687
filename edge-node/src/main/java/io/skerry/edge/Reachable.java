package io.skerry.edge;

import io.skerry.edge.listener.Slot;
import io.skerry.shared.net.IpText;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Where clients reach a slot of this node.
final class Reachable {
    private Reachable() {}

    /// The slot's addresses as text: for a wildcard those of the machine, without loopback and
    /// link-local ones unless there are no others.
    static List<String> addresses(Slot slot) {
        List<String> all = new ArrayList<>();
        for (InetAddress address : slot.addresses(true)) {
            if (address.isAnyLocalAddress()) {
                all.addAll(ofMachine(address));
            } else {
                all.add(IpText.print(address));
            }
        }
        return all;
    }

    private static List<String> ofMachine(InetAddress wildcard) {
        List<InetAddress> mine =
                machine().stream().filter(a -> a.getClass() == wildcard.getClass()).toList();
        List<InetAddress> outside =
                mine.stream()
                        .filter(a -> !a.isLoopbackAddress() && !a.isLinkLocalAddress())
                        .toList();
        Stream<InetAddress> used =
                outside.isEmpty()
                        ? mine.stream().filter(InetAddress::isLoopbackAddress)
                        : outside.stream();
        return used.map(a -> IpText.print(IpText.of(a.getAddress()))).sorted().distinct().toList();
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
}
