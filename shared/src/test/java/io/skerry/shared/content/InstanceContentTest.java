package io.skerry.shared.content;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.fixture.RandomContent;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.origin.OriginGroupJson;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleReader;
import io.vertx.core.json.JsonObject;
import java.util.Comparator;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class InstanceContentTest {
    /// A new value means that nodes and rule services of two versions no longer agree.
    private static final String DIGEST =
            "10bd44cd6229d2d15b4116893fbc5f92deb023927cb8895a7b9640d5d67b50ef";

    private static InstanceContent sample(long revision) {
        TreeMap<String, Rule> rules = new TreeMap<>();
        for (String id : new String[] {"rule-b", "rule-a"}) {
            JsonObject body =
                    new JsonObject(
                            """
                            {"protocol":"TCP","ports":["80","90-99"],"originPort":"8080",
                             "origin":{"type":"group","id":"og-1"},"tag":"é 漢 😀 \\" \\\\ /",
                             "clientIp":"ppv2"}
                            """);
            rules.put(id, new Rule(id, RuleReader.read(body).orThrow(), 5));
        }
        JsonObject group =
                new JsonObject(
                        """
                        {"name":"main","origins":[{"address":"2001:db8::1","weight":50}]}
                        """);
        TreeMap<String, OriginGroup> groups = new TreeMap<>();
        groups.put("og-1", OriginGroupJson.read("og-1", group).orThrow());
        return new InstanceContent("sid-000000000001", revision, true, 0, rules, groups);
    }

    @Test
    void hasTheSameDigestOnEveryMachine() {
        assertThat(sample(7).digest()).isEqualTo(DIGEST);
    }

    @Test
    void hasTheDigestOfWhatItSaysAndNotOfHowItWasMade() {
        InstanceContent content = sample(7);
        TreeMap<String, Rule> backwards = new TreeMap<>(Comparator.reverseOrder());
        backwards.putAll(content.rules());
        InstanceContent same =
                new InstanceContent(content.instance(), 7, true, 0, backwards, content.groups());
        assertThat(same.digest()).isEqualTo(content.digest());
        assertThat(sample(8).digest()).isNotEqualTo(content.digest());
        assertThat(
                        new InstanceContent(
                                        content.instance(),
                                        7,
                                        false,
                                        0,
                                        content.rules(),
                                        content.groups())
                                .digest())
                .isNotEqualTo(content.digest());
    }

    @Test
    void readsBackWhatItPrintsWithTheSameDigest() {
        RandomContent random = new RandomContent(new Random(11));
        InstanceContent content = random.first(1);
        for (int revision = 2; revision < 200; revision++) {
            content = random.next(content, revision);
            JsonObject wire = new JsonObject(content.print().encode()).put("colour", "red");
            InstanceContent read = InstanceContent.read(wire).orThrow();
            assertThat(read).isEqualTo(content);
            assertThat(read.digest()).isEqualTo(content.digest());
        }
    }
}
