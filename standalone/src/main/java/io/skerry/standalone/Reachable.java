package io.skerry.standalone;

import io.skerry.edge.listener.Slot;
import io.skerry.shared.net.IpText;
import java.net.InetAddress;
import java.util.List;

/// An address by which a program on this machine reaches the shared slot.
final class Reachable {
    private Reachable() {}

    static String of(List<Slot> slots) {
        InetAddress first = slots.get(0).addresses(true).get(0);
        return first.isAnyLocalAddress() ? "127.0.0.1" : IpText.print(first);
    }
}
