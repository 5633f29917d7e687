package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.group;
import static io.skerry.rules.RuleServiceFixture.groupRule;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.RuleCounts;
import io.skerry.shared.content.Targets;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A changed origin group is staged by each instance that uses it, and taken back for all of them.
final class GroupWavesTest {
    private final PostgresAddress database = TestPostgres.shared().newDatabase();
    private RuleServiceFixture rules;
    private RuleServiceFixture.Node canary;
    private RuleServiceFixture.Node other;
    private String waved;
    private String atOnce;
    private String group;
    private String rule;

    @BeforeEach
    void start() {
        rules = new RuleServiceFixture(database, Map.of());
        canary = rules.node("a");
        canary.labels = List.of("canary");
        other = rules.node("b");
        group =
                rules.ok(Operation.CREATE_ORIGIN_GROUP, Map.of(), group("main", "10.0.0.5"))
                        .getString("id");
        waved = rules.newInstance("waved");
        atOnce = rules.newInstance("at-once");
        rule =
                rules.ok(Operation.CREATE_RULES, path(waved), groupRule("main", "80"))
                        .getString("id");
        rules.ok(Operation.CREATE_RULES, path(atOnce), groupRule("main", "81"));
        inWaves(waved, 600);
    }

    @AfterEach
    void stop() {
        rules.close();
    }

    private static Map<String, String> path(String instance) {
        return Map.of("instance", instance);
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

    private void follow() {
        canary.follow();
        other.follow();
    }

    private JsonObject put(String address) {
        return rules.ok(Operation.PUT_ORIGIN_GROUP, Map.of("group", group), group("main", address));
    }

    private JsonObject rollout(String instance) {
        return rules.ok(Operation.GET_INSTANCE_ROLLOUT, path(instance), null);
    }

    private String state(String instance) {
        return rollout(instance).getString("state");
    }

    private void awaitState(String instance, String state) {
        RuleServiceFixture.await(
                () -> state(instance).equals(state), () -> rollout(instance).encode());
    }

    /// What a node that pulls its target is told the group says.
    private String pulled(RuleServiceFixture.Node node, String instance) {
        Targets.Target target = node.target(instance);
        String pull = "/node/v1/instances/" + instance + "?have=0&want=" + target.digest();
        JsonObject answer = new JsonObject(rules.get(pull, RuleServiceFixture.TOKEN).body());
        InstanceContent content = InstanceContent.read(answer.getJsonObject("content")).orThrow();
        assertThat(content.digest()).isEqualTo(target.digest());
        return String.valueOf(content.groups().get(group));
    }

    private JsonObject stored() {
        return rules.ok(Operation.GET_ORIGIN_GROUP, Map.of("group", group), null);
    }

    private static String refused(RuleServiceFixture.Node node, String rule) {
        node.follow(Map.of(rule, "port_in_use: x"), List.of());
        return node.name + " refuses " + rule + ": port_in_use: x";
    }

    @Test
    void theCanaryOfTheWavedInstanceGetsItFirstAndTheOtherInstanceAtOnce() {
        inWaves(waved, 2);
        Targets.Target held = other.target(waved);
        long revision = put("10.0.0.6").getLong("revision");
        assertThat(state(waved)).isEqualTo("canary");
        assertThat(rollout(waved).getJsonArray("groups")).containsExactly(group);
        assertThat(state(atOnce)).isEqualTo("none");
        assertThat(canary.target(waved).revision()).isEqualTo(revision);
        assertThat(other.target(waved)).isEqualTo(held);
        assertThat(other.target(atOnce).revision()).isEqualTo(revision);
        assertThat(pulled(canary, waved)).contains("10.0.0.6");
        assertThat(pulled(other, waved)).contains("10.0.0.5");
        assertThat(pulled(other, atOnce)).contains("10.0.0.6");
        List<JsonObject> hints =
                rules.bus.published(BusAddress.CHANGED).stream()
                        .filter(hint -> hint.getLong("revision", 0L) == revision)
                        .toList();
        assertThat(hints).hasSize(2);
        for (JsonObject hint : hints) {
            boolean held1 = hint.getString("instance").equals(waved);
            assertThat(hint.getBoolean("small")).isEqualTo(!held1);
            assertThat(hint.getJsonArray("groups")).hasSize(held1 ? 0 : 1);
        }
        RuleServiceFixture.await(
                () -> {
                    canary.follow();
                    return state(waved).equals("done");
                },
                () -> rollout(waved).encode());
        assertThat(other.target(waved).revision()).isEqualTo(revision);
        assertThat(pulled(other, waved)).contains("10.0.0.6");
        assertThat(rollout(waved).getJsonArray("groups")).isEmpty();
    }

    @Test
    void aClosedGateTakesTheGroupBackForAllWhoUseItInOneRevision() {
        JsonObject before = stored();
        long changed = put("10.0.0.6").getLong("revision");
        String reason = refused(canary, rule);
        awaitState(waved, "rolled_back");
        assertThat(rollout(waved).getString("reason")).isEqualTo(reason);
        JsonObject now = stored();
        assertThat(now.getJsonArray("origins")).isEqualTo(before.getJsonArray("origins"));
        long back = now.getLong("revision");
        assertThat(back).isGreaterThan(changed);
        for (String instance : List.of(waved, atOnce)) {
            assertThat(rules.instance(instance).getLong("revision")).isEqualTo(back);
            assertThat(other.target(instance)).isEqualTo(canary.target(instance));
            assertThat(pulled(other, instance)).contains("10.0.0.5");
        }
        JsonObject audit =
                rules.ok(Operation.GET_REVISION, Map.of("revision", Long.toString(back)), null);
        assertThat(audit.getString("actor")).isEqualTo("skerry");
        assertThat(audit.getString("summary"))
                .contains("took back", "with origin group main, used by 2 instances", reason);
        assertThat(audit.getJsonArray("instances")).containsExactlyInAnyOrder(waved, atOnce);
    }

    @Test
    void sessionsOfARuleThatUsesTheGroupCloseTheGate() {
        put("10.0.0.6");
        counts(new RuleCounts(100, 0, 0));
        awaitState(waved, "observing");
        counts(new RuleCounts(110, 10, 0));
        awaitState(waved, "rolled_back");
        assertThat(rollout(waved).getString("reason"))
                .isEqualTo(rule + ": 100 % of 10 sessions without a connection, 0 % before");
        assertThat(pulled(canary, waved)).contains("10.0.0.5");
    }

    private void counts(RuleCounts counts) {
        Targets.Target target = canary.target(waved);
        assertThat(target.watched()).isTrue();
        canary.applied.put(
                waved,
                new NodeReport.Applied(
                        target.revision(),
                        target.digest(),
                        Map.of(),
                        List.of(),
                        Map.of(rule, counts)));
        canary.sync();
    }

    @Test
    void peopleHoldItLetItGoOnAndTakeItBack() {
        put("10.0.0.6");
        rules.ok(Operation.PAUSE_ROLLOUT, path(waved), null);
        put("10.0.0.7");
        assertThat(state(waved)).as("a joining change does not wake it").isEqualTo("paused");
        assertThat(pulled(canary, waved)).contains("10.0.0.7");
        assertThat(pulled(other, waved)).contains("10.0.0.5");
        rules.ok(Operation.RESUME_ROLLOUT, path(waved), null);
        assertThat(state(waved)).isEqualTo("canary");
        rules.ok(Operation.ABORT_ROLLOUT, path(waved), null);
        assertThat(state(waved)).isEqualTo("aborted");
        assertThat(stored().encode()).as("both are gone").contains("10.0.0.5");
        assertThat(pulled(other, waved)).contains("10.0.0.5");
        assertThat(pulled(other, atOnce)).contains("10.0.0.5");
    }

    @Test
    void aGroupAndARuleAreTakenBackTogether() {
        JsonObject tag = new JsonObject().put("tag", "new");
        rules.ok(Operation.PATCH_RULE, Map.of("instance", waved, "rule", rule), tag);
        put("10.0.0.6");
        String more = rules.newRule(waved, "90").getString("id");
        String reason = refused(canary, more);
        awaitState(waved, "rolled_back");
        assertThat(rollout(waved).getString("reason")).isEqualTo(reason);
        assertThat(rules.rule(waved, rule).getString("tag")).isEmpty();
        assertThat(rules.instance(waved).getInteger("ruleCount")).isEqualTo(1);
        assertThat(stored().encode()).contains("10.0.0.5");
    }

    @Test
    void anotherRolloutOfTheSameGroupIsOverWithItUnlessItBringsMore() {
        String third = rules.newInstance("third");
        rules.ok(Operation.CREATE_RULES, path(third), groupRule("main", "82"));
        inWaves(third, 600);
        inWaves(atOnce, 600);
        put("10.0.0.6");
        String more = rules.newRule(third, "92").getString("id");
        rules.ok(Operation.ABORT_ROLLOUT, path(waved), null);
        assertThat(state(atOnce)).isEqualTo("rolled_back");
        assertThat(rollout(atOnce).getString("reason"))
                .isEqualTo("taken back with the rollout of " + waved);
        assertThat(other.target(atOnce)).isEqualTo(canary.target(atOnce));
        assertThat(state(third)).isEqualTo("canary");
        assertThat(rollout(third).getJsonArray("groups")).isEmpty();
        assertThat(pulled(other, third)).contains("10.0.0.5");
        assertThat(pulled(canary, third)).contains("10.0.0.5");
        assertThat(other.target(third)).isNotEqualTo(canary.target(third));
        rules.ok(Operation.ABORT_ROLLOUT, path(third), null);
        rules.refuses(
                Operation.GET_RULE,
                Map.of("instance", third, "rule", more),
                null,
                404,
                " not_found");
    }

    @Test
    void aRolloutThatBeganAfterTheGroupGivesItsHeldNodesWhatTheGroupSaysAgain() {
        put("10.0.0.6");
        Map<String, String> asked = Map.of("instance", atOnce, "rollout", "waves");
        rules.ok(Operation.CREATE_RULES, asked, RuleServiceFixture.rule("93"));
        assertThat(pulled(other, atOnce)).contains("10.0.0.6");
        rules.ok(Operation.ABORT_ROLLOUT, path(waved), null);
        assertThat(state(atOnce)).isEqualTo("canary");
        assertThat(pulled(other, atOnce)).contains("10.0.0.5");
        assertThat(pulled(canary, atOnce)).contains("10.0.0.5");
        rules.ok(Operation.ABORT_ROLLOUT, path(atOnce), null);
        assertThat(stored().encode()).contains("10.0.0.5");
        assertThat(rules.instance(atOnce).getInteger("ruleCount")).isEqualTo(1);
    }

    @Test
    void oneWriteMayAskForWavesOrForAll() {
        Map<String, String> waves = Map.of("group", group, "rollout", "waves");
        rules.ok(Operation.PUT_ORIGIN_GROUP, waves, group("main", "10.0.0.6"));
        assertThat(state(atOnce)).isEqualTo("canary");
        assertThat(state(waved)).isEqualTo("canary");
        Map<String, String> all = Map.of("group", group, "rollout", "all");
        rules.refuses(
                Operation.PUT_ORIGIN_GROUP,
                all,
                group("main", "10.0.0.7"),
                409,
                "rollout wrong_state");
        assertThat(stored().encode()).contains("10.0.0.6");
        rules.refuses(
                Operation.PUT_ORIGIN_GROUP,
                Map.of("group", group, "rollout", "some"),
                group("main", "10.0.0.7"),
                422,
                "rollout not_allowed");
        rules.ok(Operation.ABORT_ROLLOUT, path(waved), null);
        rules.ok(Operation.PUT_ORIGIN_GROUP, all, group("main", "10.0.0.7"));
        assertThat(pulled(other, waved)).contains("10.0.0.7");
        assertThat(state(waved)).isEqualTo("aborted");
    }

    @Test
    void aGroupWhoseOldNameIsTakenIsNotTakenBackAndTheRolloutIsHeld() {
        rules.ok(Operation.PUT_ORIGIN_GROUP, Map.of("group", group), group("renamed", "10.0.0.6"));
        String thief =
                rules.ok(Operation.CREATE_ORIGIN_GROUP, Map.of(), group("main", "10.0.0.9"))
                        .getString("id");
        rules.refuses(
                Operation.ABORT_ROLLOUT,
                path(waved),
                null,
                409,
                "groups." + group + ".name name_taken");
        refused(canary, rule);
        awaitState(waved, "paused");
        assertThat(rollout(waved).getString("reason"))
                .contains("port_in_use", "not taken back", "main");
        rules.ok(Operation.DELETE_ORIGIN_GROUP, Map.of("group", thief), null);
        rules.ok(Operation.ABORT_ROLLOUT, path(waved), null);
        assertThat(stored().getString("name")).isEqualTo("main");
    }

    @Test
    void aSettingIsNoChangeOfTheGroupForHeldNodes() {
        put("10.0.0.6");
        JsonObject slower = new JsonObject().put("observeSeconds", 500);
        rules.ok(Operation.PATCH_INSTANCE, path(waved), new JsonObject().put("rollout", slower));
        assertThat(pulled(other, waved)).contains("10.0.0.5");
        assertThat(pulled(canary, waved)).contains("10.0.0.6");
    }

    @Test
    void aDiffShowsWhatGroupsSaidAtBothRevisions() {
        long first = rules.instance(waved).getLong("revision");
        long second = put("10.0.0.6").getLong("revision");
        rules.ok(Operation.ABORT_ROLLOUT, path(waved), null);
        long third = rules.instance(waved).getLong("revision");
        JsonObject changed = groups(first, second).getJsonObject(0);
        assertThat(changed.getString("id")).isEqualTo(group);
        JsonObject fields = changed.getJsonObject("fields");
        assertThat(fields.fieldNames()).containsExactly("origins");
        assertThat(fields.getJsonObject("origins").getValue("before").toString())
                .contains("10.0.0.5");
        assertThat(fields.getJsonObject("origins").getValue("after").toString())
                .contains("10.0.0.6");
        assertThat(groups(second, third)).hasSize(1);
        assertThat(groups(first, third)).isEmpty();
    }

    private JsonArray groups(long from, long to) {
        Map<String, String> between =
                Map.of("instance", waved, "from", Long.toString(from), "to", Long.toString(to));
        return rules.ok(Operation.GET_DIFF, between, null).getJsonArray("groups");
    }

    @Test
    void aRollbackByPeopleLeavesGroupsAsTheyAre() {
        long first = rules.instance(atOnce).getLong("revision");
        put("10.0.0.6");
        rules.newRule(atOnce, "94");
        rules.ok(Operation.ROLLBACK_INSTANCE, path(atOnce), new JsonObject().put("to", first));
        assertThat(pulled(other, atOnce)).contains("10.0.0.6");
        assertThat(rules.instance(atOnce).getInteger("ruleCount")).isEqualTo(1);
    }
}
