package io.skerry.shared.rule;

import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import java.util.List;

/// What a rule says: which ports are forwarded where, and how. Made by {@link RuleReader}.
///
/// @param protocol TCP or UDP
/// @param ports 1 to 20 ports or ranges, 1 to 64999, in the order given, none overlapping
/// @param origin one origin or a group
/// @param originPort one port, or a range as long as the only forwarding range
/// @param persistence whether one client stays on one origin
/// @param clientIp how the origin learns the client's address
/// @param tag 0 to 50 code points
/// @param idleSeconds a session without a byte for so long ends; TCP 60 to 86400, default 3600; UDP
///   5 to 86400, default 120
/// @param drainSeconds how long sessions of a disabled or deleted rule may go on, 0 to 3600,
///   default 30
/// @param ppv2Udp which datagrams carry the PROXY v2 header
/// @param headerDestination what a header names as the destination
/// @param maxConnections open sessions per node, 0 to 1,000,000; 0 is no cap
public record RuleSpec(
        Protocol protocol,
        List<PortRange> ports,
        OriginRef origin,
        PortRange originPort,
        SessionPersistence persistence,
        ClientIp clientIp,
        String tag,
        int idleSeconds,
        int drainSeconds,
        ProxyV2Udp ppv2Udp,
        HeaderDestination headerDestination,
        int maxConnections) {
    public static final int PORTS_MAX = 20;
    public static final int FORWARDING_PORT_MAX = 64999;
    public static final int TAG_MAX = 50;
    public static final int IDLE_SECONDS_MAX = 86_400;
    public static final int DRAIN_SECONDS_MAX = 3_600;
    public static final int DRAIN_SECONDS_DEFAULT = 30;
    public static final int CONNECTIONS_MAX = 1_000_000;

    public RuleSpec {
        ports = List.copyOf(ports);
        if (ports.isEmpty() || ports.size() > PORTS_MAX) {
            throw new IllegalArgumentException("ports: " + ports.size());
        }
        if (!clientIp.fits(protocol)) {
            throw new IllegalArgumentException(clientIp + " on " + protocol);
        }
    }

    public static int idleSecondsMin(Protocol protocol) {
        return switch (protocol) {
            case TCP -> 60;
            case UDP -> 5;
        };
    }

    public static int idleSecondsDefault(Protocol protocol) {
        return switch (protocol) {
            case TCP -> 3600;
            case UDP -> 120;
        };
    }

    /// Number of ports, ranges counted port by port.
    public int portCount() {
        return ports.stream().mapToInt(PortRange::size).sum();
    }

    /// The origin port that a forwarding port leads to.
    public int originPort(int forwardingPort) {
        return originPort.isSingle()
                ? originPort.first()
                : originPort.first() + (forwardingPort - ports.get(0).first());
    }

    /// The same rule with its origin resolved.
    public RuleSpec withOrigin(OriginRef resolved) {
        return new RuleSpec(
                protocol,
                ports,
                resolved,
                originPort,
                persistence,
                clientIp,
                tag,
                idleSeconds,
                drainSeconds,
                ppv2Udp,
                headerDestination,
                maxConnections);
    }
}
