package io.skerry.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class InstancesTest {
    private static RuleServiceFixture rules;

    @BeforeAll
    static void start() {
        rules = new RuleServiceFixture(TestPostgres.shared().newDatabase(), Map.of("slots", "3"));
    }

    @AfterAll
    static void stop() {
        rules.close();
    }

    private static JsonObject named(String name) {
        return new JsonObject().put("name", name);
    }

    @Test
    void createsAnInstanceWithEverythingTheContractNames() {
        RuleReply.Done done =
                rules.done(
                        Operation.CREATE_INSTANCE, Map.of(), named("full").put("area", "global"));
        assertThat(done.status()).isEqualTo(201);
        JsonObject body = done.body();
        assertThat(body.fieldNames())
                .contains(
                        "id",
                        "name",
                        "area",
                        "ipv6",
                        "fixedIp",
                        "crossBorder",
                        "protection",
                        "accessDomain",
                        "addresses",
                        "status",
                        "ruleCount",
                        "revision",
                        "createdAt",
                        "updatedAt",
                        "notEffective");
        assertThat(body.getString("id")).matches("sid-[0-9a-z]{12}");
        assertThat(body.getString("accessDomain")).matches("[0-9a-f]{16}\\.l4\\.skerry\\.test");
        assertThat(body.getString("status")).isEqualTo("progress");
        assertThat(body.getString("createdAt")).matches("\\d{4}-.*Z");
        assertThat(done.location()).isEqualTo("/instances/" + body.getString("id"));
        assertThat(done.revision()).isEqualTo(body.getLong("revision"));
        assertThat(rules.instance(body.getString("id")).getString("name")).isEqualTo("full");
    }

    @Test
    void refusesANameThatIsTakenAndOneThatIsNone() {
        rules.newInstance("twice");
        rules.refuses(Operation.CREATE_INSTANCE, Map.of(), named("twice"), 409, "name name_taken");
        rules.refuses(Operation.CREATE_INSTANCE, Map.of(), named("-x"), 422, "name bad_format");
        rules.refuses(
                Operation.CREATE_INSTANCE,
                Map.of(),
                named("twice").put("nmae", 1),
                422,
                "name name_taken",
                "nmae unknown_field");
        rules.refuses(Operation.CREATE_INSTANCE, Map.of(), null, 400, " wrong_type");
    }

    @Test
    void givesFixedIpsSlotsOfTheirOwnUntilNoneIsFree() {
        JsonObject fixed = new JsonObject().put("fixedIp", true).put("area", "overseas");
        String first =
                rules.ok(Operation.CREATE_INSTANCE, Map.of(), fixed.copy().put("name", "fix-1"))
                        .getString("id");
        rules.ok(Operation.CREATE_INSTANCE, Map.of(), fixed.copy().put("name", "fix-2"));
        rules.refuses(
                Operation.CREATE_INSTANCE,
                Map.of(),
                fixed.copy().put("name", "fix-3"),
                409,
                "fixedIp no_slot");
        rules.ok(Operation.DISABLE_INSTANCE, Map.of("instance", first), null);
        rules.awaitStatus(first, "offline");
        rules.ok(Operation.DELETE_INSTANCE, Map.of("instance", first), null);
        rules.ok(Operation.CREATE_INSTANCE, Map.of(), fixed.copy().put("name", "fix-3"));
    }

    @Test
    void saysWhichFeaturesHaveNoEffectYet() {
        JsonObject body =
                rules.ok(
                        Operation.CREATE_INSTANCE,
                        Map.of(),
                        named("crossing")
                                .put("area", "overseas")
                                .put("crossBorder", true)
                                .put("protection", "exclusive"));
        assertThat(
                        body.getJsonArray("notEffective").stream()
                                .map(each -> ((JsonObject) each).getString("feature"))
                                .toList())
                .containsExactly("crossBorder", "protection");
    }

    @Test
    void patchesIpv6AndNothingElse() {
        String id = rules.newInstance("patched");
        long before = rules.instance(id).getLong("revision");
        Map<String, String> path = Map.of("instance", id);
        JsonObject body =
                rules.ok(Operation.PATCH_INSTANCE, path, new JsonObject().put("ipv6", true));
        assertThat(body.getBoolean("ipv6")).isTrue();
        assertThat(body.getLong("revision")).isGreaterThan(before);
        rules.refuses(
                Operation.PATCH_INSTANCE,
                path,
                new JsonObject().put("name", "other").put("area", "mainland"),
                422,
                "name not_changeable",
                "area not_changeable");
        JsonObject same =
                rules.ok(Operation.PATCH_INSTANCE, path, new JsonObject().put("ipv6", true));
        assertThat(same.getLong("revision"))
                .as("nothing changed, no new revision")
                .isEqualTo(body.getLong("revision"));
    }

    @Test
    void switchesOnlyFromTheStatusesThatAllowIt() {
        String id = rules.newInstance("switched");
        Map<String, String> path = Map.of("instance", id);
        rules.refuses(Operation.ENABLE_INSTANCE, path, null, 409, " wrong_state");
        rules.refuses(Operation.DELETE_INSTANCE, path, null, 409, " wrong_state");
        assertThat(rules.done(Operation.DISABLE_INSTANCE, path, null).status()).isEqualTo(202);
        rules.awaitStatus(id, "offline");
        rules.refuses(Operation.DISABLE_INSTANCE, path, null, 409, " wrong_state");
        assertThat(rules.done(Operation.ENABLE_INSTANCE, path, null).status()).isEqualTo(202);
        rules.ok(Operation.DISABLE_INSTANCE, path, null);
        rules.awaitStatus(id, "offline");
        assertThat(rules.done(Operation.DELETE_INSTANCE, path, null).status()).isEqualTo(204);
        rules.refuses(Operation.GET_INSTANCE, path, null, 404, " not_found");
        rules.refuses(Operation.DELETE_INSTANCE, path, null, 404, " not_found");
    }

    @Test
    void deletesTheRulesAndPortsOfAnOfflineInstance() {
        String id = rules.newInstance("with-rules");
        rules.newRule(id, "12000-12100");
        rules.ok(Operation.DISABLE_INSTANCE, Map.of("instance", id), null);
        rules.awaitStatus(id, "offline");
        String other = rules.newInstance("heir");
        assertThat(
                        RuleServiceFixture.codes(
                                rules.refused(
                                        Operation.CREATE_RULES,
                                        Map.of("instance", other),
                                        RuleServiceFixture.rule("12050"))))
                .as("an offline instance keeps its ports")
                .containsExactly(Code.PORT_TAKEN);
        rules.ok(Operation.DELETE_INSTANCE, Map.of("instance", id), null);
        rules.newRule(other, "12050");
    }

    @Test
    void refusesAChangeOfWhatTheCallerHasNotSeen() {
        String id = rules.newInstance("seen");
        long revision = rules.instance(id).getLong("revision");
        JsonObject patch = new JsonObject().put("ipv6", true);
        RuleReply stale = rules.bus.ask(ifMatch(id, patch, "\"" + (revision + 7) + "\""));
        assertThat(((RuleReply.Refused) stale).problem().status()).isEqualTo(412);
        assertThat(((RuleReply.Refused) stale).problem().lead().message())
                .contains(Long.toString(revision));
        assertThat(rules.bus.ask(ifMatch(id, patch, "x")))
                .matches(reply -> ((RuleReply.Refused) reply).problem().status() == 422);
        assertThat(rules.bus.ask(ifMatch(id, patch, "\"" + revision + "\"")))
                .isInstanceOf(RuleReply.Done.class);
        assertThat(rules.bus.ask(ifMatch(id, new JsonObject(), "*")))
                .isInstanceOf(RuleReply.Done.class);
    }

    private static RuleRequest ifMatch(String id, JsonObject body, String value) {
        return new RuleRequest(
                Operation.PATCH_INSTANCE, Map.of("instance", id), body, "me", "here", null, value);
    }

    @Test
    void listsInOrderOfCreationByOffsetAndLimit() {
        List<String> made = List.of(rules.newInstance("list-1"), rules.newInstance("list-2"));
        JsonObject all = rules.ok(Operation.LIST_INSTANCES, Map.of("limit", "1000"), null);
        JsonArray items = all.getJsonArray("items");
        assertThat(all.getInteger("total")).isEqualTo(items.size());
        List<String> ids = items.stream().map(each -> ((JsonObject) each).getString("id")).toList();
        assertThat(ids.subList(ids.indexOf(made.get(0)), ids.size())).contains(made.get(1));
        String second =
                rules.ok(Operation.LIST_INSTANCES, Map.of("offset", "1", "limit", "1"), null)
                        .getJsonArray("items")
                        .getJsonObject(0)
                        .getString("id");
        assertThat(second).isEqualTo(ids.get(1));
        rules.refuses(
                Operation.LIST_INSTANCES,
                Map.of("offset", "-1", "limit", "0"),
                null,
                422,
                "offset out_of_range",
                "limit out_of_range");
        rules.refuses(
                Operation.LIST_INSTANCES,
                Map.of("limit", "1001", "ofset", "1"),
                null,
                422,
                "limit out_of_range",
                "ofset unknown_field");
    }

    @Test
    void refusesMoreInstancesThanTheQuota() {
        try (RuleServiceFixture small =
                new RuleServiceFixture(
                        TestPostgres.shared().newDatabase(), Map.of("instance-quota", "1"))) {
            small.newInstance("one");
            small.refuses(Operation.CREATE_INSTANCE, Map.of(), named("two"), 409, " quota");
            assertThat(small.service.metrics())
                    .contains("skerry_limit_hits_total{name=\"instances\"} 1.0")
                    .contains("skerry_build_info")
                    .contains("skerry_limit{name=\"instances\"} 1.0");
        }
    }
}
