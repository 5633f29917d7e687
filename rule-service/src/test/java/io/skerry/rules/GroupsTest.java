package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.group;
import static io.skerry.rules.RuleServiceFixture.groupRule;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class GroupsTest {
    private static RuleServiceFixture rules;

    @BeforeAll
    static void start() {
        rules = RuleServiceFixture.start();
    }

    @AfterAll
    static void stop() {
        rules.close();
    }

    private static String create(String name) {
        return rules.ok(Operation.CREATE_ORIGIN_GROUP, Map.of(), group(name, "10.0.0.1"))
                .getString("id");
    }

    @Test
    void createsListsAndShowsGroups() {
        RuleReply.Done done =
                rules.done(Operation.CREATE_ORIGIN_GROUP, Map.of(), group("first", "10.0.0.1"));
        assertThat(done.status()).isEqualTo(201);
        String id = done.body().getString("id");
        assertThat(done.location()).isEqualTo("/origin-groups/" + id);
        JsonObject shown = rules.ok(Operation.GET_ORIGIN_GROUP, Map.of("group", id), null);
        assertThat(shown.getString("name")).isEqualTo("first");
        assertThat(shown.getInteger("references")).isZero();
        JsonObject list = rules.ok(Operation.LIST_ORIGIN_GROUPS, Map.of("limit", "1000"), null);
        assertThat(
                        list.getJsonArray("items").stream()
                                .map(each -> ((JsonObject) each).getString("id")))
                .contains(id);
        rules.refuses(
                Operation.GET_ORIGIN_GROUP,
                Map.of("group", "og-000000000000"),
                null,
                404,
                " not_found");
    }

    @Test
    void refusesATakenNameAndABadGroupTogether() {
        create("taken");
        rules.refuses(
                Operation.CREATE_ORIGIN_GROUP,
                Map.of(),
                group("taken", "10.0.0.1"),
                409,
                "name name_taken");
        rules.refuses(
                Operation.CREATE_ORIGIN_GROUP,
                Map.of(),
                group("taken", "10.0.0.1", "10.0.0.300"),
                422,
                "name name_taken",
                "origins[1].address bad_format");
        String other = create("other");
        rules.refuses(
                Operation.PUT_ORIGIN_GROUP,
                Map.of("group", other),
                group("taken", "10.0.0.1"),
                409,
                "name name_taken");
    }

    @Test
    void aChangedGroupIsOneRevisionAndAChangeOfEveryInstanceThatUsesIt() {
        String group = create("shared");
        String one = rules.newInstance("uses-1");
        String two = rules.newInstance("uses-2");
        String three = rules.newInstance("uses-not");
        rules.ok(Operation.CREATE_RULES, Map.of("instance", one), groupRule("shared", "1001"));
        rules.ok(Operation.CREATE_RULES, Map.of("instance", two), groupRule("shared", "1002"));
        long before = rules.instance(three).getLong("revision");
        JsonObject now =
                rules.ok(
                        Operation.PUT_ORIGIN_GROUP,
                        Map.of("group", group),
                        group("shared", "10.0.0.2"));
        assertThat(now.getInteger("references")).isEqualTo(2);
        long revision = now.getLong("revision");
        assertThat(rules.instance(one).getLong("revision")).isEqualTo(revision);
        assertThat(rules.instance(two).getLong("revision")).isEqualTo(revision);
        assertThat(rules.instance(three).getLong("revision")).isEqualTo(before);
        List<JsonObject> steps =
                rules.bus.published(BusAddress.CHANGED).stream()
                        .filter(json -> json.getLong("revision") == revision)
                        .toList();
        assertThat(steps).hasSize(2);
        assertThat(steps)
                .allSatisfy(step ->
                        assertThat(step.getJsonArray("groups").getJsonObject(0).encode())
                                .contains("10.0.0.2"));
        assertThat(
                        rules.ok(
                                        Operation.GET_REVISION,
                                        Map.of("revision", Long.toString(revision)),
                                        null)
                                .getJsonArray("instances"))
                .containsExactlyInAnyOrder(one, two);
        assertThat(
                        rules.ok(
                                        Operation.PUT_ORIGIN_GROUP,
                                        Map.of("group", group),
                                        group("shared", "10.0.0.2"))
                                .getLong("revision"))
                .as("the same again is no change")
                .isEqualTo(revision);
    }

    @Test
    void deletesAGroupOnlyWhenNoRuleUsesIt() {
        String group = create("used");
        String instance = rules.newInstance("user");
        JsonObject rule =
                rules.ok(
                        Operation.CREATE_RULES,
                        Map.of("instance", instance),
                        groupRule("used", "2001"));
        rules.refuses(Operation.DELETE_ORIGIN_GROUP, Map.of("group", group), null, 409, " in_use");
        Map<String, String> path = Map.of("instance", instance, "rule", rule.getString("id"));
        rules.ok(Operation.DISABLE_RULE, path, null);
        rules.awaitStatus(instance, rule.getString("id"), "offline");
        rules.ok(Operation.DELETE_RULE, path, null);
        assertThat(rules.done(Operation.DELETE_ORIGIN_GROUP, Map.of("group", group), null).status())
                .isEqualTo(204);
        rules.refuses(
                Operation.DELETE_ORIGIN_GROUP, Map.of("group", group), null, 404, " not_found");
    }
}
