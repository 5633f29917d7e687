package io.skerry.edge.origin;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.Eventually;
import io.skerry.edge.name.NameServer;
import io.skerry.edge.name.NameSettings;
import io.skerry.shared.origin.OriginAddress;
import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.SessionPersistence;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NamedOriginTest {
    private static final InetAddress CLIENT = Pools.ip("127.0.0.9");

    private static NameSettings names(NameServer server) {
        NameSettings d = NameSettings.DEFAULT;
        return new NameSettings(
                List.of(server.address()),
                d.hosts(),
                Duration.ofSeconds(1),
                Duration.ofSeconds(300),
                Duration.ofMillis(200));
    }

    private static Rule rule(String name, boolean persistent) {
        return Pools.rule(
                "r",
                new OriginRef.Single(OriginAddress.parse(name).orElseThrow()),
                new SessionPersistence(persistent, 60));
    }

    @Test
    void aNameIsResolvingThenUnresolvedThenHeals() {
        try (NameServer server = new NameServer();
                Pools pools = new Pools(OriginSettings.DEFAULT, names(server))) {
            server.silence(true);
            OriginPool pool = pools.pools.pool(rule("late.test", false), Optional.empty());
            assertThat(pool.choose(CLIENT, Set.of())).isEqualTo(new Choice.Resolving());
            server.silence(false);
            Eventually.holds(
                    "unresolved",
                    () -> pool.choose(CLIENT, Set.of()).equals(new Choice.Unresolved()));
            server.set("late.test", 60, "10.0.0.1", "2001:db8::5");
            Eventually.holds(
                    "chosen", () -> pool.choose(CLIENT, Set.of()) instanceof Choice.Chosen);
            Map<String, Integer> counts = Pools.counts();
            for (int i = 0; i < 100; i++) {
                Pools.count(counts, Pools.chosen(pool, CLIENT));
            }
            assertThat(counts).containsOnlyKeys("10.0.0.1", "2001:db8::5");
        }
    }

    @Test
    void persistenceHoldsAmongTheAddressesOfAName() {
        try (NameServer server = new NameServer();
                Pools pools = new Pools(OriginSettings.DEFAULT, names(server))) {
            server.set("many.test", 60, "10.0.0.1", "10.0.0.2", "10.0.0.3");
            OriginPool pool = pools.pools.pool(rule("many.test", true), Optional.empty());
            Eventually.holds(
                    "chosen", () -> pool.choose(CLIENT, Set.of()) instanceof Choice.Chosen);
            Origin first = Pools.chosen(pool, CLIENT);
            for (int i = 0; i < 100; i++) {
                assertThat(Pools.chosen(pool, CLIENT)).isEqualTo(first);
            }
        }
    }
}
