package io.skerry.shared.rule;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.fixture.RandomRules;
import io.skerry.shared.fixture.Said;
import io.vertx.core.json.JsonObject;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class RuleJsonTest {
    @Test
    void readsBackEveryRuleItPrints() {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        RandomRules rules = new RandomRules(new Random(seed));
        for (int i = 0; i < 5_000; i++) {
            OriginRef origin = i % 3 == 0 ? new OriginRef.Group("og-" + i) : rules.single();
            Rule rule = new Rule("rule-" + i, rules.rule(origin), Long.MAX_VALUE - i);
            JsonObject wire = new JsonObject(RuleJson.print(rule).encode());
            assertThat(RuleJson.readPeer(wire).orThrow()).isEqualTo(rule);
        }
    }

    @Test
    void ignoresFieldsOfANewerPeer() {
        RandomRules rules = new RandomRules(new Random(1));
        Rule rule = new Rule("rule-1", rules.rule(rules.single()), 3);
        JsonObject newer = RuleJson.print(rule).put("colour", "red");
        newer.getJsonObject("origin").put("weight", 5);
        assertThat(RuleJson.readPeer(newer).orThrow()).isEqualTo(rule);
    }

    @Test
    void refusesAPeersRuleWithoutIdentity() {
        RandomRules rules = new RandomRules(new Random(1));
        JsonObject nameless = RuleJson.print(rules.rule(rules.single()));
        assertThat(Said.by(RuleJson.readPeer(nameless))).containsExactly("id MISSING");
        assertThat(Said.by(RuleJson.readPeer(nameless.put("id", "rule-1").put("revision", "x"))))
                .containsExactly("revision WRONG_TYPE");
    }

    @Test
    void leadsEachForwardingPortToItsOriginPort() {
        RuleSpec rule =
                RuleReader.read(
                                new JsonObject(
                                        """
                                        {"protocol":"TCP","ports":["80-90"],"originPort":"180-190",
                                         "origin":{"type":"single","address":"::1"}}
                                        """))
                        .orThrow();
        assertThat(rule.originPort(80)).isEqualTo(180);
        assertThat(rule.originPort(90)).isEqualTo(190);
        assertThat(rule.portCount()).isEqualTo(11);
    }
}
