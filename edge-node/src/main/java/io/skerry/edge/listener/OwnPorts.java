package io.skerry.edge.listener;

import io.skerry.shared.net.Protocol;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The ports this node listens on itself, rules and control alike: an origin there would be a loop.
/// Safe for all threads.
public final class OwnPorts {
    private record Port(Protocol protocol, int port) {}

    private final Map<Port, Set<InetAddress>> ports = new ConcurrentHashMap<>();

    public void add(Protocol protocol, InetAddress address, int port) {
        ports.computeIfAbsent(new Port(protocol, port), p -> ConcurrentHashMap.newKeySet())
                .add(address);
    }

    public void remove(Protocol protocol, InetAddress address, int port) {
        ports.computeIfPresent(
                new Port(protocol, port),
                (key, addresses) -> {
                    addresses.remove(address);
                    return addresses.isEmpty() ? null : addresses;
                });
    }

    /// Whether a session towards that address and port would come back to this node.
    public boolean contains(Protocol protocol, InetAddress address, int port) {
        Set<InetAddress> own = ports.get(new Port(protocol, port));
        if (own == null) {
            return false;
        }
        return own.contains(address)
                || isLocal(address) && own.stream().anyMatch(each -> covers(each, address));
    }

    private static boolean covers(InetAddress own, InetAddress address) {
        return own.isAnyLocalAddress() && own.getClass() == address.getClass();
    }

    static boolean isLocal(InetAddress address) {
        if (address.isLoopbackAddress() || address.isAnyLocalAddress()) {
            return true;
        }
        try {
            return NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException unknown) {
            return false;
        }
    }
}
