package io.skerry.edge.udp;

import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.metrics.SessionMetrics;
import java.util.concurrent.ConcurrentHashMap;

/// What all UDP listeners of a node share. Safe for all threads.
final class UdpNode {
    private final OwnPorts ownPorts;
    private final SessionMetrics metrics;
    private final Admission admission;
    private final ConcurrentHashMap<Integer, Integer> clientSides = new ConcurrentHashMap<>();

    UdpNode(OwnPorts own, SessionMetrics metrics, Admission admission) {
        this.ownPorts = own;
        this.metrics = metrics;
        this.admission = admission;
    }

    OwnPorts ownPorts() {
        return ownPorts;
    }

    SessionMetrics metrics() {
        return metrics;
    }

    Admission admission() {
        return admission;
    }

    /// Counts sockets of draining sessions, which hold on to their port.
    void clientSides(int port, int change) {
        clientSides.merge(port, change, (a, b) -> a + b == 0 ? null : Integer.valueOf(a + b));
    }

    /// How the first socket of a new listener shares: not at once, unless sessions of ours that
    /// drain are on the port.
    UdpSockets.Sharing sharing(int port) {
        return clientSides.containsKey(port)
                ? UdpSockets.Sharing.FROM_THE_START
                : UdpSockets.Sharing.ONCE_BOUND;
    }
}
