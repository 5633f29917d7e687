package io.skerry.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.limit.Limit;
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

/// Rollouts in waves, with nodes that say what the test wants.
final class WavesTest {
    private final PostgresAddress database = TestPostgres.shared().newDatabase();
    private RuleServiceFixture rules;
    private RuleServiceFixture.Node canary;
    private RuleServiceFixture.Node other;
    private String id;
    private Map<String, String> path;

    @BeforeEach
    void start() {
        rules = new RuleServiceFixture(database, Map.of());
        canary = rules.node("a");
        canary.labels = List.of("canary");
        other = rules.node("b");
        id = rules.newInstance("waved");
        path = Map.of("instance", id);
    }

    @AfterEach
    void stop() {
        rules.close();
    }

    private void waves(int observeSeconds) {
        JsonObject strategy =
                new JsonObject().put("strategy", "waves").put("observeSeconds", observeSeconds);
        JsonObject shown =
                rules.ok(Operation.PATCH_INSTANCE, path, new JsonObject().put("rollout", strategy));
        assertThat(shown.getJsonObject("rollout").getString("canaryLabel")).isEqualTo("canary");
        follow();
    }

    /// Both nodes run their targets.
    private void follow() {
        canary.follow();
        other.follow();
    }

    private JsonObject rollout() {
        return rules.ok(Operation.GET_INSTANCE_ROLLOUT, path, null);
    }

    private String state() {
        return rollout().getString("state");
    }

    private void counts(RuleServiceFixture.Node node, String rule, RuleCounts counts) {
        Targets.Target target = node.target(id);
        assertThat(target.watched()).isTrue();
        node.applied.put(
                id,
                new NodeReport.Applied(
                        target.revision(),
                        target.digest(),
                        Map.of(),
                        List.of(),
                        Map.of(rule, counts)));
        node.sync();
    }

    private JsonObject newestAudit() {
        return rules.ok(Operation.LIST_REVISIONS, Map.of(), null)
                .getJsonArray("items")
                .getJsonObject(0);
    }

    @Test
    void aChangeReachesTheCanaryFirstAndTheOthersAfterTheObservation() {
        String old = rules.newRule(id, "80").getString("id");
        waves(2);
        rules.awaitStatus(id, old, "online");
        Targets.Target before = other.target(id);

        JsonObject made = rules.newRule(id, "81");
        String rule = made.getString("id");

        assertThat(state()).isEqualTo("canary");
        assertThat(canary.target(id).revision()).isEqualTo(made.getLong("revision"));
        assertThat(canary.target(id).watched()).isTrue();
        assertThat(other.target(id)).isEqualTo(before);
        JsonObject hint = rules.bus.published(BusAddress.CHANGED).getLast();
        assertThat(hint.getBoolean("small")).as("nobody applies it from the bus").isFalse();
        assertThat(hint.getJsonArray("rules")).isEmpty();
        canary.follow();
        RuleServiceFixture.await(() -> state().equals("observing"), () -> rollout().encode());
        assertThat(rules.rule(id, rule).getString("status")).isEqualTo("progress");
        assertThat(rules.rule(id, old).getString("status")).isEqualTo("online");
        JsonArray nodes = rollout().getJsonArray("nodes");
        assertThat(nodes.getJsonObject(0).getBoolean("canary")).isTrue();
        assertThat(nodes.getJsonObject(1).getLong("target")).isEqualTo(before.revision());

        awaitDone(canary);
        assertThat(other.target(id).revision()).isEqualTo(made.getLong("revision"));
        assertThat(canary.target(id).watched()).isFalse();
        follow();
        rules.awaitStatus(id, rule, "online");
        List<String> told =
                rules.bus.published(BusAddress.EVENTS).stream()
                        .filter(event -> event.getString("type").equals("wave"))
                        .map(event -> event.getJsonObject("data").getString("state"))
                        .toList();
        assertThat(told).containsExactly("canary", "observing", "done");
    }

    @Test
    void aWaveHoldsBackItsInstanceOnlyAndHeldNodesCanPullWhatTheyAreHeldTo() {
        rules.newRule(id, "80");
        waves(600);
        Targets.Target held = other.target(id);
        rules.newRule(id, "81");
        String second = rules.newInstance("at-once");
        long revision = rules.newRule(second, "82").getLong("revision");
        assertThat(other.target(second).revision()).isEqualTo(revision);
        assertThat(other.target(id)).isEqualTo(held);
        String token = RuleServiceFixture.TOKEN;
        String pull = "/node/v1/instances/" + id + "?have=0&want=";
        JsonObject answer = new JsonObject(rules.get(pull + held.digest(), token).body());
        InstanceContent content = InstanceContent.read(answer.getJsonObject("content")).orThrow();
        assertThat(content.digest()).isEqualTo(held.digest());
        assertThat(content.rules()).hasSize(1);
        Targets.Target next = canary.target(id);
        answer = new JsonObject(rules.get(pull + next.digest(), token).body());
        content = InstanceContent.read(answer.getJsonObject("content")).orThrow();
        assertThat(content.digest()).isEqualTo(next.digest());
        assertThat(content.rules()).hasSize(2);
        assertThat(rules.get(pull + "x", token).statusCode()).isEqualTo(400);
    }

    @Test
    void aRefusalOfTheCanaryTakesTheChangeBackAsANewRevision() {
        String kept = rules.newRule(id, "80").getString("id");
        waves(600);
        long before = rules.instance(id).getLong("revision");
        JsonObject tag = new JsonObject().put("tag", "new");
        rules.ok(Operation.PATCH_RULE, Map.of("instance", id, "rule", kept), tag);
        long changed = rules.instance(id).getLong("revision");
        canary.follow(Map.of(kept, "port_in_use: nginx has it"), List.of());
        RuleServiceFixture.await(() -> state().equals("rolled_back"), () -> rollout().encode());
        assertThat(rollout().getString("reason"))
                .isEqualTo("a refuses " + kept + ": port_in_use: nginx has it");
        assertThat(rules.rule(id, kept).getString("tag")).isEmpty();
        JsonObject audit = newestAudit();
        assertThat(audit.getString("actor")).isEqualTo("skerry");
        assertThat(audit.getString("source")).isEqualTo("rollout gate");
        assertThat(audit.getString("summary")).contains("took back", "to " + before, "port_in_use");
        assertThat(other.target(id).revision()).isGreaterThan(changed);
        assertThat(other.target(id)).isEqualTo(canary.target(id));
        follow();
        rules.awaitStatus(id, kept, "online");
    }

    @Test
    void moreFailedConnectionsThanBeforeTakeTheChangeBack() {
        String rule = rules.newRule(id, "80").getString("id");
        waves(600);
        JsonObject away = new JsonObject().put("originPort", "81");
        rules.ok(Operation.PATCH_RULE, Map.of("instance", id, "rule", rule), away);
        counts(canary, rule, new RuleCounts(100, 2, 0));
        awaitState("observing");
        counts(canary, rule, new RuleCounts(104, 6, 0));
        assertThat(state()).isEqualTo("observing");
        counts(canary, rule, new RuleCounts(110, 12, 0));
        awaitState("rolled_back");
        assertThat(rollout().getString("reason"))
                .isEqualTo(rule + ": 100 % of 10 sessions without a connection, 2 % before");
        assertThat(rules.rule(id, rule).getString("originPort")).isEqualTo("80");
    }

    /// The canary goes on to report.
    private void awaitDone(RuleServiceFixture.Node node) {
        RuleServiceFixture.await(
                () -> {
                    node.follow();
                    return state().equals("done");
                },
                () -> rollout().encode());
    }

    private void awaitState(String state) {
        RuleServiceFixture.await(() -> state().equals(state), () -> rollout().encode());
    }

    @Test
    void peopleHoldARolloutLetItGoOnAndTakeItBack() {
        rules.newRule(id, "80");
        waves(1);
        rules.refuses(Operation.PAUSE_ROLLOUT, path, null, 409, " wrong_state");
        rules.refuses(Operation.ABORT_ROLLOUT, path, null, 409, " wrong_state");
        long from = rules.instance(id).getLong("revision");
        String rule = rules.newRule(id, "81").getString("id");
        JsonObject paused = rules.ok(Operation.PAUSE_ROLLOUT, path, null);
        assertThat(paused.getString("state")).isEqualTo("paused");
        canary.follow(Map.of(rule, "port_in_use: x"), List.of());
        long until = System.nanoTime() + 3_000_000_000L;
        RuleServiceFixture.await(() -> System.nanoTime() > until, () -> "");
        assertThat(state()).as("neither taken back nor promoted").isEqualTo("paused");
        follow();
        assertThat(rules.ok(Operation.RESUME_ROLLOUT, path, null).getString("state"))
                .isEqualTo("canary");
        JsonObject aborted = rules.ok(Operation.ABORT_ROLLOUT, path, null);
        assertThat(aborted.getString("state")).isEqualTo("aborted");
        assertThat(aborted.getLong("from")).isEqualTo(from);
        assertThat(rules.instance(id).getInteger("ruleCount")).isEqualTo(1);
        assertThat(newestAudit().getString("operation")).isEqualTo("abort_rollout");
        assertThat(other.target(id)).isEqualTo(canary.target(id));
    }

    @Test
    void aFurtherChangeJoinsWithTheSameBase() {
        rules.newRule(id, "80");
        waves(600);
        Targets.Target held = other.target(id);
        rules.newRule(id, "81");
        canary.follow();
        awaitState("observing");
        long second = rules.newRule(id, "82").getLong("revision");
        assertThat(state()).isEqualTo("canary");
        assertThat(rollout().getLong("to")).isEqualTo(second);
        assertThat(rollout().getLong("from")).isEqualTo(held.revision());
        assertThat(canary.target(id).revision()).isEqualTo(second);
        assertThat(other.target(id)).isEqualTo(held);
        rules.refuses(
                Operation.CREATE_RULES,
                Map.of("instance", id, "rollout", "all"),
                RuleServiceFixture.rule("83"),
                409,
                "rollout wrong_state");
        rules.refuses(
                Operation.CREATE_RULES,
                Map.of("instance", id, "rollout", "some"),
                RuleServiceFixture.rule("83"),
                422,
                "rollout not_allowed");
        rules.ok(Operation.ABORT_ROLLOUT, path, null);
        assertThat(rules.instance(id).getInteger("ruleCount")).as("both are gone").isEqualTo(1);
    }

    @Test
    void aSingleChangeMayAskForWavesOrForAll() {
        rules.newRule(id, "80");
        follow();
        Map<String, String> first = Map.of("instance", id, "rollout", "waves");
        rules.ok(Operation.CREATE_RULES, first, RuleServiceFixture.rule("81"));
        assertThat(state()).isEqualTo("canary");
        rules.ok(Operation.ABORT_ROLLOUT, path, null);
        waves(600);
        Map<String, String> all = Map.of("instance", id, "rollout", "all");
        rules.ok(Operation.CREATE_RULES, all, RuleServiceFixture.rule("82"));
        assertThat(state()).isEqualTo("aborted");
        assertThat(other.target(id)).isEqualTo(canary.target(id));
    }

    @Test
    void switchingOffAndRollingBackReachEveryNodeAtOnce() {
        rules.newRule(id, "80");
        waves(600);
        long before = rules.instance(id).getLong("revision");
        rules.newRule(id, "81");
        rules.ok(Operation.ROLLBACK_INSTANCE, path, new JsonObject().put("to", before));
        assertThat(state()).isEqualTo("overtaken");
        assertThat(other.target(id)).isEqualTo(canary.target(id));
        rules.newRule(id, "82");
        assertThat(state()).isEqualTo("canary");
        rules.ok(Operation.DISABLE_INSTANCE, path, null);
        assertThat(state()).isEqualTo("overtaken");
        assertThat(other.target(id)).isEqualTo(canary.target(id));
    }

    /// The canary in another life, as after a kill.
    private RuleServiceFixture.Node reborn(String boot) {
        RuleServiceFixture.Node again = rules.new Node("a", boot);
        again.labels = canary.labels;
        RuleServiceFixture.await(() -> again.send().statusCode() == 200, () -> "the name is free");
        return again;
    }

    @Test
    void anotherRuleServiceGoesOnWithARollout() {
        rules.newRule(id, "80");
        waves(600);
        rules.newRule(id, "81");
        canary.follow();
        awaitState("observing");
        rules.close();
        rules = new RuleServiceFixture(database, Map.of());
        assertThat(state()).isEqualTo("observing");
    }

    @Test
    void aCanaryThatIsKilledAndComesBackIsWatchedAnewAndTakesNothingBack() {
        rules.newRule(id, "80");
        waves(2);
        Targets.Target held = other.target(id);
        long made = rules.newRule(id, "81").getLong("revision");
        RuleServiceFixture.Node again = reborn("second-life");
        RuleServiceFixture.await(
                () -> String.valueOf(rollout().getString("reason")).contains("awaited"),
                () -> rollout().encode());
        assertThat(state()).isEqualTo("canary");
        assertThat(other.target(id)).as("nobody else gets it meanwhile").isEqualTo(held);
        assertThat(again.target(id).revision()).isEqualTo(made);
        awaitDone(again);
        assertThat(other.target(id).revision()).isEqualTo(made);
    }

    @Test
    void aCanaryThatIsKilledAgainTakesTheChangeBack() {
        String first = rules.newRule(id, "80").getString("id");
        waves(600);
        rules.newRule(id, "81");
        canary.follow();
        awaitState("observing");
        RuleServiceFixture.Node again = reborn("second-life");
        RuleServiceFixture.await(
                () -> {
                    again.follow();
                    return canaries().contains("second-life");
                },
                this::canaries);
        assertThat(rules.hits(Limit.CANARY_LOSSES)).isZero();
        reborn("third-life");
        awaitState("rolled_back");
        awaitHits(Limit.CANARY_LOSSES);
        assertThat(rollout().getString("reason")).isEqualTo("a went down or restarted again");
        assertThat(rules.instance(id).getInteger("ruleCount")).isEqualTo(1);
        assertThat(rules.rule(id, first).getString("status")).isEqualTo("online");
    }

    /// That is counted after the commit, which others see before.
    private void awaitHits(Limit limit) {
        RuleServiceFixture.await(() -> rules.hits(limit) == 1, () -> limit + " is not counted");
    }

    @Test
    void aChangeThatTheCanaryDoesNotApplyInTimeIsTakenBack() {
        rules.newRule(id, "80");
        waves(600);
        rules.newRule(id, "81");
        age(59);
        canary.follow();
        awaitState("observing");
        assertThat(rules.hits(Limit.CANARY_APPLY_SECONDS)).isZero();
        rules.newRule(id, "82");
        age(61);
        awaitState("rolled_back");
        assertThat(rollout().getString("reason")).isEqualTo("a has not applied it within 60 s");
        awaitHits(Limit.CANARY_APPLY_SECONDS);
        assertThat(rules.hits(Limit.CANARY_LOSSES)).isZero();
        assertThat(rules.instance(id).getInteger("ruleCount")).as("both are gone").isEqualTo(1);
    }

    /// The rollout has been in its state for so long.
    private void age(int seconds) {
        TestPostgres.shared()
                .execute(
                        database.database(),
                        "UPDATE rollout SET state_at = now() - interval '" + seconds + " seconds'");
    }

    /// The lives of the canaries that the rollout has taken notice of.
    private String canaries() {
        return TestPostgres.shared()
                .text(database.database(), "SELECT canaries::text FROM rollout");
    }

    @Test
    void aCanaryThatSaysGoodbyeTakesNothingBackHoweverQuicklyItIsBack() {
        rules.newRule(id, "80");
        waves(2);
        long made = rules.newRule(id, "81").getLong("revision");
        canary.follow();
        awaitState("observing");
        canary.state = NodeReport.State.LEAVING;
        canary.sync();
        RuleServiceFixture.Node again = reborn("second-life");
        RuleServiceFixture.await(
                () -> {
                    again.follow();
                    other.follow();
                    return state().equals("done");
                },
                () -> rollout().encode());
        assertThat(other.target(id).revision()).isEqualTo(made);
    }

    @Test
    void aCanaryThatIsLostForGoodIsReplacedUnlessThatRisksTheLastNode() {
        RuleServiceFixture.Node third = rules.node("c");
        third.follow();
        rules.newRule(id, "80");
        waves(600);
        third.follow();
        long made = rules.newRule(id, "81").getLong("revision");
        lose(other, third);
        RuleServiceFixture.await(
                () -> other.target(id).revision() == made || third.target(id).revision() == made,
                () -> rollout().encode());
        assertThat(other.target(id).revision()).isNotEqualTo(third.target(id).revision());
        assertThat(state()).isEqualTo("canary");
    }

    @Test
    void aCanaryThatIsLostForGoodTakesTheChangeBackWhereOnlyOneOtherNodeServes() {
        rules.newRule(id, "80");
        waves(600);
        Targets.Target held = other.target(id);
        rules.newRule(id, "81");
        lose(other);
        awaitState("rolled_back");
        awaitHits(Limit.CANARY_APPLY_SECONDS);
        assertThat(rollout().getString("reason"))
                .isEqualTo("a went down and is not back, and only b would be left to try it");
        assertThat(other.target(id)).isNotEqualTo(held);
        assertThat(rules.instance(id).getInteger("ruleCount")).isEqualTo(1);
    }

    /// The canary is not heard of any more, and the time to come back is over.
    private void lose(RuleServiceFixture.Node... others) {
        TestPostgres postgres = TestPostgres.shared();
        postgres.execute(
                database.database(),
                "UPDATE node SET state = 'down', seen_at = now() - interval '1 minute' WHERE name ="
                        + " 'a'");
        RuleServiceFixture.await(
                () -> {
                    List.of(others).forEach(RuleServiceFixture.Node::sync);
                    return String.valueOf(rollout().getString("reason")).contains("awaited");
                },
                () -> rollout().encode());
        age(61);
    }

    @Test
    void drainingTheCanaryMakesAnotherOneFirst() {
        rules.newRule(id, "80");
        waves(4);
        long made = rules.newRule(id, "81").getLong("revision");
        assertThat(other.target(id).revision()).isLessThan(made);
        canary.follow();
        rules.ok(Operation.DRAIN_NODE, Map.of("node", "a"), null);
        RuleServiceFixture.await(
                () -> other.target(id).revision() == made, () -> rollout().encode());
        assertThat(canary.target(id).revision()).as("nobody goes back").isEqualTo(made);
        canary.state = NodeReport.State.LEAVING;
        canary.sync();
        RuleServiceFixture.Node again = rules.new Node("a", "another-boot");
        again.follow();
        other.follow();
        awaitState("observing");
        rules.ok(Operation.UNDRAIN_NODE, Map.of("node", "a"), null);
        RuleServiceFixture.await(
                () -> {
                    again.follow();
                    other.follow();
                    return state().equals("done");
                },
                () -> rollout().encode());
    }

    @Test
    void refusesAStrategyThatIsNone() {
        JsonObject wrong =
                new JsonObject()
                        .put("strategy", "some")
                        .put("canaryPercent", 0)
                        .put("observeSeconds", 3601)
                        .put("canaryLabel", "a b")
                        .put("observe", 1);
        rules.refuses(
                Operation.PATCH_INSTANCE,
                path,
                new JsonObject().put("rollout", wrong).put("ipv6", "yes"),
                400,
                "rollout.strategy not_allowed",
                "rollout.canaryPercent out_of_range",
                "rollout.observeSeconds out_of_range",
                "rollout.canaryLabel bad_format",
                "rollout.observe unknown_field",
                "ipv6 wrong_type");
        rules.refuses(
                Operation.PATCH_INSTANCE,
                path,
                new JsonObject().put("rollout", "waves"),
                400,
                "rollout wrong_type");
    }
}
