package io.skerry.gateway;

import static io.skerry.shared.bus.Operation.*;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.Problem;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RuleCallsTest {
    private Door door;
    private FakeRuleService rules;

    @BeforeEach
    void open() throws Exception {
        door = new Door();
        rules = FakeRuleService.on(door.bus);
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    private void asks(String method, String target, Operation operation, Map<String, String> args)
            throws Exception {
        Wire.Answer answer =
                switch (operation) {
                    case CREATE_INSTANCE,
                            PATCH_INSTANCE,
                            ROLLBACK_INSTANCE,
                            CREATE_RULES,
                            PATCH_RULE,
                            IMPORT_RULES,
                            CREATE_ORIGIN_GROUP,
                            PUT_ORIGIN_GROUP ->
                            door.call(method, target, "{\"a\":1}");
                    default -> door.call(method, target);
                };
        assertThat(answer.status()).as(method + " " + target).isEqualTo(200);
        RuleRequest asked = rules.next();
        assertThat(asked.operation()).isEqualTo(operation);
        assertThat(asked.args()).isEqualTo(args);
        assertThat(asked.actor()).isEqualTo("anonymous");
        assertThat(asked.source()).isEqualTo("127.0.0.1");
    }

    @Test
    void asksForEveryCallOfInstancesAndRules() throws Exception {
        Map<String, String> i = Map.of("instance", "sid-1");
        Map<String, String> r = Map.of("instance", "sid-1", "rule", "rule-2");
        asks("POST", "/v1/instances", CREATE_INSTANCE, Map.of());
        asks("GET", "/v1/instances?offset=1&limit=2", LIST_INSTANCES, two("offset", "limit"));
        asks("GET", "/v1/instances/sid-1", GET_INSTANCE, i);
        asks("PATCH", "/v1/instances/sid-1", PATCH_INSTANCE, i);
        asks("DELETE", "/v1/instances/sid-1", DELETE_INSTANCE, i);
        asks("POST", "/v1/instances/sid-1/enable", ENABLE_INSTANCE, i);
        asks("POST", "/v1/instances/sid-1/disable", DISABLE_INSTANCE, i);
        asks("POST", "/v1/instances/sid-1/rollback", ROLLBACK_INSTANCE, i);
        asks("POST", "/v1/instances/sid-1/rules", CREATE_RULES, i);
        asks(
                "GET",
                "/v1/instances/sid-1/rules?protocol=TCP&port=80&tag=a%20b&status=online",
                LIST_RULES,
                Map.of(
                        "instance",
                        "sid-1",
                        "protocol",
                        "TCP",
                        "port",
                        "80",
                        "tag",
                        "a b",
                        "status",
                        "online"));
        asks("GET", "/v1/instances/sid-1/rules/rule-2", GET_RULE, r);
        asks("PATCH", "/v1/instances/sid-1/rules/rule-2", PATCH_RULE, r);
        asks("POST", "/v1/instances/sid-1/rules/rule-2/enable", ENABLE_RULE, r);
        asks("POST", "/v1/instances/sid-1/rules/rule-2/disable", DISABLE_RULE, r);
        asks("DELETE", "/v1/instances/sid-1/rules/rule-2", DELETE_RULE, r);
        asks("GET", "/v1/instances/sid-1/rules/rule-2/rollout", GET_ROLLOUT, r);
        asks(
                "POST",
                "/v1/instances/sid-1/rules/import?dryRun=true",
                IMPORT_RULES,
                Map.of("instance", "sid-1", "dryRun", "true"));
        asks(
                "GET",
                "/v1/instances/sid-1/rules/export?format=json",
                EXPORT_RULES,
                Map.of("instance", "sid-1", "format", "json"));
    }

    @Test
    void asksForEveryCallOfGroupsNodesAndRevisions() throws Exception {
        asks("POST", "/v1/origin-groups", CREATE_ORIGIN_GROUP, Map.of());
        asks("GET", "/v1/origin-groups", LIST_ORIGIN_GROUPS, Map.of());
        asks("GET", "/v1/origin-groups/og-1", GET_ORIGIN_GROUP, Map.of("group", "og-1"));
        asks("PUT", "/v1/origin-groups/og-1", PUT_ORIGIN_GROUP, Map.of("group", "og-1"));
        asks("DELETE", "/v1/origin-groups/og-1", DELETE_ORIGIN_GROUP, Map.of("group", "og-1"));
        asks("GET", "/v1/nodes", LIST_NODES, Map.of());
        asks("DELETE", "/v1/nodes/edge-1", DELETE_NODE, Map.of("node", "edge-1"));
        asks("GET", "/v1/revisions?offset=1&limit=2", LIST_REVISIONS, two("offset", "limit"));
        asks("GET", "/v1/revisions/17", GET_REVISION, Map.of("revision", "17"));
    }

    private static Map<String, String> two(String first, String second) {
        return Map.of(first, "1", second, "2");
    }

    @Test
    void answersWithStatusLocationAndTag() throws Exception {
        JsonObject body = new JsonObject().put("id", "sid-9");
        rules.willAnswer(new RuleReply.Done(201, body, 17L, "/instances/sid-9"));

        Wire.Answer answer = door.call("POST", "/v1/instances", "{\"name\":\"a\"}");

        assertThat(answer.status()).isEqualTo(201);
        assertThat(answer.header("Location")).isEqualTo("/v1/instances/sid-9");
        assertThat(answer.header("ETag")).isEqualTo("\"17\"");
        assertThat(answer.header("Content-Type")).isEqualTo("application/json");
        assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
        assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(answer.json()).isEqualTo(body);
    }

    @Test
    void answersHeadAsGetWithoutTheBody() throws Exception {
        JsonObject body = new JsonObject().put("id", "sid-9");
        rules.willAnswer(RuleReply.ok(body, 17));
        rules.willAnswer(RuleReply.ok(body, 17));
        try (Wire wire = new Wire(door.api)) {
            wire.send(Wire.print("HEAD", "/v1/instances/sid-9"));
            assertThat(wire.line()).isEqualTo("HTTP/1.1 200 OK");
            assertThat(wire.headers())
                    .containsEntry("etag", "\"17\"")
                    .containsEntry("content-type", "application/json");
            assertThat(wire.request("GET", "/v1/instances/sid-9").json()).isEqualTo(body);
            wire.send(Wire.print("HEAD", "/v1/events"));
            assertThat(wire.line()).isEqualTo("HTTP/1.1 200 OK");
            assertThat(wire.headers()).containsEntry("content-type", "text/event-stream");
            assertThat(wire.request("GET", "/health/live").status()).isEqualTo(200);
        }
        assertThat(door.call("HEAD", "/v1/instances?limits=1").status()).isEqualTo(422);
        assertThat(door.call("HEAD", "/v1/instances/sid-9/enable").status()).isEqualTo(405);
    }

    @Test
    void answersADeletionWithoutABody() throws Exception {
        rules.willAnswer(RuleReply.noContent());

        Wire.Answer answer = door.call("DELETE", "/v1/instances/sid-1");

        assertThat(answer.status()).isEqualTo(204);
        assertThat(answer.body()).isEmpty();
    }

    @Test
    void passesBodyKeyAndConditionOn() throws Exception {
        door.call(
                "PATCH",
                "/v1/instances/sid-1",
                "Content-Type: application/merge-patch+json; charset=UTF-8",
                "Idempotency-Key: abc 1",
                "If-Match: \"17\"",
                "{\"ipv6\":true,\"x\":null,\"n\":[1,2.5,3000000000]}");

        RuleRequest asked = rules.next();
        assertThat(asked.idempotencyKey()).isEqualTo("abc 1");
        assertThat(asked.ifMatch()).isEqualTo("17");
        assertThat(asked.body())
                .isEqualTo(
                        new JsonObject()
                                .put("ipv6", true)
                                .putNull("x")
                                .put("n", new JsonArray().add(1).add(2.5).add(3_000_000_000L)));
    }

    @Test
    void passesAnArrayOfRulesOn() throws Exception {
        door.call("POST", "/v1/instances/sid-1/rules", "[{\"a\":1},{\"a\":2}]");

        assertThat(rules.next().body()).isEqualTo(new JsonArray("[{\"a\":1},{\"a\":2}]"));
    }

    @Test
    void passesImportedTextOnAsItIs() throws Exception {
        String text = "tcp:80 10.0.0.1 80 off off späti\r\n\r\nudp:53 10.0.0.1 53 off spp\n";

        door.call("POST", "/v1/instances/sid-1/rules/import", "Content-Type: text/plain", text);

        assertThat(rules.next().body()).isEqualTo(text);
    }

    @Test
    void answersAnExportAsTextAndCountsWhatItCannotSay() throws Exception {
        rules.willAnswer(
                RuleReply.ok(
                        new JsonObject().put("text", "tcp:80 a.b 80 off off\n").put("lossy", 3)));

        Wire.Answer answer = door.call("GET", "/v1/instances/sid-1/rules/export");

        assertThat(answer.header("Content-Type")).isEqualTo("text/plain; charset=utf-8");
        assertThat(answer.header("Skerry-Export-Lossy")).isEqualTo("3");
        assertThat(answer.body()).isEqualTo("tcp:80 a.b 80 off off\n");
    }

    @Test
    void answersALosslessExportAsJson() throws Exception {
        JsonObject items = new JsonObject().put("items", new JsonArray().add(new JsonObject()));
        rules.willAnswer(RuleReply.ok(items));

        Wire.Answer answer = door.call("GET", "/v1/instances/sid-1/rules/export?format=json");

        assertThat(answer.header("Content-Type")).isEqualTo("application/json");
        assertThat(answer.json()).isEqualTo(items);
    }

    @Test
    void answersARefusalAsAProblemWithEveryMistake() throws Exception {
        rules.willAnswer(
                new RuleReply.Refused(
                        new Problem(
                                List.of(
                                        new Mistake("ports[0]", Code.PORT_TAKEN, "has rule-1"),
                                        new Mistake("tag", Code.BAD_FORMAT, "no spaces first")))));

        Wire.Answer answer = door.call("POST", "/v1/instances/sid-1/rules", "{}");

        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        JsonObject problem = answer.json();
        assertThat(problem.getString("type")).isEqualTo("urn:skerry:problem:bad_format");
        assertThat(problem.getInteger("status")).isEqualTo(422);
        assertThat(problem.getString("title")).isEqualTo("A value has the wrong form");
        assertThat(problem.getString("detail")).contains("tag: no spaces first", "one more");
        assertThat(problem.getString("code")).isEqualTo("bad_format");
        assertThat(problem.getJsonArray("errors"))
                .isEqualTo(
                        new JsonArray()
                                .add(error("ports[0]", "port_taken", "has rule-1"))
                                .add(error("tag", "bad_format", "no spaces first")));
    }

    private static JsonObject error(String field, String code, String message) {
        return new JsonObject().put("field", field).put("code", code).put("message", message);
    }

    @Test
    void everyCodeHasADocumentOfItsStatus() {
        for (Code code : Code.values()) {
            JsonObject document = ProblemResponse.document(Problem.of(code, "why"));
            assertThat(document.getInteger("status")).isEqualTo(code.kind().status());
            assertThat(document.getString("title")).isNotBlank();
        }
    }

    @Test
    void saysThatTheOutcomeOfAWriteIsUnknownWhenTheAnswerIsGarbled() throws Exception {
        rules.willAnswer(new JsonObject().put("v", 2));
        assertThat(door.call("POST", "/v1/instances", "{}").status()).isEqualTo(504);

        rules.willAnswer(new JsonObject().put("v", 2));
        assertThat(door.call("GET", "/v1/instances").status()).isEqualTo(503);
    }
}
