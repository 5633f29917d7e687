package io.skerry.shared.process;

import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where a process meets the others.
///
/// @param clusterBind `cluster-bind`: the one address and port of its Hazelcast member, default
///   127.0.0.1:15701
/// @param busBind `bus-bind`: address and port of its event bus, default the same host and port +
///   100
/// @param members `cluster-members`: members to join, as host:port; the rule services and no
///   others, since lite members cannot hold a cluster together
/// @param lite whether it holds no data of the cluster (edges and gateways)
/// @param tls `bus-tls.…`: mutual TLS of the event bus, default none
public record ClusterSettings(
        HostPort clusterBind,
        HostPort busBind,
        List<String> members,
        boolean lite,
        Optional<BusTls> tls) {
    private static final int PORT_MAX = 65535;
    private static final Pattern MEMBER =
            Pattern.compile("(?:[^\\s:]+|\\[[0-9a-fA-F:.]+]):(\\d{1,5})");
    private static final int BUS_PORT_OFFSET = 100;

    public ClusterSettings {
        members = List.copyOf(members);
    }

    public static ClusterSettings read(SettingsReader settings, boolean lite) {
        HostPort bind = settings.hostPort("cluster-bind", "127.0.0.1:15701");
        int busPort = Math.min(PORT_MAX, bind.port() + BUS_PORT_OFFSET);
        HostPort bus = settings.hostPort("bus-bind", bind.withPort(busPort).toString());
        List<String> members = new ArrayList<>();
        for (String member : settings.list("cluster-members", "")) {
            if (isMember(member)) {
                members.add(member);
            } else {
                settings.mistake(
                        "cluster-members",
                        Code.BAD_FORMAT,
                        "'" + member + "' must be host:port, such as 127.0.0.1:15701");
            }
        }
        checkMeetingPlace(settings, "cluster-bind", bind);
        checkMeetingPlace(settings, "bus-bind", bus);
        if (bind.equals(bus)) {
            settings.mistake(
                    "bus-bind",
                    Code.INCOMPATIBLE,
                    "must differ from cluster-bind, which is " + bind);
        }
        Optional<BusTls> tls = BusTls.read(settings);
        boolean allowed = settings.flag("cluster-insecure", false) || BusTls.isAsked(settings);
        boolean loopback = bind.address().isLoopbackAddress() && bus.address().isLoopbackAddress();
        if (!loopback && !allowed) {
            settings.mistake(
                    "cluster-bind",
                    Code.FORBIDDEN,
                    "off loopback the event bus needs TLS: give bus-tls.key, bus-tls.certificate and"
                            + " bus-tls.ca, or keep it on a private network and set"
                            + " cluster-insecure to true");
        }
        return new ClusterSettings(bind, bus, members, lite, tls);
    }

    private static boolean isMember(String text) {
        Matcher member = MEMBER.matcher(text);
        if (!member.matches()) {
            return false;
        }
        int port = Integer.parseInt(member.group(1));
        return port > 0 && port <= PORT_MAX;
    }

    /// Others are told this address: it has to be one that they can connect to.
    private static void checkMeetingPlace(SettingsReader settings, String key, HostPort bind) {
        if (bind.port() == 0 || bind.address().isAnyLocalAddress()) {
            settings.mistake(
                    key,
                    Code.NOT_ALLOWED,
                    "'" + bind + "' must be one address and port that the others can reach");
        }
    }
}
