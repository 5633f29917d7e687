package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.group;
import static io.skerry.rules.RuleServiceFixture.groupRule;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.bus.Operation;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Rollouts in waves where nodes go and come, and several changes meet.
final class WaveCornersTest {
    private final PostgresAddress database = TestPostgres.shared().newDatabase();
    private RuleServiceFixture rules;
    private RuleServiceFixture.Node canary;
    private RuleServiceFixture.Node other;

    @BeforeEach
    void start() {
        rules = new RuleServiceFixture(database, Map.of());
        canary = canary("a", "boot-a");
        other = rules.node("b");
        follow();
    }

    @AfterEach
    void stop() {
        rules.close();
    }

    private RuleServiceFixture.Node canary(String name, String boot) {
        RuleServiceFixture.Node node = rules.new Node(name, boot);
        node.labels = List.of("canary");
        return node;
    }

    private void follow() {
        canary.follow();
        other.follow();
    }

    private static Map<String, String> path(String instance) {
        return Map.of("instance", instance);
    }

    private static Map<String, String> path(String instance, String rule) {
        return Map.of("instance", instance, "rule", rule);
    }

    private void inWaves(String instance, int observeSeconds) {
        JsonObject strategy =
                new JsonObject().put("strategy", "waves").put("observeSeconds", observeSeconds);
        rules.ok(
                Operation.PATCH_INSTANCE,
                path(instance),
                new JsonObject().put("rollout", strategy));
        follow();
    }

    /// An instance with one rule, every change of which is observed for so long.
    private String waved(String name, String port, int observeSeconds) {
        String id = rules.newInstance(name);
        rules.newRule(id, port);
        inWaves(id, observeSeconds);
        return id;
    }

    private JsonObject rollout(String instance) {
        return rules.ok(Operation.GET_INSTANCE_ROLLOUT, path(instance), null);
    }

    /// What the nodes made of a rule, by name.
    private Map<String, String> states(String instance, String rule) {
        return rules
                .ok(Operation.GET_ROLLOUT, path(instance, rule), null)
                .getJsonArray("nodes")
                .stream()
                .map(JsonObject.class::cast)
                .collect(
                        Collectors.toMap(
                                node -> node.getString("node"), node -> node.getString("state")));
    }

    @Test
    void aHeldNodeHasNotReachedARuleAfterASettingAndAFurtherChange() {
        String id = waved("waved", "80", 600);
        String rule = rules.newRule(id, "81").getString("id");
        follow();
        inWaves(id, 500);
        rules.newRule(id, "82");
        follow();
        assertThat(states(id, rule)).isEqualTo(Map.of("a", "ack", "b", "pending"));
        assertThat(rules.rule(id, rule).getString("status")).isEqualTo("progress");
    }

    @Test
    void aHeldNodeHasNotReachedARuleAfterAGroupOfAnotherRolloutIsTakenBack() {
        String group =
                rules.ok(Operation.CREATE_ORIGIN_GROUP, Map.of(), group("main", "10.0.0.5"))
                        .getString("id");
        String first = waved("first", "80", 600);
        rules.ok(Operation.CREATE_RULES, path(first), groupRule("main", "81"));
        rules.ok(Operation.ABORT_ROLLOUT, path(first), null);
        String id = rules.newInstance("second");
        rules.ok(Operation.CREATE_RULES, path(id), groupRule("main", "82"));
        Map<String, String> all = Map.of("instance", first, "rollout", "all");
        rules.ok(Operation.CREATE_RULES, all, groupRule("main", "83"));
        follow();
        rules.ok(Operation.PUT_ORIGIN_GROUP, Map.of("group", group), group("main", "10.0.0.6"));
        Map<String, String> waves = Map.of("instance", id, "rollout", "waves");
        String rule =
                rules.ok(Operation.CREATE_RULES, waves, RuleServiceFixture.rule("93"))
                        .getString("id");
        rules.ok(Operation.ABORT_ROLLOUT, path(first), null);
        follow();
        rules.newRule(id, "94");
        follow();
        assertThat(rollout(id).getString("state")).isEqualTo("canary");
        assertThat(states(id, rule)).isEqualTo(Map.of("a", "ack", "b", "pending"));
    }
}
