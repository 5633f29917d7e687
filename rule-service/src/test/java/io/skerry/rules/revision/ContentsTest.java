package io.skerry.rules.revision;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.limit.Limit;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleReader;
import io.skerry.shared.rule.RuleSpec;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class ContentsTest {
    private static InstanceContent content(String instance, int rules) {
        JsonObject json =
                new JsonObject(
                        """
                        {"protocol":"TCP","ports":["80"],"originPort":"80",
                         "origin":{"type":"single","address":"10.0.0.5"}}
                        """);
        RuleSpec spec = RuleReader.read(json).orThrow();
        TreeMap<String, Rule> all = new TreeMap<>();
        for (int i = 0; i < rules; i++) {
            String id = "rule-" + i;
            all.put(id, new Rule(id, spec, 1));
        }
        return new InstanceContent(instance, 1, false, 0, all, new TreeMap<>());
    }

    @Test
    void keepsAHundredThousandRulesAndForgetsTheLeastUsedBeyond() {
        List<Limit> hits = new ArrayList<>();
        Contents contents = new Contents(hits::add);
        contents.keep(content("sid-1", 1), "a");
        contents.keep(content("sid-2", Contents.RULES_MAX - 1), "b");
        assertThat(hits).isEmpty();
        contents.keep(content("sid-3", 1), "c");
        assertThat(hits).containsExactly(Limit.CONTENTS_RULES);
    }
}
