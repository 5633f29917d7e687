package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.group;
import static io.skerry.rules.RuleServiceFixture.rule;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.serve.NodeApi;
import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.PortProbe;
import io.skerry.shared.content.RuleCounts;
import io.skerry.shared.net.Protocol;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every limit has a name; what is at the limit passes, what is beyond is turned away and counted.
final class LimitsTest {
    private final PostgresAddress database = TestPostgres.shared().newDatabase();
    private RuleServiceFixture rules;

    @BeforeEach
    void start() {
        rules = new RuleServiceFixture(database, Map.of());
    }

    @AfterEach
    void stop() {
        rules.close();
    }

    private double hits(Limit limit) {
        return rules.hits(limit);
    }

    private void awaitHits(Limit limit, double at) {
        RuleServiceFixture.await(() -> hits(limit) >= at, () -> limit + ": " + hits(limit));
    }

    private void sql(String statement) {
        TestPostgres.shared().execute(database.database(), statement);
    }

    @ParameterizedTest
    @EnumSource(Limit.class)
    void everyLimitIsShownByItsName(Limit limit) {
        assertThat(rules.service.metrics()).contains("skerry_limit{name=\"" + limit.word() + "\"}");
        assertThat(hits(limit)).isEqualTo(limit.isCounted() ? 0 : -1);
    }

    @Test
    void thereAreAsManyInstancesAndSlotsAsTheSettingsSay() {
        rules.close();
        rules = new RuleServiceFixture(database, Map.of("instance-quota", "2", "slots", "2"));
        JsonObject fixed =
                new JsonObject().put("name", "first").put("area", "overseas").put("fixedIp", true);
        rules.ok(Operation.CREATE_INSTANCE, Map.of(), fixed);
        assertThat(hits(Limit.SLOTS)).isZero();
        JsonObject beyond = fixed.copy().put("name", "second");
        rules.refuses(Operation.CREATE_INSTANCE, Map.of(), beyond, 409, "fixedIp no_slot");
        assertThat(hits(Limit.SLOTS)).isEqualTo(1);
        rules.newInstance("second");
        assertThat(hits(Limit.INSTANCES)).isZero();
        JsonObject third = new JsonObject().put("name", "third");
        rules.refuses(Operation.CREATE_INSTANCE, Map.of(), third, 409, " quota");
        assertThat(hits(Limit.INSTANCES)).isEqualTo(1);
        assertThat(hits(Limit.SLOTS)).isEqualTo(1);
    }

    @Test
    void aPageHoldsAThousandItems() {
        rules.ok(Operation.LIST_NODES, Map.of("limit", "1000"), null);
        assertThat(hits(Limit.PAGE_ITEMS)).isZero();
        Map<String, String> more = Map.of("limit", "1001");
        rules.refuses(Operation.LIST_NODES, more, null, 422, "limit out_of_range");
        assertThat(hits(Limit.PAGE_ITEMS)).isEqualTo(1);
    }

    private RuleReply create(String name, String key) {
        return rules.bus.ask(
                new RuleRequest(
                        Operation.CREATE_INSTANCE,
                        Map.of(),
                        new JsonObject().put("name", name),
                        "tester",
                        "127.0.0.1",
                        key,
                        null));
    }

    @Test
    void anIdempotencyKeyHasTwoHundredCharacters() {
        assertThat(create("at-the-limit", "x".repeat(200))).isInstanceOf(RuleReply.Done.class);
        assertThat(hits(Limit.IDEMPOTENCY_KEY_CHARACTERS)).isZero();
        assertThat(create("beyond", "x".repeat(201))).isInstanceOf(RuleReply.Refused.class);
        assertThat(hits(Limit.IDEMPOTENCY_KEY_CHARACTERS)).isEqualTo(1);
    }

    @Test
    void anAuditRecordNamesWhoInTwoHundredCharacters() {
        assertThat(actor("at-the-limit", "a".repeat(200))).isEqualTo("a".repeat(200));
        assertThat(hits(Limit.AUDIT_CHARACTERS)).isZero();
        assertThat(actor("beyond", "a".repeat(200) + "b")).isEqualTo("a".repeat(200));
        assertThat(hits(Limit.AUDIT_CHARACTERS)).isEqualTo(1);
    }

    /// Who created an instance, as the audit record says.
    private String actor(String instance, String actor) {
        RuleReply made =
                rules.bus.ask(
                        new RuleRequest(
                                Operation.CREATE_INSTANCE,
                                Map.of(),
                                new JsonObject().put("name", instance),
                                actor,
                                "127.0.0.1",
                                null,
                                null));
        Long revision = Objects.requireNonNull(((RuleReply.Done) made).revision());
        return rules.ok(Operation.GET_REVISION, Map.of("revision", "" + revision), null)
                .getString("actor");
    }

    @Test
    void thereAreTenThousandOriginGroups() {
        sql(
                "INSERT INTO origin_group SELECT 'og-' || lpad(n::text, 12, '0'), -n, 'g' || n,"
                        + " '{\"name\":\"g\",\"origins\":[{\"address\":\"10.0.0.1\"}]}', 0, now(),"
                        + " now() FROM generate_series(1, 9999) n");
        rules.ok(Operation.CREATE_ORIGIN_GROUP, Map.of(), group("last", "10.0.0.5"));
        assertThat(hits(Limit.ORIGIN_GROUPS)).isZero();
        rules.refuses(
                Operation.CREATE_ORIGIN_GROUP,
                Map.of(),
                group("beyond", "10.0.0.5"),
                422,
                " too_many");
        assertThat(hits(Limit.ORIGIN_GROUPS)).isEqualTo(1);
        assertThat(hits(Limit.RULES)).isZero();
    }

    @Test
    void thereAreAThousandNodes() {
        rules.node("n1").sync();
        sql(
                "INSERT INTO node (name, boot, area, state, slots, capabilities, missing,"
                        + " listeners, sessions, report_hash, created_at, seen_at) SELECT 'm' || n,"
                        + " 'b', 'overseas', 'down', '[]', '[]', '{}', 0, 0, '', now(), now() FROM"
                        + " generate_series(1, 998) n");
        rules.node("n2").sync();
        assertThat(hits(Limit.NODES)).isZero();
        assertThat(rules.node("n3").send().statusCode()).isEqualTo(422);
        assertThat(hits(Limit.NODES)).isEqualTo(1);
        rules.node("n2").sync();
    }

    @Test
    void aReportHasEightMebibytes() {
        String report = rules.node("n1").report().print().encode();
        String full = report + " ".repeat(NodeApi.REPORT_BYTES_MAX - report.length());
        String token = RuleServiceFixture.TOKEN;
        assertThat(rules.post("/node/v1/sync", full, token).statusCode()).isEqualTo(200);
        assertThat(hits(Limit.NODE_REPORT_BYTES)).isZero();
        assertThat(rules.post("/node/v1/sync", full + " ", token).statusCode()).isEqualTo(413);
        assertThat(hits(Limit.NODE_REPORT_BYTES)).isEqualTo(1);
    }

    @Test
    void aReportCountsSessionsOfTwoThousandRulesOfAnInstance() {
        assertThat(report(counting(NodeReport.COUNTED_RULES_MAX)).statusCode()).isEqualTo(200);
        assertThat(hits(Limit.NODE_COUNTED_RULES)).isZero();
        HttpResponse<String> refused = report(counting(NodeReport.COUNTED_RULES_MAX + 1));
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("unreadable");
        assertThat(hits(Limit.NODE_COUNTED_RULES)).isEqualTo(1);
        assertThat(report(new JsonObject().put("node", 1)).statusCode()).isEqualTo(400);
        assertThat(hits(Limit.NODE_COUNTED_RULES)).as("another mistake").isEqualTo(1);
    }

    private HttpResponse<String> report(JsonObject report) {
        return rules.post("/node/v1/sync", report.encode(), RuleServiceFixture.TOKEN);
    }

    private JsonObject counting(int count) {
        Map<String, RuleCounts> counts = new HashMap<>();
        for (int i = 0; i < count; i++) {
            counts.put("rule-" + i, new RuleCounts(1, 0, 0));
        }
        RuleServiceFixture.Node node = rules.node("n1");
        node.applied.put(
                "sid-000000000000", new NodeReport.Applied(1, "ab", Map.of(), List.of(), counts));
        return node.report().print();
    }

    @Test
    void aNodeThatFallsSilentIsCounted() {
        rules.node("n1").sync();
        assertThat(hits(Limit.NODE_SILENCE_SECONDS)).isZero();
        awaitHits(Limit.NODE_SILENCE_SECONDS, 1);
    }

    @Test
    void aPullHoldsTwentyStepsAndThenTheWholeContent() {
        String id = rules.newInstance("steps");
        long from = rules.instance(id).getLong("revision");
        for (int i = 0; i < 20; i++) {
            rules.newRule(id, Integer.toString(5_000 + i));
        }
        String pull = "/node/v1/instances/" + id + "?have=" + from;
        assertThat(pulled(pull).getJsonArray("changes")).hasSize(20);
        assertThat(hits(Limit.PULL_STEPS)).isZero();
        rules.newRule(id, "5020");
        assertThat(pulled(pull).getJsonObject("content").getJsonArray("rules")).hasSize(21);
        assertThat(hits(Limit.PULL_STEPS)).isEqualTo(1);
    }

    private JsonObject pulled(String path) {
        return new JsonObject(rules.get(path, RuleServiceFixture.TOKEN).body());
    }

    @Test
    void theNewestThirtyTwoPrintedContentsAreKept() {
        for (int i = 0; i < 33; i++) {
            String id = rules.newInstance("printed-" + i);
            assertThat(hits(Limit.CONTENTS_PRINTED)).isZero();
            pulled("/node/v1/instances/" + id + "?have=0");
        }
        assertThat(hits(Limit.CONTENTS_PRINTED)).isEqualTo(1);
    }

    @Test
    void aHundredRulesTravelInOneStepAndAreToldOneByOne() {
        String id = rules.newInstance("many");
        rules.ok(Operation.CREATE_RULES, Map.of("instance", id), many(6_100, 100));
        RuleServiceFixture.Node node = rules.node("n1");
        node.follow();
        RuleServiceFixture.await(() -> online(id, 100), () -> rules.instance(id).encode());
        assertThat(hits(Limit.STEP_RULES)).isZero();
        assertThat(hits(Limit.STATUS_EVENTS)).isZero();
        rules.ok(Operation.CREATE_RULES, Map.of("instance", id), many(7_000, 101));
        node.follow();
        RuleServiceFixture.await(() -> online(id, 201), () -> rules.instance(id).encode());
        assertThat(hits(Limit.STEP_RULES)).isEqualTo(1);
        assertThat(hits(Limit.STATUS_EVENTS)).isEqualTo(1);
    }

    private boolean online(String id, int count) {
        Map<String, String> args = Map.of("instance", id, "status", "online");
        return rules.ok(Operation.LIST_RULES, args, null).getInteger("total") == count;
    }

    private static JsonArray many(int first, int count) {
        JsonArray many = new JsonArray();
        for (int i = 0; i < count; i++) {
            many.add(rule(Integer.toString(first + i)));
        }
        return many;
    }

    @Test
    void anInstanceHoldsTwoThousandRules() {
        String id = rules.newInstance("full");
        Map<String, String> path = Map.of("instance", id);
        rules.ok(Operation.CREATE_RULES, path, many(8_000, 2_000));
        assertThat(hits(Limit.RULES)).isZero();
        rules.refuses(Operation.CREATE_RULES, path, rule("80"), 422, " too_many");
        assertThat(hits(Limit.RULES)).isEqualTo(1);
        assertThat(hits(Limit.ORIGIN_GROUPS)).isZero();
    }

    @Test
    void aNodeThatDoesNotAnswerADryRunIsCounted() {
        String id = rules.newInstance("asked");
        Map<String, String> dry = Map.of("instance", id, "dryRun", "true");
        rules.ok(Operation.CREATE_RULES, dry, rule("80"));
        assertThat(hits(Limit.PROBE_SECONDS)).isZero();
        rules.node("silent").sync();
        rules.ok(Operation.CREATE_RULES, dry, rule("80"));
        assertThat(hits(Limit.PROBE_SECONDS)).isEqualTo(1);
    }

    @Test
    void anAnswerToADryRunNamesAHundredPorts() {
        String id = rules.newInstance("asked");
        rules.node("full").sync();
        assertThat(takenOf(id, 100)).hasSize(100);
        assertThat(hits(Limit.PROBE_TAKEN)).isZero();
        assertThat(takenOf(id, 101)).hasSize(100);
        assertThat(hits(Limit.PROBE_TAKEN)).isEqualTo(1);
    }

    /// The ports that a dry run shows as taken where a node names so many.
    private JsonArray takenOf(String instance, int count) {
        JsonArray taken = new JsonArray();
        for (int port = 1; port <= count; port++) {
            taken.add(new PortProbe.Taken(Protocol.TCP, port, "port_in_use: x").print());
        }
        rules.bus.serve(
                BusAddress.probe("boot-full"),
                asked -> Future.succeededFuture(new JsonObject().put("taken", taken)));
        Map<String, String> dry = Map.of("instance", instance, "dryRun", "true");
        return rules.ok(Operation.CREATE_RULES, dry, rule("1-101"))
                .getJsonArray("nodes")
                .getJsonObject(0)
                .getJsonArray("taken");
    }

    @Test
    void historyBeyondItsNumberIsForgottenAndCounted() {
        rules.close();
        rules = new RuleServiceFixture(database, Map.of("history.max-revisions", "3"));
        for (int i = 0; i < 3; i++) {
            rules.newInstance("kept-" + i);
        }
        assertThat(hits(Limit.HISTORY_REVISIONS)).isZero();
        rules.newInstance("one-more");
        assertThat(hits(Limit.HISTORY_REVISIONS)).isEqualTo(1);
    }

    @Test
    void historyBeyondItsDaysIsForgottenAndCounted() {
        Map<String, String> twoDays = Map.of("history.days", "2");
        rules.newInstance("old");
        rules.newInstance("new");
        restartWithHistoryOf("47 hours", twoDays);
        assertThat(hits(Limit.HISTORY_DAYS)).isZero();
        rules.ok(Operation.GET_REVISION, Map.of("revision", "1"), null);
        restartWithHistoryOf("49 hours", twoDays);
        assertThat(hits(Limit.HISTORY_DAYS)).isEqualTo(1);
        rules.refuses(Operation.GET_REVISION, Map.of("revision", "1"), null, 410, " gone");
    }

    /// A start looks at once for what is to be forgotten.
    private void restartWithHistoryOf(String age, Map<String, String> settings) {
        rules.close();
        sql("UPDATE revision SET at = now() - interval '" + age + "'");
        rules = new RuleServiceFixture(database, settings);
    }
}
