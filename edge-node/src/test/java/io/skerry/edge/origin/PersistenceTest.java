package io.skerry.edge.origin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.skerry.shared.net.IpText;
import io.skerry.shared.origin.OriginGroup;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PersistenceTest {
    private static List<InetAddress> clients(int count, Random random) {
        Set<InetAddress> clients = new HashSet<>();
        while (clients.size() < count) {
            byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
            random.nextBytes(bytes);
            clients.add(IpText.of(bytes));
        }
        return List.copyOf(clients);
    }

    private static Random random() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        return new Random(seed);
    }

    @Test
    void everyNodeSendsAClientToTheSameOrigin() {
        Random random = random();
        List<InetAddress> clients = clients(10_000, random);
        List<String> origins =
                new ArrayList<>(List.of("10.0.0.1=5", "10.0.0.2=9", "2001:db8::1=1", "10.9.0.1=3"));
        List<List<String>> byNode = new ArrayList<>();
        for (int node = 0; node < 3; node++) {
            Collections.shuffle(origins, random);
            try (Pools pools = new Pools()) {
                OriginPool pool =
                        pools.pool(
                                Pools.persistentRule("r" + node, 3600),
                                Pools.group(origins.toArray(String[]::new)));
                byNode.add(clients.stream().map(c -> Pools.text(Pools.chosen(pool, c))).toList());
            }
        }
        assertThat(byNode.get(1)).isEqualTo(byNode.get(0));
        assertThat(byNode.get(2)).isEqualTo(byNode.get(0));
    }

    @Test
    void weightsAreKeptWithinThreePercentOverAHundredThousandClients() {
        try (Pools pools = new Pools()) {
            OriginPool pool =
                    pools.pool(
                            Pools.persistentRule("r", 3600),
                            Pools.group("10.0.0.1=50", "10.0.0.2=30", "10.0.0.3=20", "10.0.0.4=0"));
            Map<String, Integer> counts = Pools.counts();
            // Neighbouring addresses, which a weak hash would not spread.
            for (int i = 0; i < 100_000; i++) {
                Pools.count(counts, Pools.chosen(pool, v4(0x0a000000 + i)));
            }
            assertThat(counts).containsOnlyKeys("10.0.0.1", "10.0.0.2", "10.0.0.3");
            assertThat(counts.get("10.0.0.1")).isCloseTo(50_000, within(1_500));
            assertThat(counts.get("10.0.0.2")).isCloseTo(30_000, within(900));
            assertThat(counts.get("10.0.0.3")).isCloseTo(20_000, within(600));
        }
    }

    private static InetAddress v4(int bits) {
        return IpText.of(
                new byte[] {
                    (byte) (bits >>> 24), (byte) (bits >>> 16), (byte) (bits >>> 8), (byte) bits
                });
    }

    @Test
    void addingOneOfFiveOriginsMovesAtMostAQuarterOfTheClientsAndOnlyToIt() {
        List<InetAddress> clients = clients(10_000, random());
        try (Pools pools = new Pools()) {
            OriginGroup four = Pools.group("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4");
            OriginGroup five =
                    Pools.group("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5");
            OriginPool before = pools.pool(Pools.persistentRule("r1", 3600), four);
            OriginPool after = pools.pool(Pools.persistentRule("r2", 3600), five);
            int moved = 0;
            for (InetAddress client : clients) {
                String old = Pools.text(Pools.chosen(before, client));
                String now = Pools.text(Pools.chosen(after, client));
                if (!now.equals(old)) {
                    moved++;
                    assertThat(now).isEqualTo("10.0.0.5");
                }
            }
            assertThat(moved).isBetween(1_700, 2_500);
        }
    }

    @Test
    void aClientStaysWhereItsSessionsWereForAsLongAsTheRuleSays() {
        try (Pools pools = new Pools()) {
            OriginPool pool = pools.pool(Pools.persistentRule("r", 60), Pools.group("10.0.0.1"));
            InetAddress client = movedClient();
            Origin first = Pools.chosen(pool, client);
            pool.opened(client, first);
            pools.pool(Pools.persistentRule("r", 60), Pools.group("10.0.0.1", "10.0.0.2"));
            pools.pass(7_200);
            assertThat(Pools.chosen(pool, client)).as("a session is open").isEqualTo(first);
            pool.closed(client, first);
            pools.pass(59);
            assertThat(Pools.chosen(pool, client)).isEqualTo(first);
            pools.pass(1);
            assertThat(Pools.text(Pools.chosen(pool, client))).isEqualTo("10.0.0.2");
        }
    }

    /// A client that the hash sends to 10.0.0.2 once that origin is there.
    private static InetAddress movedClient() {
        try (Pools pools = new Pools()) {
            OriginPool pool =
                    pools.pool(Pools.persistentRule("r", 60), Pools.group("10.0.0.1", "10.0.0.2"));
            for (int i = 1; ; i++) {
                if (Pools.text(Pools.chosen(pool, v4(0x7f000000 + i))).equals("10.0.0.2")) {
                    return v4(0x7f000000 + i);
                }
            }
        }
    }

    @Test
    void anOriginThatFailsOrDrainsLosesItsClientsToTheNextOfTheHash() {
        try (Pools pools = new Pools()) {
            OriginGroup group = Pools.group("10.0.0.1=1", "10.0.0.2=1", "10.0.0.3=1");
            OriginPool pool = pools.pool(Pools.persistentRule("r", 60), group);
            InetAddress client = v4(0x7f000009);
            Origin first = Pools.chosen(pool, client);
            pool.opened(client, first);
            Origin second = Pools.chosen(pool, client, Set.of(first));
            pool.failed(first);
            pool.failed(first);
            assertThat(Pools.chosen(pool, client)).isEqualTo(second);
            pools.pass(2);
            assertThat(Pools.chosen(pool, client)).isEqualTo(first);
            String[] drained = {"10.0.0.1=1", "10.0.0.2=1", "10.0.0.3=1"};
            for (int i = 0; i < drained.length; i++) {
                if (drained[i].startsWith(Pools.text(first))) {
                    drained[i] = Pools.text(first) + "=0";
                }
            }
            pools.pool(Pools.persistentRule("r", 60), Pools.group(drained));
            assertThat(Pools.chosen(pool, client)).isEqualTo(second);
            assertThat(pool.keeps(first)).isFalse();
        }
    }

    @Test
    void neighboursOfOneIpv6NetworkAreOneClientWhereTheSettingSaysSo() {
        OriginSettings settings = Pools.settings(100, 64);
        try (Pools pools = new Pools(settings)) {
            String[] origins = new String[20];
            for (int i = 0; i < 20; i++) {
                origins[i] = "10.0.0." + (i + 1);
            }
            OriginPool pool = pools.pool(Pools.persistentRule("r", 60), Pools.group(origins));
            Set<Origin> used = new HashSet<>();
            for (int i = 1; i < 1000; i++) {
                used.add(Pools.chosen(pool, Pools.ip("2001:db8::" + Integer.toHexString(i))));
            }
            assertThat(used).hasSize(1);
        }
    }

    @Test
    void theTableStaysWithinItsBoundAndSaysWhatItForgot() {
        OriginSettings settings = Pools.settings(1_600, 128);
        try (Pools pools = new Pools(settings)) {
            OriginPool pool =
                    pools.pool(Pools.persistentRule("r", 60), Pools.group("10.0.0.1", "10.0.0.2"));
            for (int i = 0; i < 10_000; i++) {
                InetAddress client = v4(0x0a000000 + i);
                Origin origin = Pools.chosen(pool, client);
                pool.opened(client, origin);
                pool.closed(client, origin);
                if (i < 800) {
                    assertThat(pools.pools.persistenceEvicted()).isZero();
                }
            }
            assertThat(pools.pools.persistenceEntries()).isBetween(1_500, 1_600);
            assertThat(pools.pools.persistenceEvicted())
                    .isEqualTo(10_000 - pools.pools.persistenceEntries());
        }
    }

    @Test
    void theTableForgetsIdleClientsBeforeThoseWithOpenSessions() {
        PersistenceTable table = new PersistenceTable(3);
        InetAddress origin = v4(0x0a000001);
        table.opened("r", v4(1), origin, 100, 0);
        table.opened("r", v4(2), origin, 100, 0);
        table.closed("r", v4(2), 0);
        table.opened("r", v4(3), origin, 100, 0);
        table.opened("r", v4(4), origin, 100, 0);
        assertThat(table.pinned("r", v4(2), 0)).isNull();
        assertThat(table.pinned("r", v4(1), 0)).isEqualTo(origin);
        table.closed("r", v4(3), 0);
        table.sweep(100);
        assertThat(table.size()).isEqualTo(2);
    }
}
