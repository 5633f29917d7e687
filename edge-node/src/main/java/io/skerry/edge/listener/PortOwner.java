package io.skerry.edge.listener;

import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// Tells which ports are held by somebody else. Opening such a port may well succeed, since both
/// sides may share ports, and would take half of the other program's clients; steering such a port
/// would take them all. Asks the kernel and reads `/proc`: blocking, not for event loops.
final class PortOwner {
    private final OwnPorts own;

    PortOwner(OwnPorts own) {
        this.own = own;
    }

    /// The ports among `wanted` that may not be opened, with the reason.
    ///
    /// @param ours tells of a port whether a listener of this node holds it or is just closing it
    Map<ListenerKey, Refusal> refusals(
            Collection<ListenerKey> wanted, Predicate<ListenerKey> ours) {
        return refusals(wanted, ours, Set.of(), Map.of());
    }

    /// The ports among `wanted` that may not be opened, with the reason.
    ///
    /// @param ours tells of a port whether a listener of this node holds it or is just closing it
    /// @param steered those of `wanted` that will have no socket: one of another program that talks
    ///   to a single peer is not in their way
    /// @param elsewhere ports that others steer, with who they are
    Map<ListenerKey, Refusal> refusals(
            Collection<ListenerKey> wanted,
            Predicate<ListenerKey> ours,
            Set<ListenerKey> steered,
            Map<ListenerKey, String> elsewhere) {
        if (wanted.isEmpty()) {
            return Map.of();
        }
        PortTable table = PortTable.read();
        Map<ListenerKey, PortTable.Held> conflicts = new HashMap<>();
        for (ListenerKey key : wanted) {
            table.at(key.protocol(), key.port()).stream()
                    .filter(held -> !(held.connected() && steered.contains(key)))
                    .filter(held ->
                            !ours.test(new ListenerKey(key.protocol(), held.address(), key.port())))
                    .filter(held -> conflicts(key, held))
                    .findFirst()
                    .ifPresent(held -> conflicts.put(key, held));
        }
        Set<Long> inodes = new HashSet<>();
        conflicts.values().forEach(held -> inodes.add(held.inode()));
        Map<Long, SocketOwners.Owner> owners = SocketOwners.find(inodes);
        Map<ListenerKey, Refusal> refusals = new HashMap<>();
        conflicts.forEach((key, held) -> {
            SocketOwners.Owner owner = owners.get(held.inode());
            if (!isOursInPassing(key, held, owner)) {
                refusals.put(key, refusal(key, owner));
            }
        });
        steeredElsewhere(wanted, elsewhere, refusals);
        return refusals;
    }

    private static void steeredElsewhere(
            Collection<ListenerKey> wanted,
            Map<ListenerKey, String> elsewhere,
            Map<ListenerKey, Refusal> refusals) {
        if (elsewhere.isEmpty()) {
            return;
        }
        Map<Integer, List<ListenerKey>> byPort =
                elsewhere.keySet().stream().collect(Collectors.groupingBy(ListenerKey::port));
        for (ListenerKey key : wanted) {
            byPort.getOrDefault(key.port(), List.of()).stream()
                    .filter(other -> other.protocol() == key.protocol())
                    .filter(other -> overlap(key.address(), other.address()))
                    .findFirst()
                    .ifPresent(other ->
                            refusals.putIfAbsent(key, held(key, "" + elsewhere.get(other))));
        }
    }

    /// A socket of ours that is neither a listener nor a control port: one of a session, or one
    /// that is being closed. Binding tells whether it stands in the way.
    private boolean isOursInPassing(
            ListenerKey key,
            PortTable.Held held,
            SocketOwners.@org.jspecify.annotations.Nullable Owner owner) {
        return owner != null
                && owner.pid() == ProcessHandle.current().pid()
                && !own.contains(key.protocol(), held.address(), key.port());
    }

    private static Refusal refusal(
            ListenerKey key, SocketOwners.@org.jspecify.annotations.Nullable Owner owner) {
        String who;
        if (owner == null) {
            who = "another program (not visible to this user)";
        } else if (owner.pid() == ProcessHandle.current().pid()) {
            who = "Skerry itself (pid " + owner.pid() + ")";
        } else {
            who = owner.name() + " (pid " + owner.pid() + ")";
        }
        return held(key, who);
    }

    private static Refusal held(ListenerKey key, String who) {
        return new Refusal(Refusal.Code.PORT_IN_USE, key + " is held by " + who);
    }

    private static boolean overlap(InetAddress a, InetAddress b) {
        return a.getClass() == b.getClass()
                && (a.equals(b) || a.isAnyLocalAddress() || b.isAnyLocalAddress());
    }

    private static boolean conflicts(ListenerKey key, PortTable.Held held) {
        InetAddress address = key.address();
        if (held.address().getClass() == address.getClass()) {
            return overlap(held.address(), address);
        }
        // [::] may hold IPv4 too; where the table does not say, trying does.
        return address instanceof Inet4Address
                && held.address().isAnyLocalAddress()
                && !held.sameFamilyOnly().orElseGet(() -> canBind(key));
    }

    private static boolean canBind(ListenerKey key) {
        InetSocketAddress address = new InetSocketAddress(key.address(), key.port());
        try {
            if (key.protocol() == Protocol.TCP) {
                try (ServerSocket probe = new ServerSocket()) {
                    probe.setReuseAddress(true);
                    probe.bind(address, 1);
                }
            } else {
                try (DatagramSocket probe = new DatagramSocket(null)) {
                    probe.bind(address);
                }
            }
            return true;
        } catch (IOException taken) {
            return false;
        }
    }

    /// For ports that turned out to be taken only when they were bound.
    Refusal refusal(ListenerKey key, Predicate<ListenerKey> ours) {
        Map<ListenerKey, Refusal> found = refusals(List.of(key), ours);
        return found.getOrDefault(key, refusal(key, (SocketOwners.Owner) null));
    }
}
