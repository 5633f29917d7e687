package io.skerry.edge.listener;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.IpText;
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
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/// Rules and contents for tests.
public final class Rules {
    private Rules() {}

    public static WantedListener wanted(String id, Protocol protocol, int originPort) {
        return new WantedListener(
                "sid-1", rule(id, 1, protocol, originPort, ClientIp.OFF, "80"), null);
    }

    public static Rule tcp(String id, long revision, int originPort, String... ports) {
        return rule(id, revision, Protocol.TCP, originPort, ClientIp.OFF, ports);
    }

    public static Rule rule(
            String id,
            long revision,
            Protocol protocol,
            int originPort,
            ClientIp clientIp,
            String... ports) {
        List<PortRange> ranges =
                Arrays.stream(ports).map(text -> PortRange.parse(text).orElseThrow()).toList();
        RuleSpec spec =
                new RuleSpec(
                        protocol,
                        ranges,
                        new OriginRef.Single(
                                new OriginAddress.Ip(IpText.parse("127.0.0.1").orElseThrow())),
                        PortRange.of(originPort),
                        SessionPersistence.OFF,
                        clientIp,
                        "",
                        60,
                        0,
                        ProxyV2Udp.FIRST,
                        HeaderDestination.DIALLED,
                        0);
        return new Rule(id, spec, revision);
    }

    /// The same rule, whose sessions may go on for a while when it is gone.
    public static Rule draining(Rule rule, int seconds) {
        RuleSpec spec = rule.spec();
        RuleSpec draining =
                new RuleSpec(
                        spec.protocol(),
                        spec.ports(),
                        spec.origin(),
                        spec.originPort(),
                        spec.persistence(),
                        spec.clientIp(),
                        spec.tag(),
                        spec.idleSeconds(),
                        seconds,
                        spec.ppv2Udp(),
                        spec.headerDestination(),
                        spec.maxConnections());
        return new Rule(rule.id(), draining, rule.revision());
    }

    public static InstanceContent content(int slot, boolean ipv6, Rule... rules) {
        TreeMap<String, Rule> byId = new TreeMap<>();
        for (Rule each : rules) {
            byId.put(each.id(), each);
        }
        return new InstanceContent("sid-1", 1, ipv6, slot, byId, new TreeMap<>());
    }
}
