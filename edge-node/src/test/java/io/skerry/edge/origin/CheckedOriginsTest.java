package io.skerry.edge.origin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.skerry.edge.Eventually;
import io.skerry.edge.health.CheckResult;
import io.skerry.edge.health.TestOrigin;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Pools over origins on real sockets, checked every second. The slow start goes by the clock of
/// the test.
class CheckedOriginsTest {
    private static final InetAddress CLIENT = Pools.ip("127.0.0.9");
    private static final String ONE = "127.0.0.11";
    private static final String TWO = "127.0.0.12";
    private final Pools pools = new Pools();

    @AfterEach
    void close() {
        pools.close();
    }

    private static HealthCheck check(HealthCheck.Type type, OptionalInt port) {
        return new HealthCheck(type, port, 1, 1, 2, 2, "", "");
    }

    private static OriginGroup tcp(String... origins) {
        return with(Pools.group(origins), check(HealthCheck.Type.TCP, OptionalInt.empty()));
    }

    private static OriginGroup with(OriginGroup group, HealthCheck check) {
        return new OriginGroup(group.id(), group.name(), group.origins(), check);
    }

    private static Rule rule(String id, Protocol protocol, PortRange port, ClientIp clientIp) {
        return rule(id, protocol, new OriginRef.Group(Pools.GROUP), port, clientIp);
    }

    private static Rule rule(
            String id, Protocol protocol, OriginRef origin, PortRange port, ClientIp clientIp) {
        return new Rule(
                id,
                new RuleSpec(
                        protocol,
                        List.of(new PortRange(port.first(), port.last())),
                        origin,
                        port,
                        SessionPersistence.OFF,
                        clientIp,
                        "",
                        3600,
                        30,
                        ProxyV2Udp.FIRST,
                        HeaderDestination.DIALLED,
                        0),
                1);
    }

    private static Rule rule(String id, int port) {
        return rule(id, Protocol.TCP, PortRange.of(port), ClientIp.OFF);
    }

    private static Map<String, Integer> run(OriginPool pool, int sessions) {
        Map<String, Integer> counts = Pools.counts();
        for (int i = 0; i < sessions; i++) {
            Origin chosen = Pools.chosen(pool, CLIENT);
            Pools.count(counts, chosen);
            pool.unused(chosen);
        }
        return counts;
    }

    private static boolean goesOnlyTo(OriginPool pool, String origin) {
        return run(pool, 20).keySet().equals(Set.of(origin));
    }

    private void checksGoOn(int more) {
        long wanted = pools.checks.count(CheckResult.OK) + more;
        Eventually.holds("checks", () -> pools.checks.count(CheckResult.OK) >= wanted);
    }

    @Test
    void aDeadOriginIsLeftInThreeSecondsAndComesBackSlowly() {
        TestOrigin one = TestOrigin.tcp(ONE, 0);
        try (TestOrigin two = TestOrigin.tcp(TWO, one.port())) {
            OriginPool pool = pools.pool(rule("r", two.port()), tcp(ONE, TWO));
            assertThat(run(pool, 100)).hasSize(2);
            checksGoOn(2);
            one.close();
            long died = System.nanoTime();
            Eventually.holds("left", () -> goesOnlyTo(pool, TWO));
            assertThat(System.nanoTime() - died).isLessThan(TimeUnit.MILLISECONDS.toNanos(3_500));
            assertThat(pools.pools.up()).containsEntry("tcp:" + ONE + ":" + two.port(), false);
            assertThat(pools.pools.up()).containsEntry("tcp:" + TWO + ":" + two.port(), true);
            try (TestOrigin again = TestOrigin.tcp(ONE, two.port())) {
                Eventually.holds("up", () -> !pools.pools.up().containsValue(false));
                assertThat(run(pool, 1_000).getOrDefault(ONE, 0)).isLessThan(20);
                pools.pass(5);
                // Half of its weight against all of the other's.
                assertThat(run(pool, 9_000).get(ONE)).isCloseTo(3_000, within(100));
                pools.pass(6);
                assertThat(run(pool, 1_000).get(ONE)).isCloseTo(500, within(20));
                assertThat(again.count.get()).isGreaterThanOrEqualTo(2);
            }
        }
    }

    @Test
    void whereAllAreDownAllAreUsedButThoseThatRefuseNow() {
        OriginPool pool = pools.pool(rule("r", 1), tcp(ONE, TWO));
        Eventually.holds(
                "both down",
                () -> pools.pools.up().size() == 2 && !pools.pools.up().containsValue(true));
        assertThat(run(pool, 100)).hasSize(2);
        Origin refuses = Pools.chosen(pool, CLIENT);
        assertThat(pool.keeps(refuses)).isTrue();
        pool.refused(refuses);
        pool.refused(refuses);
        assertThat(run(pool, 100)).doesNotContainKey(Pools.text(refuses));
        assertThat(pool.keeps(refuses)).isFalse();
    }

    @Test
    void rulesShareTheCheckOfOneOriginAndAChangedGroupEndsIt() {
        try (TestOrigin one = TestOrigin.tcp(ONE, 0);
                TestOrigin two = TestOrigin.tcp(TWO, one.port())) {
            OriginPool pool = pools.pool(rule("r1", one.port()), tcp(ONE, TWO));
            pools.pool(rule("r2", one.port()), tcp(ONE, TWO));
            checksGoOn(6);
            // Six checks, at most one more under way: not twelve.
            assertThat(one.count.get() + two.count.get()).isBetween(6, 8);
            pools.pool(rule("r1", one.port()), tcp(TWO));
            pools.pool(rule("r2", one.port()), tcp(TWO));
            assertThat(goesOnlyTo(pool, TWO)).isTrue();
            checksGoOn(1);
            int last = one.count.get();
            checksGoOn(3);
            assertThat(one.count.get()).as("no longer in the group").isEqualTo(last);
            pools.pools.release("r1");
            pools.pools.release("r2");
            assertThat(pools.pools.up()).isEmpty();
        }
    }

    @Test
    void changedWeightsLeaveWhatChecksHaveFoundOut() {
        try (TestOrigin one = TestOrigin.tcp(ONE, 0)) {
            OriginPool pool = pools.pool(rule("r", one.port()), tcp(ONE + "=50", TWO + "=50"));
            Eventually.holds("two is down", () -> goesOnlyTo(pool, ONE));
            for (int weight = 1; weight <= 100; weight++) {
                pools.pool(rule("r", one.port()), tcp(ONE + "=1", TWO + "=" + weight));
                assertThat(goesOnlyTo(pool, ONE)).as("weight %d", weight).isTrue();
            }
            OriginGroup slower =
                    with(
                            Pools.group(ONE + "=1", TWO + "=1"),
                            new HealthCheck(
                                    HealthCheck.Type.TCP, OptionalInt.empty(), 2, 1, 2, 2, "", ""));
            pools.pool(rule("r", one.port()), slower);
            assertThat(goesOnlyTo(pool, ONE)).as("another interval").isTrue();
        }
    }

    @Test
    void theFirstPortOfARangeOrThePortOfTheCheckIsTried() {
        try (TestOrigin health = TestOrigin.tcp(ONE, 0);
                TestOrigin origin = TestOrigin.tcp(TWO, 0)) {
            pools.pool(
                    rule(
                            "range",
                            Protocol.TCP,
                            new PortRange(origin.port(), origin.port() + 1),
                            ClientIp.PPV2),
                    tcp(TWO));
            Eventually.holds("range", () -> !origin.received.isEmpty());
            assertThat(origin.received.getFirst()).hasSize(16);
            OriginGroup own =
                    with(
                            Pools.group(ONE),
                            check(HealthCheck.Type.TCP, OptionalInt.of(health.port())));
            pools.pool(rule("udp", Protocol.UDP, PortRange.of(9), ClientIp.PPV2), own);
            Eventually.holds("port", () -> !health.received.isEmpty());
            assertThat(health.received.getFirst()).as("no header there").isEmpty();
        }
    }

    @Test
    void noCheckGoesToTheRulesPortByTheOtherProtocol() {
        Rule udp = rule("r", Protocol.UDP, PortRange.of(53), ClientIp.OFF);
        OriginGroup udpChecked =
                with(Pools.group(ONE), check(HealthCheck.Type.UDP, OptionalInt.empty()));
        assertThat(CheckPlan.of(udp.spec(), tcp(ONE))).isEmpty();
        assertThat(CheckPlan.of(rule("r", 53).spec(), udpChecked)).isEmpty();
        assertThat(CheckPlan.of(udp.spec(), udpChecked)).isPresent();
        assertThat(CheckPlan.of(udp.spec(), Pools.group(ONE))).as("none").isEmpty();
    }

    private static OriginGroup capped(int... caps) {
        List<WeightedOrigin> origins = new ArrayList<>();
        for (int i = 0; i < caps.length; i++) {
            OriginAddress address = OriginAddress.parse("10.0.0." + (i + 1)).orElseThrow();
            origins.add(new WeightedOrigin(address, OptionalInt.empty(), caps[i]));
        }
        return new OriginGroup(Pools.GROUP, "group", origins, Pools.NO_CHECK);
    }

    @Test
    void aFullOriginIsSkippedAndWhereAllAreFullThereIsNone() {
        OriginPool pool = pools.pool(rule("r", 80), capped(2, 3));
        Map<String, Integer> counts = Pools.counts();
        List<Origin> held = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Origin origin = Pools.chosen(pool, CLIENT);
            if (i % 2 == 0) {
                pool.opened(CLIENT, origin);
            }
            held.add(origin);
            Pools.count(counts, origin);
        }
        assertThat(counts).containsEntry("10.0.0.1", 2).containsEntry("10.0.0.2", 3);
        assertThat(pool.choose(CLIENT, Set.of())).isEqualTo(new Choice.None());
        assertThat(held).as("sessions keep their places").allMatch(pool::keeps);
        pool.closed(CLIENT, held.get(0));
        assertThat(Pools.chosen(pool, CLIENT)).isEqualTo(held.get(0));
        pool.unused(held.get(1));
        assertThat(Pools.chosen(pool, CLIENT)).isEqualTo(held.get(1));
        pool.failed(held.get(3));
        assertThat(Pools.chosen(pool, CLIENT)).isEqualTo(held.get(3));
        assertThat(pool.choose(CLIENT, Set.of())).isEqualTo(new Choice.None());
    }

    @Test
    void aRaisedOrRemovedCapHoldsAtOnce() {
        OriginPool pool = pools.pool(rule("r", 80), capped(1));
        Pools.chosen(pool, CLIENT);
        assertThat(pool.choose(CLIENT, Set.of())).isEqualTo(new Choice.None());
        pools.pool(rule("r", 80), capped(2));
        Pools.chosen(pool, CLIENT);
        assertThat(pool.choose(CLIENT, Set.of())).isEqualTo(new Choice.None());
        pools.pool(rule("r", 80), capped(0));
        assertThat(run(pool, 100)).containsEntry("10.0.0.1", 100);
    }

    @Test
    void manyThreadsNeverPassTheCap() throws Exception {
        OriginPool pool = pools.pool(rule("r", 80), capped(100, 150));
        List<Thread> threads = new ArrayList<>();
        Map<String, Integer> counts = new java.util.concurrent.ConcurrentHashMap<>();
        for (int i = 0; i < 8; i++) {
            threads.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                for (int n = 0; n < 100; n++) {
                                    if (pool.choose(CLIENT, Set.of())
                                            instanceof Choice.Chosen(Origin origin)) {
                                        counts.merge(Pools.text(origin), 1, Integer::sum);
                                    }
                                }
                            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(counts).containsEntry("10.0.0.1", 100).containsEntry("10.0.0.2", 150);
    }

    @Test
    void aSingleOriginIsNotChecked() {
        try (TestOrigin origin = TestOrigin.tcp(ONE, 0);
                TestOrigin grouped = TestOrigin.tcp(TWO, origin.port())) {
            Rule single =
                    rule(
                            "s",
                            Protocol.TCP,
                            new OriginRef.Single(OriginAddress.parse(ONE).orElseThrow()),
                            PortRange.of(origin.port()),
                            ClientIp.OFF);
            pools.pools.pool(single, Optional.empty());
            pools.pool(rule("g", grouped.port()), tcp(TWO));
            checksGoOn(3);
            assertThat(origin.count.get()).isZero();
        }
    }
}
