package io.skerry.edge.origin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.skerry.shared.net.Protocol;
import io.skerry.shared.origin.OriginAddress;
import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.SessionPersistence;
import java.net.InetAddress;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WeightedChoiceTest {
    private static final InetAddress CLIENT = Pools.ip("127.0.0.9");
    private final Pools pools = new Pools();

    @AfterEach
    void close() {
        pools.close();
    }

    private static Map<String, Integer> run(OriginPool pool, int sessions) {
        Map<String, Integer> counts = Pools.counts();
        for (int i = 0; i < sessions; i++) {
            Pools.count(counts, Pools.chosen(pool, CLIENT));
        }
        return counts;
    }

    @Test
    void tenThousandConnectionsFallWithinThreePercentOfTheWeights() {
        OriginPool pool =
                pools.pool(
                        Pools.groupRule("r"),
                        Pools.group("10.0.0.1=50", "10.0.0.2=30", "10.0.0.3=19", "10.0.0.4=1"));
        Map<String, Integer> counts = run(pool, 10_000);
        assertThat(counts.get("10.0.0.1")).isCloseTo(5000, within(150));
        assertThat(counts.get("10.0.0.2")).isCloseTo(3000, within(90));
        assertThat(counts.get("10.0.0.3")).isCloseTo(1900, within(57));
        assertThat(counts.get("10.0.0.4")).isCloseTo(100, within(3));
    }

    @Test
    void anyWeightsAreKeptWithinThreePercent() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            int size = 2 + random.nextInt(19);
            String[] origins = new String[size];
            int[] weights = new int[size];
            int total = 0;
            for (int i = 0; i < size; i++) {
                weights[i] = i == 0 ? 100 : random.nextInt(101);
                total += weights[i];
                origins[i] = "10.0.0." + (i + 1) + "=" + weights[i];
            }
            OriginPool pool = pools.pool(Pools.groupRule("r" + round), Pools.group(origins));
            Map<String, Integer> counts = run(pool, 100 * total);
            for (int i = 0; i < size; i++) {
                int expected = 100 * weights[i];
                assertThat(counts.getOrDefault("10.0.0." + (i + 1), 0))
                        .as("seed %d round %d origin %d", seed, round, i)
                        .isCloseTo(expected, within(Math.max(expected * 3 / 100, 0)));
            }
        }
    }

    @Test
    void originsWithoutWeightsGetEqualShares() {
        OriginPool pool =
                pools.pool(Pools.groupRule("r"), Pools.group("10.0.0.1", "10.0.0.2", "10.0.0.3"));
        assertThat(run(pool, 9_000).values())
                .hasSize(3)
                .allSatisfy(n -> assertThat(n).isCloseTo(3000, within(30)));
    }

    @Test
    void aShortRunIsSpreadToo() {
        OriginPool pool = pools.pool(Pools.groupRule("r"), Pools.group("10.0.0.1=1", "10.0.0.2=1"));
        assertThat(run(pool, 10).values()).allSatisfy(n -> assertThat(n).isBetween(3, 7));
    }

    @Test
    void weightZeroGetsNothingEvenWhenTheOthersFail() {
        OriginPool pool =
                pools.pool(Pools.groupRule("r"), Pools.group("10.0.0.1=0", "10.0.0.2=10"));
        assertThat(run(pool, 1_000)).containsOnlyKeys("10.0.0.2");
        Origin only = Pools.chosen(pool, CLIENT);
        assertThat(pool.choose(CLIENT, Set.of(only))).isEqualTo(new Choice.None());
        assertThat(pool.keeps(new Origin(Pools.ip("10.0.0.1"), new OriginState()))).isFalse();
        assertThat(pool.keeps(only)).isTrue();
    }

    @Test
    void originsThatFailedTheSessionAreNotChosenAgain() {
        OriginPool pool = pools.pool(Pools.groupRule("r"), Pools.group("10.0.0.1", "10.0.0.2"));
        Origin first = Pools.chosen(pool, CLIENT);
        for (int i = 0; i < 100; i++) {
            assertThat(Pools.chosen(pool, CLIENT, Set.of(first))).isNotEqualTo(first);
        }
    }

    @Test
    void twoFailuresInARowMakeAnOriginAvoidedForTwoSeconds() {
        OriginPool pool = pools.pool(Pools.groupRule("r"), Pools.group("10.0.0.1", "10.0.0.2"));
        Origin bad = Pools.chosen(pool, CLIENT);
        pool.failed(bad);
        assertThat(run(pool, 100)).hasSize(2);
        pool.failed(bad);
        assertThat(run(pool, 100)).hasSize(1).doesNotContainKey(Pools.text(bad));
        assertThat(pool.keeps(bad)).isFalse();
        assertThat(pools.pools.up()).containsEntry("tcp:" + Pools.text(bad) + ":80", false);
        pools.pass(2);
        assertThat(run(pool, 100)).hasSize(2);
        pool.failed(bad);
        assertThat(run(pool, 100)).as("one more failure is enough now").hasSize(1);
    }

    @Test
    void aSuccessClearsTheRecord() {
        OriginPool pool = pools.pool(Pools.groupRule("r"), Pools.group("10.0.0.1", "10.0.0.2"));
        Origin shaky = Pools.chosen(pool, CLIENT);
        pool.failed(shaky);
        pool.opened(CLIENT, shaky);
        pool.failed(shaky);
        assertThat(run(pool, 100)).hasSize(2);
        assertThat(shaky.state().sessions()).isEqualTo(1);
        pool.closed(CLIENT, shaky);
        assertThat(shaky.state().sessions()).isZero();
    }

    @Test
    void whereEveryOriginIsAvoidedAllAreUsed() {
        OriginPool pool = pools.pool(Pools.groupRule("r"), Pools.group("10.0.0.1", "10.0.0.2"));
        Origin one = Pools.chosen(pool, CLIENT);
        Origin two = Pools.chosen(pool, CLIENT, Set.of(one));
        for (Origin each : new Origin[] {one, one, two, two}) {
            pool.failed(each);
        }
        assertThat(run(pool, 100)).hasSize(2);
        assertThat(pool.keeps(one)).isTrue();
    }

    @Test
    void rulesShareWhatIsKnownOfTheSameAddressAndPort() {
        OriginPool one = pools.pool(Pools.groupRule("r1"), Pools.group("10.0.0.1", "10.0.0.2"));
        OriginPool two = pools.pool(Pools.groupRule("r2"), Pools.group("10.0.0.1", "10.0.0.3"));
        Origin bad = Pools.chosen(one, CLIENT);
        while (!Pools.text(bad).equals("10.0.0.1")) {
            bad = Pools.chosen(one, CLIENT);
        }
        one.failed(bad);
        one.failed(bad);
        assertThat(run(two, 50)).containsOnlyKeys("10.0.0.3");
        pools.pools.release("r1");
        assertThat(run(two, 50)).containsOnlyKeys("10.0.0.3");
        pools.pools.release("r2");
        assertThat(pools.pools.up()).isEmpty();
    }

    @Test
    void aChangedGroupIsFollowedByThePoolOfOpenSessions() {
        OriginPool pool = pools.pool(Pools.groupRule("r"), Pools.group("10.0.0.1", "10.0.0.2"));
        Origin used = Pools.chosen(pool, CLIENT);
        String other = Pools.text(used).equals("10.0.0.1") ? "10.0.0.2" : "10.0.0.1";
        OriginPool again = pools.pool(Pools.groupRule("r"), Pools.group(other, "10.0.0.3"));
        assertThat(again).isSameAs(pool);
        assertThat(pool.keeps(used)).isFalse();
    }

    @Test
    void anotherOriginOfTheRuleConcernsNewSessionsOnly() {
        OriginPool before = pools.pools.pool(single("10.0.0.1"), java.util.Optional.empty());
        Origin used = Pools.chosen(before, CLIENT);
        OriginPool after = pools.pools.pool(single("10.0.0.2"), java.util.Optional.empty());
        assertThat(Pools.text(Pools.chosen(after, CLIENT))).isEqualTo("10.0.0.2");
        assertThat(before.keeps(used)).isTrue();
    }

    private static io.skerry.shared.rule.Rule single(String address) {
        return Pools.rule(
                "r",
                Protocol.UDP,
                new OriginRef.Single(OriginAddress.parse(address).orElseThrow()),
                SessionPersistence.OFF);
    }
}
