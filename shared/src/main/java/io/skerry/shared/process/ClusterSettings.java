package io.skerry.shared.process;

import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import java.util.ArrayList;
import java.util.List;

/// Where a process meets the others.
///
/// @param clusterBind `cluster-bind`: the one address and port of its Hazelcast member, default
///   127.0.0.1:15701
/// @param busBind `bus-bind`: address and port of its event bus, default the same host and port +
///   100
/// @param members `cluster-members`: members to join, as host:port
/// @param lite whether it holds no data of the cluster (edges and gateways)
public record ClusterSettings(
        HostPort clusterBind, HostPort busBind, List<String> members, boolean lite) {
    private static final int BUS_PORT_OFFSET = 100;

    public ClusterSettings {
        members = List.copyOf(members);
    }

    public static ClusterSettings read(SettingsReader settings, boolean lite) {
        HostPort bind = settings.hostPort("cluster-bind", "127.0.0.1:15701");
        int busPort = Math.min(65535, bind.port() + BUS_PORT_OFFSET);
        HostPort bus = settings.hostPort("bus-bind", bind.withPort(busPort).toString());
        List<String> members = new ArrayList<>();
        for (String member : settings.list("cluster-members", "")) {
            if (member.matches("[^\\s:]+:\\d{1,5}|\\[[0-9a-fA-F:.]+]:\\d{1,5}")) {
                members.add(member);
            } else {
                settings.mistake(
                        "cluster-members",
                        Code.BAD_FORMAT,
                        "'" + member + "' must be host:port, such as 127.0.0.1:15701");
            }
        }
        boolean insecure = settings.flag("cluster-insecure", false);
        boolean loopback = bind.address().isLoopbackAddress() && bus.address().isLoopbackAddress();
        if (!loopback && !insecure) {
            settings.mistake(
                    "cluster-bind",
                    Code.FORBIDDEN,
                    "off loopback the cluster speaks without encryption: keep it on a private"
                            + " network and set cluster-insecure to true");
        }
        return new ClusterSettings(bind, bus, members, lite);
    }
}
