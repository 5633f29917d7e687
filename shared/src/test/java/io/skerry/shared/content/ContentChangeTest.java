package io.skerry.shared.content;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.fixture.RandomContent;
import io.skerry.shared.fixture.RandomRules;
import io.skerry.shared.fixture.Said;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.rule.Rule;
import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class ContentChangeTest {
    @Test
    void leadsFromAnyContentToAnyOther() {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        RandomContent random = new RandomContent(new Random(seed));
        InstanceContent before = random.first(1);
        assertThat(ContentChange.between(Optional.empty(), before).applyTo(Optional.empty()))
                .contains(before);
        for (int revision = 2; revision < 1_500; revision++) {
            InstanceContent after = random.next(before, revision);
            ContentChange step = ContentChange.between(Optional.of(before), after);
            assertThat(step.applyTo(Optional.of(before))).contains(after);
            ContentChange read =
                    ContentChange.read(new JsonObject(step.print().encode())).orThrow();
            assertThat(read).isEqualTo(step);
            assertThat(read.applyTo(Optional.of(before))).contains(after);
            before = after;
        }
    }

    @Test
    void doesNotFollowOnAnotherRevision() {
        RandomContent random = new RandomContent(new Random(1));
        InstanceContent first = random.first(1);
        InstanceContent second = random.next(first, 2);
        InstanceContent third = random.next(second, 3);
        ContentChange step = ContentChange.between(Optional.of(second), third);
        assertThat(step.applyTo(Optional.empty())).isEmpty();
        assertThat(step.applyTo(Optional.of(first))).isEmpty();
        assertThat(step.applyTo(Optional.of(third))).isEmpty();
        assertThat(step.applyTo(Optional.of(second))).contains(third);
        assertThat(ContentChange.between(Optional.empty(), first).applyTo(Optional.of(first)))
                .isEmpty();
    }

    @Test
    void refusesAResultWithAnotherDigest() {
        RandomContent random = new RandomContent(new Random(2));
        InstanceContent first = random.first(1);
        ContentChange step = ContentChange.between(Optional.of(first), random.next(first, 2));
        ContentChange forged =
                new ContentChange(
                        step.instance(),
                        step.revision(),
                        step.previous(),
                        "0".repeat(64),
                        step.ipv6(),
                        step.slot(),
                        step.removed(),
                        step.rules(),
                        step.groups());
        assertThat(forged.applyTo(Optional.of(first))).isEmpty();
        InstanceContent other =
                new InstanceContent("sid-b", 1, false, 0, first.rules(), first.groups());
        assertThat(step.applyTo(Optional.of(other))).isEmpty();
    }

    @Test
    void isSmallUpToAHundredRules() {
        assertThat(newRules(ContentChange.BUS_RULES_MAX).isSmall()).isTrue();
        assertThat(newRules(ContentChange.BUS_RULES_MAX + 1).isSmall()).isFalse();
    }

    private static ContentChange newRules(int count) {
        RandomRules random = new RandomRules(new Random(4));
        TreeMap<String, Rule> rules = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            rules.put("rule-" + i, new Rule("rule-" + i, random.rule(random.single()), 1));
        }
        TreeMap<String, OriginGroup> none = new TreeMap<>();
        return ContentChange.between(
                Optional.empty(), new InstanceContent("sid-a", 1, false, 0, rules, none));
    }

    @Test
    void saysWhatIsWrongWithABrokenMessage() {
        assertThat(Said.by(ContentChange.read(new JsonObject())))
                .containsExactly(
                        "previous MISSING",
                        "digest MISSING",
                        "instance MISSING",
                        "revision MISSING",
                        "ipv6 MISSING",
                        "slot MISSING");
        JsonObject broken =
                new JsonObject(
                        """
                        {"instance":1,"revision":"1","previous":-1,"digest":2,"ipv6":0,"slot":1.5,
                         "removed":[1],"rules":[1,{}],"groups":{}}
                        """);
        assertThat(Said.by(ContentChange.read(broken)))
                .containsExactly(
                        "previous OUT_OF_RANGE",
                        "digest WRONG_TYPE",
                        "removed WRONG_TYPE",
                        "instance WRONG_TYPE",
                        "revision WRONG_TYPE",
                        "ipv6 WRONG_TYPE",
                        "slot WRONG_TYPE",
                        "rules[0] WRONG_TYPE",
                        "rules[1].id MISSING",
                        "groups WRONG_TYPE");
    }
}
