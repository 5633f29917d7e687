package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.group;
import static io.skerry.rules.RuleServiceFixture.groupRule;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.instance.NodeArea;
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

    private void awaitState(String instance, String state) {
        RuleServiceFixture.await(
                () -> rollout(instance).getString("state").equals(state),
                () -> rollout(instance).encode());
    }

    private void leave(RuleServiceFixture.Node node) {
        node.state = NodeReport.State.LEAVING;
        node.sync();
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

    @Test
    void aCanaryThatComesBackInAnotherAreaIsNotAwaited() {
        canary.area = NodeArea.OVERSEAS;
        RuleServiceFixture.Node second = canary("c", "boot-c");
        second.follow();
        String id =
                rules.ok(
                                Operation.CREATE_INSTANCE,
                                Map.of(),
                                new JsonObject().put("name", "abroad").put("area", "overseas"))
                        .getString("id");
        rules.newRule(id, "80");
        inWaves(id, 2);
        second.follow();
        rules.newRule(id, "81");
        canary.follow();
        second.follow();
        awaitState(id, "observing");
        leave(second);
        RuleServiceFixture.Node moved = canary("c", "another-boot");
        moved.area = NodeArea.MAINLAND;
        moved.follow();
        RuleServiceFixture.await(
                () -> {
                    follow();
                    moved.follow();
                    return rollout(id).getString("state").equals("done");
                },
                () -> rollout(id).encode());
    }

    @Test
    void theOnlyNodeMayComeBackLateAndHasItsTimeToApplyTheChange() {
        leave(other);
        String id = rules.newInstance("waved");
        rules.newRule(id, "80");
        JsonObject strategy = new JsonObject().put("strategy", "waves").put("observeSeconds", 600);
        rules.ok(Operation.PATCH_INSTANCE, path(id), new JsonObject().put("rollout", strategy));
        canary.follow();
        rules.newRule(id, "81");
        TestPostgres postgres = TestPostgres.shared();
        postgres.execute(
                database.database(),
                "UPDATE node SET state = 'down', seen_at = now() - interval '1 minute'");
        RuleServiceFixture.await(
                () -> String.valueOf(rollout(id).getString("reason")).contains("awaited"),
                () -> rollout(id).encode());
        postgres.execute(
                database.database(), "UPDATE rollout SET state_at = now() - interval '5 minutes'");
        RuleServiceFixture.Node again = canary("a", "second-life");
        again.sync();
        RuleServiceFixture.await(
                () -> {
                    again.sync();
                    return postgres.text(database.database(), "SELECT canaries::text FROM rollout")
                            .contains("second-life");
                },
                () -> rollout(id).encode());
        assertThat(rollout(id).getString("state")).isEqualTo("canary");
        again.follow();
        awaitState(id, "observing");
    }

    @Test
    void aCanaryThatIsForgottenAndComesBackWasNotLost() {
        String id = waved("waved", "80", 600);
        rules.newRule(id, "81");
        canary.follow();
        awaitState(id, "observing");
        leave(canary);
        rules.ok(Operation.DELETE_NODE, Map.of("node", "a"), null);
        RuleServiceFixture.Node again = canary("a", "second-life");
        again.follow();
        RuleServiceFixture.await(
                () -> {
                    again.sync();
                    return TestPostgres.shared()
                            .text(database.database(), "SELECT canaries::text FROM rollout")
                            .contains("second-life");
                },
                () -> rollout(id).encode());
        assertThat(TestPostgres.shared().text(database.database(), "SELECT lost FROM rollout"))
                .isEqualTo("[]");
    }

    @Test
    void aGroupIsTakenBackAlsoWhereItsRuleWasSwitchedOffMeanwhile() {
        String group =
                rules.ok(Operation.CREATE_ORIGIN_GROUP, Map.of(), group("main", "10.0.0.5"))
                        .getString("id");
        String id = rules.newInstance("waved");
        String rule =
                rules.ok(Operation.CREATE_RULES, path(id), groupRule("main", "80")).getString("id");
        inWaves(id, 600);
        rules.ok(Operation.PUT_ORIGIN_GROUP, Map.of("group", group), group("main", "10.0.0.6"));
        rules.ok(Operation.DISABLE_RULE, path(id, rule), null);
        assertThat(rollout(id).getJsonArray("groups")).containsExactly(group);
        rules.ok(Operation.ABORT_ROLLOUT, path(id), null);
        String stored = rules.ok(Operation.GET_ORIGIN_GROUP, Map.of("group", group), null).encode();
        assertThat(stored).contains("10.0.0.5").doesNotContain("10.0.0.6");
        assertThat(rules.rule(id, rule).getString("status")).isEqualTo("progress");
    }

    @Test
    void aGroupThatARolloutMayGoBackToIsInUse() {
        String group =
                rules.ok(Operation.CREATE_ORIGIN_GROUP, Map.of(), group("main", "10.0.0.5"))
                        .getString("id");
        String id = rules.newInstance("waved");
        String rule =
                rules.ok(Operation.CREATE_RULES, path(id), groupRule("main", "80")).getString("id");
        inWaves(id, 600);
        JsonObject single = new JsonObject().put("type", "single").put("address", "10.0.0.9");
        rules.ok(Operation.PATCH_RULE, path(id, rule), new JsonObject().put("origin", single));
        Map<String, String> named = Map.of("group", group);
        rules.refuses(Operation.DELETE_ORIGIN_GROUP, named, null, 409, " in_use");
        rules.ok(Operation.ABORT_ROLLOUT, path(id), null);
        assertThat(rules.rule(id, rule).getJsonObject("origin").getString("id")).isEqualTo(group);
        Map<String, String> all = Map.of("instance", id, "rule", rule, "rollout", "all");
        rules.ok(Operation.PATCH_RULE, all, new JsonObject().put("origin", single));
        rules.ok(Operation.DELETE_ORIGIN_GROUP, named, null);
    }

    @Test
    void aRolloutThatCannotBeReadStopsNoOther() {
        String broken = waved("broken", "80", 600);
        rules.newRule(broken, "81");
        TestPostgres.shared()
                .execute(database.database(), "UPDATE rollout SET strategy = '{\"newer\":1}'");
        String id = waved("waved", "90", 600);
        rules.newRule(id, "91");
        follow();
        awaitState(id, "observing");
    }
}
