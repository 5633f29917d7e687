package io.skerry.edge.listener;

import io.skerry.shared.net.Protocol;
import java.util.List;
import java.util.Optional;

/// How a node opens ports, and on what terms.
///
/// @param tcp opens TCP ports
/// @param udp opens UDP ports
/// @param slots addresses of this node by slot; slot 0 is shared
/// @param loops event loops of the node: on so many sockets a port is served while ports are few
/// @param budget file descriptors for listening sockets
/// @param steering leads many ports to a few sockets, where it can
/// @param toaMissing why the node cannot write the TOA option; empty where it can
public record ListenerFactories(
        ListenerFactory tcp,
        ListenerFactory udp,
        List<Slot> slots,
        int loops,
        DescriptorBudget budget,
        Steering steering,
        Optional<String> toaMissing) {
    public ListenerFactories {
        slots = List.copyOf(slots);
    }

    ListenerFactory of(Protocol protocol) {
        return switch (protocol) {
            case TCP -> tcp;
            case UDP -> udp;
        };
    }
}
