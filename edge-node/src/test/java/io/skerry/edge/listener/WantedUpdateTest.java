package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// The law of an update: it ends where a plan for everything would.
final class WantedUpdateTest {
    private static final List<Slot> SLOTS =
            List.of(
                    Slot.parse("127.0.0.1+[::1]").orElseThrow(),
                    Slot.parse("0.0.0.0").orElseThrow());

    private static final Optional<String> NO_TOA = Optional.of("no privilege");

    @Test
    void anyChainOfContentsEndsWhereTheLastAloneWould() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int refusals = 0;
        for (int round = 0; round < 200; round++) {
            OwnPorts own = new OwnPorts();
            own.add(Protocol.TCP, IpText.parse("127.0.0.1").orElseThrow(), 9);
            WantedListeners kept = new WantedListeners(SLOTS, own, NO_TOA);
            Map<ListenerKey, WantedListener> running = new HashMap<>();
            List<InstanceContent> contents = new ArrayList<>();
            for (int step = 0; step < 20; step++) {
                contents = changed(contents, random);

                Set<RuleKey> rules = kept.update(contents);
                WantedListeners anew = WantedListeners.of(contents, SLOTS, own, NO_TOA);

                String which = "seed " + seed + " round " + round + " step " + step;
                assertThat(kept.refused()).as(which).isEqualTo(anew.refused());
                assertThat(kept.listeners()).as(which).isEqualTo(anew.listeners());
                assertThat(kept.size()).as(which).isEqualTo(anew.listeners().size());
                // What runs follows from the plan for those rules alone.
                ListenerPlan plan = ListenerPlan.of(some(running, rules), kept.listeners(rules));
                running = plan.applyTo(running);
                assertThat(running).as(which).isEqualTo(anew.listeners());
                refusals += anew.refused().size();
            }
        }
        assertThat(refusals).isPositive();
    }

    @Test
    void anUpdateNamesTheRulesThatDifferAndNoOther() {
        WantedListeners wanted =
                WantedListeners.of(contents("80", "90"), SLOTS, new OwnPorts(), NO_TOA);

        assertThat(wanted.update(contents("80", "90"))).isEmpty();
        assertThat(wanted.update(contents("80", "91")))
                .containsExactly(new RuleKey("sid-1", "rule-b"));
        assertThat(wanted.update(contents("80", "80")))
                .containsExactlyInAnyOrder(
                        new RuleKey("sid-1", "rule-a"), new RuleKey("sid-1", "rule-b"));
    }

    @Test
    void aRuleThatHadNoPortGetsItOnceTheOtherIsGone() {
        WantedListeners wanted =
                WantedListeners.of(contents("80", "80"), SLOTS, new OwnPorts(), NO_TOA);
        assertThat(wanted.refused()).containsOnlyKeys(new RuleKey("sid-1", "rule-b"));

        assertThat(wanted.update(contents("81", "80"))).contains(new RuleKey("sid-1", "rule-b"));

        assertThat(wanted.refused()).isEmpty();
    }

    private static List<InstanceContent> contents(String portsOfA, String portsOfB) {
        return List.of(
                Rules.content(
                        0,
                        false,
                        Rules.tcp("rule-a", 1, 9_999, portsOfA),
                        Rules.tcp("rule-b", 2, 9_999, portsOfB)));
    }

    private static Map<ListenerKey, WantedListener> some(
            Map<ListenerKey, WantedListener> all, Set<RuleKey> rules) {
        Map<ListenerKey, WantedListener> some = new HashMap<>(all);
        some.values().removeIf(each -> !rules.contains(each.ruleKey()));
        return some;
    }

    /// One or two things differ: a rule more, less or another, or how an instance is served.
    private static List<InstanceContent> changed(List<InstanceContent> now, Random random) {
        List<InstanceContent> next = new ArrayList<>(now);
        for (int i = 0; i <= random.nextInt(2); i++) {
            String instance = "sid-" + random.nextInt(3);
            Optional<InstanceContent> before =
                    next.stream().filter(each -> each.instance().equals(instance)).findFirst();
            Set<String> gone = new HashSet<>();
            next.removeIf(each -> each.instance().equals(instance) && gone.add(instance));
            if (random.nextInt(10) > 0) {
                next.add(content(instance, before, random));
            }
        }
        return next;
    }

    private static InstanceContent content(
            String instance, Optional<InstanceContent> before, Random random) {
        TreeMap<String, Rule> rules = new TreeMap<>();
        before.ifPresent(content -> rules.putAll(content.rules()));
        String id = "rule-" + random.nextInt(5);
        if (random.nextInt(4) == 0) {
            rules.remove(id);
        } else {
            rules.put(id, rule(id, random));
        }
        boolean otherwise = random.nextInt(5) == 0;
        return new InstanceContent(
                instance,
                1,
                otherwise ? random.nextBoolean() : before.map(InstanceContent::ipv6).orElse(true),
                otherwise ? random.nextInt(3) : before.map(InstanceContent::slot).orElse(0),
                rules,
                new TreeMap<>());
    }

    private static Rule rule(String id, Random random) {
        int first = 10 + random.nextInt(30);
        Protocol protocol = random.nextInt(4) == 0 ? Protocol.UDP : Protocol.TCP;
        boolean toa = protocol == Protocol.TCP && random.nextInt(8) == 0;
        return Rules.rule(
                id,
                random.nextInt(3),
                protocol,
                random.nextInt(3) == 0 ? 5 + random.nextInt(40) : 999,
                toa ? ClientIp.TOA : ClientIp.OFF,
                first + "-" + (first + random.nextInt(4)));
    }
}
