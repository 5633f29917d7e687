package io.skerry.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.instance.NodeArea;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class NodesTest {
    private RuleServiceFixture rules;

    @BeforeEach
    void start() {
        rules = RuleServiceFixture.start();
    }

    @AfterEach
    void stop() {
        rules.close();
    }

    @Test
    void answersAReportWithTheTargetsOfItsArea() {
        String global = rules.newInstance("global");
        String mainland =
                rules.ok(
                                Operation.CREATE_INSTANCE,
                                Map.of(),
                                new JsonObject().put("name", "main").put("area", "mainland"))
                        .getString("id");
        RuleServiceFixture.Node overseas = rules.node("o");
        RuleServiceFixture.Node every = rules.node("e");
        every.area = NodeArea.EVERY;
        assertThat(overseas.sync().instances()).containsOnlyKeys(global);
        assertThat(every.sync().instances()).containsOnlyKeys(global, mainland);
        long revision = rules.newRule(global, "80").getLong("revision");
        assertThat(overseas.target(global).revision()).isEqualTo(revision);
        assertThat(overseas.sync().head()).isEqualTo(revision);
    }

    @Test
    void refusesBadTokensGarbageAndAnotherLiveNodeOfTheSameName() {
        RuleServiceFixture.Node node = rules.node("edge");
        String report = node.report().print().encode();
        assertThat(rules.post("/node/v1/sync", report, null).statusCode()).isEqualTo(401);
        assertThat(rules.post("/node/v1/sync", report, "wrong").statusCode()).isEqualTo(401);
        assertThat(rules.get("/node/v1/instances/sid-000000000000", "x").statusCode())
                .isEqualTo(401);
        String token = RuleServiceFixture.TOKEN;
        for (String garbage :
                List.of(
                        "",
                        "\u0001\u0002\u00ff",
                        "[]",
                        "{}",
                        "{\"node\":7}",
                        "null",
                        report.replace("edge", "ed\\u0000ge"),
                        report.replace("\"edge\"", "\"\""))) {
            HttpResponse<String> answer = rules.post("/node/v1/sync", garbage, token);
            assertThat(answer.statusCode()).as(garbage).isEqualTo(400);
            assertThat(new JsonObject(answer.body()).getString("code")).isEqualTo("unreadable");
        }
        assertThat(rules.post("/node/v1/sync", report, token).statusCode()).isEqualTo(200);
        RuleServiceFixture.Node twin = rules.new Node("edge", "another-boot");
        HttpResponse<String> taken = twin.send();
        assertThat(taken.statusCode()).isEqualTo(409);
        assertThat(new JsonObject(taken.body()).getString("code")).isEqualTo("name_taken");
        node.state = NodeReport.State.LEAVING;
        node.sync();
        assertThat(twin.send().statusCode()).as("the first one has left").isEqualTo(200);
        assertThat(rules.get("/node/v1/nothing", token).statusCode()).isEqualTo(404);
        assertThat(rules.send(rules.request("/node/v1/sync", token).GET().build()).statusCode())
                .isEqualTo(405);
    }

    @Test
    void refusesAReportThatIsTooLarge() {
        byte[] large = new byte[9 * 1024 * 1024];
        HttpResponse<String> answer =
                rules.send(
                        rules.request("/node/v1/sync", RuleServiceFixture.TOKEN)
                                .POST(HttpRequest.BodyPublishers.ofByteArray(large))
                                .build());
        assertThat(answer.statusCode()).isEqualTo(413);
    }

    @Test
    void servesTheWholeContentOrTheFewStepsToIt() {
        String id = rules.newInstance("pulled");
        long first = rules.instance(id).getLong("revision");
        InstanceContent start = content(pull(id, 0));
        rules.newRule(id, "80");
        rules.newRule(id, "81");
        JsonArray steps = pull(id, first).getJsonArray("changes");
        assertThat(steps).hasSize(2);
        Optional<InstanceContent> followed = Optional.of(start);
        for (Object step : steps) {
            followed = ContentChange.read((JsonObject) step).orThrow().applyTo(followed);
        }
        InstanceContent whole = content(pull(id, 0));
        assertThat(followed).contains(whole);
        assertThat(rules.node("n").target(id).digest()).isEqualTo(whole.digest());
        assertThat(pull(id, whole.revision()).getJsonArray("changes")).isEmpty();
        assertThat(pull(id, 999_999).containsKey("content")).as("a revision nobody knows").isTrue();
        for (int i = 0; i < 25; i++) {
            rules.newRule(id, Integer.toString(100 + i));
        }
        assertThat(pull(id, first).containsKey("content")).as("too many steps").isTrue();
        String token = RuleServiceFixture.TOKEN;
        assertThat(rules.get("/node/v1/instances/sid-000000000000", token).statusCode())
                .isEqualTo(404);
        assertThat(rules.get("/node/v1/instances/%00", token).statusCode()).isEqualTo(404);
        assertThat(rules.get("/node/v1/instances/" + id + "?have=x", token).statusCode())
                .isEqualTo(400);
    }

    private JsonObject pull(String id, long have) {
        HttpResponse<String> answer =
                rules.get("/node/v1/instances/" + id + "?have=" + have, RuleServiceFixture.TOKEN);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return new JsonObject(answer.body());
    }

    private static InstanceContent content(JsonObject answer) {
        return InstanceContent.read(answer.getJsonObject("content")).orThrow();
    }

    @Test
    void aRuleIsOnlineWhenEveryRequiredNodeHasItAndFailsWhenOneRefuses() {
        RuleServiceFixture.Node a = rules.node("a");
        RuleServiceFixture.Node b = rules.node("b");
        String id = rules.newInstance("served");
        String rule = rules.newRule(id, "80").getString("id");
        b.sync();
        a.follow();
        assertThat(rules.rule(id, rule).getString("status")).isEqualTo("progress");
        assertThat(states(id, rule)).isEqualTo(Map.of("a", "ack", "b", "pending"));
        b.follow(Map.of(rule, "port_held: nginx has it"), List.of());
        rules.awaitStatus(id, rule, "fail");
        assertThat(rules.rule(id, rule).getString("statusReason"))
                .isEqualTo("b: port_held: nginx has it");
        rules.awaitStatus(id, "online");
        assertThat(states(id, rule)).isEqualTo(Map.of("a", "ack", "b", "nack"));
        b.follow();
        rules.awaitStatus(id, rule, "online");
        assertThat(rules.rule(id, rule).containsKey("statusReason")).isFalse();
        RuleServiceFixture.Node c = rules.node("c");
        c.sync();
        assertThat(states(id, rule)).containsEntry("c", "pending");
        assertThat(rules.rule(id, rule).getString("status")).isEqualTo("online");
        assertThat(rules.bus.published(BusAddress.EVENTS))
                .anyMatch(event -> event.getString("type").equals("rule-status"));
        assertThat(rules.service.metrics()).contains("skerry_rollout_duration_seconds_count");
    }

    private Map<String, String> states(String instance, String rule) {
        Map<String, String> states = new java.util.TreeMap<>();
        rules.ok(Operation.GET_ROLLOUT, Map.of("instance", instance, "rule", rule), null)
                .getJsonArray("nodes")
                .forEach(each -> {
                    JsonObject node = (JsonObject) each;
                    states.put(node.getString("node"), node.getString("state"));
                });
        return states;
    }

    @Test
    void aDisabledRuleIsOfflineWhenItsSessionsHaveDrained() {
        RuleServiceFixture.Node node = rules.node("a");
        String id = rules.newInstance("drained");
        String rule = rules.newRule(id, "80").getString("id");
        node.follow();
        rules.awaitStatus(id, rule, "online");
        rules.ok(Operation.DISABLE_RULE, Map.of("instance", id, "rule", rule), null);
        node.follow(Map.of(), List.of(rule));
        assertThat(rules.rule(id, rule).getString("status")).isEqualTo("stopping");
        node.follow();
        rules.awaitStatus(id, rule, "offline");
        rules.awaitStatus(id, "online");
    }

    @Test
    void aSilentNodeIsDownAndNoLongerRequired() {
        RuleServiceFixture.Node quiet = rules.node("quiet");
        RuleServiceFixture.Node loud = rules.node("loud");
        String id = rules.newInstance("required");
        String rule = rules.newRule(id, "80").getString("id");
        quiet.sync();
        loud.follow();
        assertThat(rules.rule(id, rule).getString("status")).isEqualTo("progress");
        rules.refuses(Operation.DELETE_NODE, Map.of("node", "quiet"), null, 409, " wrong_state");
        RuleServiceFixture.await(
                () -> {
                    loud.follow();
                    return rules.rule(id, rule).getString("status").equals("online");
                },
                () -> states(id, rule).toString());
        assertThat(states(id, rule)).isEqualTo(Map.of("loud", "ack", "quiet", "down"));
        JsonArray nodes = rules.ok(Operation.LIST_NODES, Map.of(), null).getJsonArray("items");
        assertThat(nodes).hasSize(2);
        assertThat(nodes.getJsonObject(0).getString("state")).isEqualTo("down");
        assertThat(nodes.getJsonObject(1).getJsonObject("instances").getLong(id))
                .isEqualTo(rules.instance(id).getLong("revision"));
        rules.ok(Operation.DELETE_NODE, Map.of("node", "quiet"), null);
        assertThat(states(id, rule)).containsOnlyKeys("loud");
        rules.refuses(Operation.DELETE_NODE, Map.of("node", "quiet"), null, 404, " not_found");
    }

    @Test
    void aRuleServiceThatStartsGivesNodesTimeToReportAgain() {
        var database = TestPostgres.shared().newDatabase();
        try (RuleServiceFixture first = new RuleServiceFixture(database, Map.of())) {
            first.node("patient").follow();
        }
        TestPostgres.shared()
                .execute(database.database(), "UPDATE node SET seen_at = now() - interval '1 h'");
        try (RuleServiceFixture second = new RuleServiceFixture(database, Map.of())) {
            RuleServiceFixture.await(second.service::isReady, () -> "ready");
            assertThat(state(second)).isEqualTo("up");
            RuleServiceFixture.await(() -> state(second).equals("down"), () -> state(second));
        }
    }

    @Test
    void aNodeHeardOfInTheFutureIsDownOnceItHasBeenSilentAllTheSame() {
        var database = TestPostgres.shared().newDatabase();
        try (RuleServiceFixture service = new RuleServiceFixture(database, Map.of())) {
            service.node("early").follow();
            TestPostgres.shared()
                    .execute(
                            database.database(),
                            "UPDATE node SET seen_at = now() + interval '1 h'");
            assertThat(state(service)).isEqualTo("up");
            RuleServiceFixture.await(() -> state(service).equals("down"), () -> state(service));
        }
    }

    private static String state(RuleServiceFixture rules) {
        return rules.ok(Operation.LIST_NODES, Map.of(), null)
                .getJsonArray("items")
                .getJsonObject(0)
                .getString("state");
    }

    @Test
    void saysSoWhenNoNodeServesAnInstance() {
        String id = rules.newInstance("alone");
        String rule = rules.newRule(id, "80").getString("id");
        RuleServiceFixture.await(
                () -> "no_node".equals(rules.rule(id, rule).getString("statusReason")),
                () -> rules.rule(id, rule).encode());
        assertThat(rules.rule(id, rule).getString("status")).isEqualTo("progress");
        RuleServiceFixture.Node draining = rules.node("d");
        draining.state = NodeReport.State.DRAINING;
        draining.follow();
        assertThat(rules.rule(id, rule).getString("status")).isEqualTo("progress");
    }

    @Test
    void showsTheAddressesOfTheSlotThatNodesReport() {
        String v4 = rules.newInstance("v4");
        String v6 = rules.newInstance("v6");
        rules.ok(
                Operation.PATCH_INSTANCE,
                Map.of("instance", v6),
                new JsonObject().put("ipv6", true));
        assertThat(rules.instance(v4).getJsonArray("addresses")).isEmpty();
        rules.node("a").sync();
        assertThat(rules.instance(v4).getJsonArray("addresses")).containsExactly("192.0.2.1");
        assertThat(rules.instance(v6).getJsonArray("addresses"))
                .containsExactly("192.0.2.1", "2001:db8::1");
    }
}
