package io.skerry.edge.listener;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ListenerPlanTest {
    private static final InetAddress HOME = IpText.parse("127.0.0.1").orElseThrow();

    @Test
    void leadsFromAnythingThatRunsToAnythingWanted() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 3_000; round++) {
            Map<ListenerKey, WantedListener> running = some(random);
            Map<ListenerKey, WantedListener> wanted = some(random);

            ListenerPlan plan = ListenerPlan.of(running, wanted);

            // Taking a port before it is freed throws here.
            assertThat(plan.applyTo(running)).isEqualTo(wanted);
            assertThat(ListenerPlan.of(wanted, wanted).changes()).isEmpty();
        }
    }

    private static Map<ListenerKey, WantedListener> some(Random random) {
        Map<ListenerKey, WantedListener> listeners = new HashMap<>();
        for (int i = 0; i < random.nextInt(12); i++) {
            Protocol protocol = random.nextBoolean() ? Protocol.TCP : Protocol.UDP;
            int rule = random.nextInt(3);
            listeners.put(
                    new ListenerKey(protocol, HOME, 1 + random.nextInt(8)),
                    Rules.wanted("rule-" + rule, protocol, 80 + random.nextInt(2)));
        }
        return listeners;
    }

    @Test
    void aRefusedRuleKeepsWhatItHasUnlessARuleThatIsServedWantsIt() {
        Set<String> refused = Set.of("rule-0", "rule-1");
        Random random = new Random(1);
        for (int round = 0; round < 3_000; round++) {
            Map<ListenerKey, WantedListener> running = some(random);
            Map<ListenerKey, WantedListener> wanted = some(random);
            Set<RuleKey> keys =
                    refused.stream().map(id -> new RuleKey("sid-1", id)).collect(toSet());

            List<ListenerKey> closed = ListenerPlan.of(running, wanted).keeping(keys).closed();

            running.forEach((key, was) -> {
                WantedListener next = wanted.get(key);
                boolean stays = next != null && next.ruleKey().equals(was.ruleKey());
                boolean served = next != null && !keys.contains(next.ruleKey());
                assertThat(closed.contains(key))
                        .isEqualTo(!stays && (served || !keys.contains(was.ruleKey())));
            });
        }
    }

    @Test
    void keepsTheSocketOfAPortWhoseRuleChanges() {
        ListenerKey key = new ListenerKey(Protocol.TCP, HOME, 80);
        WantedListener before = Rules.wanted("rule-a", Protocol.TCP, 80);
        WantedListener after = Rules.wanted("rule-a", Protocol.TCP, 81);

        List<ListenerChange> changes =
                ListenerPlan.of(Map.of(key, before), Map.of(key, after)).changes();

        assertThat(changes).containsExactly(new ListenerChange.Reroute(key, after));
    }

    @Test
    void closesAPortBeforeAnotherRuleOpensIt() {
        ListenerKey key = new ListenerKey(Protocol.TCP, HOME, 80);
        WantedListener before = Rules.wanted("rule-a", Protocol.TCP, 80);
        WantedListener after = Rules.wanted("rule-b", Protocol.TCP, 80);

        List<ListenerChange> changes =
                ListenerPlan.of(Map.of(key, before), Map.of(key, after)).changes();

        assertThat(changes)
                .containsExactly(
                        new ListenerChange.Close(key, before), new ListenerChange.Open(key, after));
    }
}
