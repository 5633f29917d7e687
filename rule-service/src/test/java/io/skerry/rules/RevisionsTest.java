package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.rule;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Problem;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class RevisionsTest {
    private static RuleServiceFixture rules;

    @BeforeAll
    static void start() {
        rules = RuleServiceFixture.start();
    }

    @AfterAll
    static void stop() {
        rules.close();
    }

    private static JsonObject to(long revision) {
        return new JsonObject().put("to", revision);
    }

    @Test
    void recordsWhoChangedWhatFromWhere() {
        RuleReply reply =
                rules.bus.ask(
                        new RuleRequest(
                                Operation.CREATE_INSTANCE,
                                Map.of(),
                                new JsonObject().put("name", "audited"),
                                "alice\n",
                                "192.0.2.7",
                                null,
                                null));
        long revision = Objects.requireNonNull(((RuleReply.Done) reply).revision());
        JsonObject audit =
                rules.ok(Operation.GET_REVISION, Map.of("revision", Long.toString(revision)), null);
        assertThat(audit.getString("actor")).isEqualTo("alice?");
        assertThat(audit.getString("source")).isEqualTo("192.0.2.7");
        assertThat(audit.getString("operation")).isEqualTo("create_instance");
        assertThat(audit.getString("summary")).contains("audited");
        JsonArray items = rules.ok(Operation.LIST_REVISIONS, Map.of(), null).getJsonArray("items");
        assertThat(items.getJsonObject(0).getLong("revision")).isGreaterThanOrEqualTo(revision);
        rules.refuses(
                Operation.GET_REVISION, Map.of("revision", "999999"), null, 404, " not_found");
        rules.refuses(Operation.GET_REVISION, Map.of("revision", "x"), null, 404, " not_found");
    }

    @Test
    void rollsAnInstanceBackToWhatItWas() {
        String id = rules.newInstance("rolled");
        Map<String, String> path = Map.of("instance", id);
        JsonObject kept = rules.newRule(id, "3001");
        JsonObject deleted = rules.newRule(id, "3002-3010");
        long then = rules.instance(id).getLong("revision");
        rules.ok(
                Operation.PATCH_RULE,
                Map.of("instance", id, "rule", kept.getString("id")),
                new JsonObject().put("tag", "later").put("ports", new JsonArray().add("3020")));
        Map<String, String> second = Map.of("instance", id, "rule", deleted.getString("id"));
        rules.ok(Operation.DISABLE_RULE, second, null);
        rules.awaitStatus(id, deleted.getString("id"), "offline");
        rules.ok(Operation.DELETE_RULE, second, null);
        JsonObject added = rules.newRule(id, "3002");
        rules.ok(Operation.PATCH_INSTANCE, path, new JsonObject().put("ipv6", true));

        JsonObject back = rules.ok(Operation.ROLLBACK_INSTANCE, path, to(then));

        assertThat(back.getLong("revision")).isGreaterThan(then);
        assertThat(back.getBoolean("ipv6")).isFalse();
        assertThat(back.getInteger("ruleCount")).isEqualTo(2);
        assertThat(rules.rule(id, kept.getString("id")).getJsonArray("ports"))
                .containsExactly("3001");
        assertThat(rules.rule(id, kept.getString("id")).getString("tag")).isEmpty();
        assertThat(rules.rule(id, deleted.getString("id")).getString("status"))
                .isEqualTo("progress");
        rules.refuses(
                Operation.GET_RULE,
                Map.of("instance", id, "rule", added.getString("id")),
                null,
                404,
                " not_found");
        rules.newRule(id, "3020");
        JsonObject again =
                rules.ok(Operation.ROLLBACK_INSTANCE, path, to(back.getLong("revision")));
        assertThat(again.getInteger("ruleCount")).as("a rollback can be rolled back").isEqualTo(2);
        assertThat(
                        rules.ok(Operation.ROLLBACK_INSTANCE, path, to(again.getLong("revision")))
                                .getLong("revision"))
                .as("nothing to do is no revision")
                .isEqualTo(again.getLong("revision"));
    }

    @Test
    void refusesARollbackToPortsThatHaveBeenTakenSince() {
        String id = rules.newInstance("robbed");
        JsonObject rule = rules.newRule(id, "4001");
        long then = rules.instance(id).getLong("revision");
        Map<String, String> path = Map.of("instance", id, "rule", rule.getString("id"));
        rules.ok(
                Operation.PATCH_RULE,
                path,
                new JsonObject().put("ports", new JsonArray().add("4002")));
        rules.newRule(rules.newInstance("robber"), "4001");
        Problem problem =
                rules.refused(Operation.ROLLBACK_INSTANCE, Map.of("instance", id), to(then));
        assertThat(problem.status()).isEqualTo(409);
        assertThat(problem.lead().field()).isEqualTo("rules." + rule.getString("id") + ".ports[0]");
        assertThat(rules.rule(id, rule.getString("id")).getJsonArray("ports"))
                .containsExactly("4002");
    }

    @Test
    void tellsTwoRevisionsApartFieldByField() {
        String id = rules.newInstance("compared");
        JsonObject kept = rules.newRule(id, "4101");
        JsonObject gone = rules.newRule(id, "4102");
        long from = rules.instance(id).getLong("revision");
        Map<String, String> first = Map.of("instance", id, "rule", kept.getString("id"));
        rules.ok(
                Operation.PATCH_RULE,
                first,
                new JsonObject().put("tag", "new").put("ports", new JsonArray().add("4103")));
        Map<String, String> second = Map.of("instance", id, "rule", gone.getString("id"));
        rules.ok(Operation.DISABLE_RULE, second, null);
        long between = rules.instance(id).getLong("revision");
        rules.awaitStatus(id, gone.getString("id"), "offline");
        rules.ok(Operation.DELETE_RULE, second, null);
        JsonObject added = rules.newRule(id, "4104");
        rules.ok(
                Operation.PATCH_INSTANCE,
                Map.of("instance", id),
                new JsonObject().put("ipv6", true));

        JsonObject all = diff(id, from, null);

        assertThat(ids(all, "added")).containsExactly(added.getString("id"));
        assertThat(ids(all, "removed")).containsExactly(gone.getString("id"));
        assertThat(ids(all, "changed")).containsExactly(kept.getString("id"));
        JsonObject fields = all.getJsonArray("changed").getJsonObject(0).getJsonObject("fields");
        assertThat(fields.fieldNames()).containsExactlyInAnyOrder("tag", "ports");
        assertThat(fields.getJsonObject("tag"))
                .isEqualTo(new JsonObject().put("before", "").put("after", "new"));
        assertThat(all.getJsonObject("instance").getJsonObject("ipv6").getBoolean("after"))
                .isTrue();

        JsonObject part = diff(id, from, between);
        assertThat(ids(part, "added")).isEmpty();
        assertThat(part.getJsonArray("changed").encode())
                .contains("\"enabled\":{\"before\":true,\"after\":false}");
        assertThat(ids(diff(id, between, from), "changed")).hasSize(2);
        assertThat(ids(diff(id, between, between), "changed")).isEmpty();
    }

    private static JsonObject diff(String id, long from, @Nullable Long to) {
        Map<String, String> args = new TreeMap<>(Map.of("instance", id, "from", "" + from));
        if (to != null) {
            args.put("to", "" + to);
        }
        return rules.ok(Operation.GET_DIFF, args, null);
    }

    private static List<String> ids(JsonObject diff, String list) {
        return diff.getJsonArray(list).stream()
                .map(each -> ((JsonObject) each).getString("id"))
                .toList();
    }

    @Test
    void refusesADiffOfRevisionsThatTheInstanceNeverHad() {
        String id = rules.newInstance("young-too");
        String other = "sid-000000000000";
        Map<String, String> none = Map.of("instance", id);
        rules.refuses(Operation.GET_DIFF, none, null, 422, "from missing");
        Map<String, String> late = Map.of("instance", id, "from", "999999");
        rules.refuses(Operation.GET_DIFF, late, null, 422, "from out_of_range");
        Map<String, String> words = Map.of("instance", id, "from", "x", "to", "0");
        rules.refuses(Operation.GET_DIFF, words, null, 422, "from bad_format", "to out_of_range");
        Map<String, String> nobody = Map.of("instance", other, "from", "1");
        rules.refuses(Operation.GET_DIFF, nobody, null, 404, " not_found");
    }

    @Test
    void refusesRevisionsThatTheInstanceNeverHad() {
        String id = rules.newInstance("young");
        Map<String, String> path = Map.of("instance", id);
        rules.refuses(Operation.ROLLBACK_INSTANCE, path, to(999_999), 422, "to out_of_range");
        rules.refuses(Operation.ROLLBACK_INSTANCE, path, to(0), 422, "to out_of_range");
        rules.refuses(Operation.ROLLBACK_INSTANCE, path, new JsonObject(), 422, "to missing");
        rules.refuses(
                Operation.ROLLBACK_INSTANCE,
                Map.of("instance", "sid-000000000000"),
                to(1),
                404,
                " not_found");
    }

    @Test
    void keepsOnlyAsMuchHistoryAsItIsTold() {
        try (RuleServiceFixture small =
                new RuleServiceFixture(
                        TestPostgres.shared().newDatabase(),
                        Map.of("history.max-revisions", "3"))) {
            String id = small.newInstance("forgetful");
            for (int i = 0; i < 5; i++) {
                small.newRule(id, Integer.toString(5000 + i));
            }
            Map<String, String> path = Map.of("instance", id);
            small.refuses(Operation.ROLLBACK_INSTANCE, path, to(2), 410, "to gone");
            small.refuses(Operation.GET_REVISION, Map.of("revision", "2"), null, 410, " gone");
            Map<String, String> far = Map.of("instance", id, "from", "2");
            small.refuses(Operation.GET_DIFF, far, null, 410, "from gone");
            Map<String, String> near = Map.of("instance", id, "from", "3");
            assertThat(small.ok(Operation.GET_DIFF, near, null).getJsonArray("added")).hasSize(3);
            assertThat(small.ok(Operation.LIST_REVISIONS, Map.of(), null).getInteger("total"))
                    .isEqualTo(3);
            assertThat(small.ok(Operation.ROLLBACK_INSTANCE, path, to(3)).getInteger("ruleCount"))
                    .isEqualTo(2);
        }
    }

    @Test
    void forgetsHistoryThatIsOlderThanItsDays() {
        PostgresAddress database = TestPostgres.shared().newDatabase();
        Map<String, String> two = Map.of("history.days", "2");
        try (RuleServiceFixture before = new RuleServiceFixture(database, two)) {
            String id = before.newInstance("aging");
            for (int i = 0; i < 4; i++) {
                before.newRule(id, Integer.toString(5100 + i));
            }
        }
        String ages =
                "UPDATE revision SET at = now() - CASE WHEN number <= 2 THEN interval '3 days'"
                        + " ELSE interval '47 hours' END";
        TestPostgres.shared().execute(database.database(), ages);
        try (RuleServiceFixture after = new RuleServiceFixture(database, two)) {
            RuleServiceFixture.await(() -> total(after) == 3, () -> "revisions: " + total(after));
            Map<String, String> first = Map.of("revision", "2");
            after.refuses(Operation.GET_REVISION, first, null, 410, " gone");
            after.ok(Operation.GET_REVISION, Map.of("revision", "3"), null);
            String id =
                    after.ok(Operation.LIST_INSTANCES, Map.of(), null)
                            .getJsonArray("items")
                            .getJsonObject(0)
                            .getString("id");
            Map<String, String> path = Map.of("instance", id);
            after.refuses(Operation.ROLLBACK_INSTANCE, path, to(1), 410, "to gone");
            JsonObject back = after.ok(Operation.ROLLBACK_INSTANCE, path, to(2));
            assertThat(back.getInteger("ruleCount")).isEqualTo(1);
        }
    }

    private static int total(RuleServiceFixture at) {
        return at.ok(Operation.LIST_REVISIONS, Map.of(), null).getInteger("total");
    }

    @Test
    void everyWriteLeavesItsTraceInTheAudit() {
        String id = rules.newInstance("traced");
        Map<String, String> instance = Map.of("instance", id);
        JsonObject made = rules.newRule(id, "5200");
        Map<String, String> rule = Map.of("instance", id, "rule", made.getString("id"));
        long from = made.getLong("revision");
        rules.ok(Operation.IMPORT_RULES, instance, "tcp:5201 10.0.0.5 80 off off");
        rules.ok(Operation.PATCH_RULE, rule, new JsonObject().put("tag", "x"));
        rules.ok(Operation.DISABLE_RULE, rule, null);
        rules.ok(Operation.ENABLE_RULE, rule, null);
        rules.ok(Operation.PATCH_INSTANCE, instance, new JsonObject().put("ipv6", true));
        rules.ok(Operation.ROLLBACK_INSTANCE, instance, to(from));
        JsonObject group = RuleServiceFixture.group("traced", "10.0.0.9");
        String groupId = rules.ok(Operation.CREATE_ORIGIN_GROUP, Map.of(), group).getString("id");
        Map<String, String> groupPath = Map.of("group", groupId);
        JsonObject other = RuleServiceFixture.group("traced", "10.0.0.10");
        rules.ok(Operation.PUT_ORIGIN_GROUP, groupPath, other);
        rules.done(Operation.DELETE_ORIGIN_GROUP, groupPath, null);
        rules.ok(Operation.DISABLE_INSTANCE, instance, null);
        rules.awaitStatus(id, "offline");
        rules.ok(Operation.ENABLE_INSTANCE, instance, null);
        rules.ok(Operation.DISABLE_INSTANCE, instance, null);
        rules.awaitStatus(id, "offline");
        rules.done(Operation.DELETE_INSTANCE, instance, null);
        List<String> operations = new ArrayList<>();
        for (Object each :
                rules.ok(Operation.LIST_REVISIONS, Map.of("limit", "14"), null)
                        .getJsonArray("items")) {
            JsonObject audit = (JsonObject) each;
            operations.addFirst(audit.getString("operation"));
            assertThat(audit.getString("actor")).isEqualTo("local");
            assertThat(audit.getString("source")).isEqualTo("local");
            assertThat(audit.getString("at")).isNotEmpty();
            assertThat(audit.getString("summary")).isNotEmpty();
            assertThat(audit.getString("object")).isNotEmpty();
        }
        assertThat(operations)
                .containsExactly(
                        "create_rules",
                        "import_rules",
                        "patch_rule",
                        "disable_rule",
                        "enable_rule",
                        "patch_instance",
                        "rollback_instance",
                        "create_origin_group",
                        "put_origin_group",
                        "delete_origin_group",
                        "disable_instance",
                        "enable_instance",
                        "disable_instance",
                        "delete_instance");
    }

    @Test
    void answersARepeatedKeyWithTheFirstReply() {
        String id = rules.newInstance("repeated");
        RuleReply.Done first = (RuleReply.Done) rules.bus.ask(keyed("k1", id, rule("6001")));
        RuleReply.Done second = (RuleReply.Done) rules.bus.ask(keyed("k1", id, rule("6001")));
        assertThat(second.body()).isEqualTo(first.body());
        assertThat(second.location()).isEqualTo(first.location());
        assertThat(rules.instance(id).getInteger("ruleCount")).isEqualTo(1);
        RuleReply other = rules.bus.ask(keyed("k1", id, rule("6002")));
        assertThat(((RuleReply.Refused) other).problem().lead().code().word())
                .isEqualTo("key_reused");
        assertThat(rules.bus.ask(keyed("k2", id, rule("6001"))))
                .as("another key is another request")
                .isInstanceOf(RuleReply.Refused.class);
        RuleReply tooLong = rules.bus.ask(keyed("k".repeat(201), id, rule("6003")));
        assertThat(((RuleReply.Refused) tooLong).problem().status()).isEqualTo(422);
    }

    @Test
    void aRefusedRequestDoesNotUseUpItsKey() {
        String id = rules.newInstance("refused-first");
        String other = rules.newInstance("holder");
        JsonObject held = rules.newRule(other, "6100");
        assertThat(rules.bus.ask(keyed("later", id, rule("6100"))))
                .isInstanceOf(RuleReply.Refused.class);
        Map<String, String> path = Map.of("instance", other, "rule", held.getString("id"));
        rules.ok(
                Operation.PATCH_RULE,
                path,
                new JsonObject().put("ports", new JsonArray().add("6101")));
        assertThat(rules.bus.ask(keyed("later", id, rule("6100"))))
                .isInstanceOf(RuleReply.Done.class);
    }

    private static RuleRequest keyed(String key, String instance, JsonObject body) {
        return new RuleRequest(
                Operation.CREATE_RULES,
                Map.of("instance", instance),
                body,
                "me",
                "here",
                key,
                null);
    }
}
