package io.skerry.edge.follow;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.origin.OriginAddress;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.HeaderDestination;
import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.ProxyV2Udp;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleSpec;
import io.skerry.shared.rule.SessionPersistence;
import java.util.List;
import java.util.TreeMap;

/// Contents for tests.
public final class Contents {
    public static final String A = "sid-aaaaaaaaaaaa";
    public static final String B = "sid-bbbbbbbbbbbb";

    private Contents() {}

    public static String ruleId(int port) {
        return "rule-" + String.format("%012d", port);
    }

    /// An instance with a TCP rule for each port.
    public static InstanceContent of(String instance, long revision, int... ports) {
        TreeMap<String, Rule> rules = new TreeMap<>();
        for (int port : ports) {
            rules.put(ruleId(port), rule(port, revision));
        }
        return new InstanceContent(instance, revision, false, 0, rules, new TreeMap<>());
    }

    private static Rule rule(int port, long revision) {
        return rule(Protocol.TCP, port, 9000, revision);
    }

    /// A rule from a port to a port on 127.0.0.1.
    public static Rule rule(Protocol protocol, int port, int originPort, long revision) {
        return new Rule(
                ruleId(port),
                new RuleSpec(
                        protocol,
                        List.of(new PortRange(port, port)),
                        new OriginRef.Single(OriginAddress.parse("127.0.0.1").orElseThrow()),
                        new PortRange(originPort, originPort),
                        SessionPersistence.OFF,
                        ClientIp.OFF,
                        "",
                        3600,
                        30,
                        ProxyV2Udp.FIRST,
                        HeaderDestination.DIALLED,
                        0),
                revision);
    }
}
