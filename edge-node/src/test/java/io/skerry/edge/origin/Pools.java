package io.skerry.edge.origin;

import io.skerry.edge.health.HealthChecks;
import io.skerry.edge.name.NameSettings;
import io.skerry.edge.name.Names;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.origin.HealthCheck;
import io.skerry.shared.origin.OriginAddress;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.origin.WeightedOrigin;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.HeaderDestination;
import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.ProxyV2Udp;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleSpec;
import io.skerry.shared.rule.SessionPersistence;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/// Rules, groups and a node's pools for tests, with a clock that the test moves.
final class Pools implements AutoCloseable {
    static final String GROUP = "og-000000000001";

    static final HealthCheck NO_CHECK =
            new HealthCheck(HealthCheck.Type.NONE, OptionalInt.empty(), 1, 1, 2, 2, "", "");

    final AtomicLong clock = new AtomicLong();
    final Names names;
    final HealthChecks checks;
    final OriginPools pools;

    Pools() {
        this(OriginSettings.DEFAULT);
    }

    Pools(OriginSettings settings) {
        this(settings, NameSettings.DEFAULT);
    }

    Pools(OriginSettings settings, NameSettings nameSettings) {
        names = new Names(nameSettings);
        checks = new HealthChecks(settings.checksMax(), clock::get);
        pools = new OriginPools(settings, names, checks, clock::get);
    }

    @Override
    public void close() {
        names.close();
        checks.close();
    }

    static OriginSettings settings(int entries, int ipv6Prefix) {
        OriginSettings d = OriginSettings.DEFAULT;
        return new OriginSettings(entries, ipv6Prefix, d.avoidance(), d.checksMax(), d.slowStart());
    }

    void pass(long seconds) {
        clock.addAndGet(seconds * 1_000_000_000L);
    }

    OriginPool pool(Rule rule, OriginGroup group) {
        return pools.pool(rule, Optional.of(group));
    }

    static InetAddress ip(String text) {
        return IpText.parse(text).orElseThrow();
    }

    static Rule rule(String id, OriginRef origin, SessionPersistence persistence) {
        return rule(id, Protocol.TCP, origin, persistence);
    }

    static Rule rule(
            String id, Protocol protocol, OriginRef origin, SessionPersistence persistence) {
        return new Rule(
                id,
                new RuleSpec(
                        protocol,
                        List.of(new PortRange(80, 80)),
                        origin,
                        new PortRange(80, 80),
                        persistence,
                        ClientIp.OFF,
                        "",
                        3600,
                        30,
                        ProxyV2Udp.FIRST,
                        HeaderDestination.DIALLED,
                        0),
                1);
    }

    static Rule groupRule(String id) {
        return rule(id, new OriginRef.Group(GROUP), SessionPersistence.OFF);
    }

    static Rule persistentRule(String id, int seconds) {
        return rule(id, new OriginRef.Group(GROUP), new SessionPersistence(true, seconds));
    }

    /// `10.0.0.1=50` with a weight, `10.0.0.1` without.
    static OriginGroup group(String... origins) {
        List<WeightedOrigin> all = new java.util.ArrayList<>();
        for (String each : origins) {
            String[] parts = each.split("=");
            all.add(
                    new WeightedOrigin(
                            OriginAddress.parse(parts[0]).orElseThrow(),
                            parts.length > 1
                                    ? OptionalInt.of(Integer.parseInt(parts[1]))
                                    : OptionalInt.empty()));
        }
        return new OriginGroup(GROUP, "group", all, NO_CHECK);
    }

    static Origin chosen(OriginPool pool, InetAddress client) {
        return chosen(pool, client, Set.of());
    }

    static Origin chosen(OriginPool pool, InetAddress client, Set<Origin> tried) {
        if (pool.choose(client, tried) instanceof Choice.Chosen(Origin origin)) {
            return origin;
        }
        throw new AssertionError("nothing chosen");
    }

    static String text(Origin origin) {
        return IpText.print(origin.address());
    }

    static void count(Map<String, Integer> counts, Origin origin) {
        counts.merge(text(origin), 1, Integer::sum);
    }

    static Map<String, Integer> counts() {
        return new TreeMap<>();
    }
}
