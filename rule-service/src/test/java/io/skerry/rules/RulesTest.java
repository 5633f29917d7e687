package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.group;
import static io.skerry.rules.RuleServiceFixture.groupRule;
import static io.skerry.rules.RuleServiceFixture.rule;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.content.ContentChange;
import io.skerry.shared.problem.Mistake;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class RulesTest {
    private static final AtomicInteger names = new AtomicInteger();
    private static RuleServiceFixture rules;
    private static int base = 1000;
    private String id = "";
    private Map<String, String> path = Map.of();

    @BeforeAll
    static void start() {
        rules = RuleServiceFixture.start();
    }

    @AfterAll
    static void stop() {
        rules.close();
    }

    @BeforeEach
    void freshInstance() {
        id = rules.newInstance("rules-" + names.incrementAndGet());
        path = Map.of("instance", id);
        base += 200;
    }

    /// A port that no other test uses.
    private static String port(int offset) {
        return Integer.toString(base + offset);
    }

    private Map<String, String> path(JsonObject rule) {
        return Map.of("instance", id, "rule", rule.getString("id"));
    }

    @Test
    void createsOneRuleAndShowsItAsTheContractSays() {
        RuleReply.Done done =
                rules.done(Operation.CREATE_RULES, path, rule(port(0), port(1) + "-" + port(9)));
        assertThat(done.status()).isEqualTo(201);
        JsonObject body = done.body();
        assertThat(body.getString("id")).matches("rule-[0-9a-z]{12}");
        assertThat(done.location())
                .isEqualTo("/instances/" + id + "/rules/" + body.getString("id"));
        assertThat(body.getString("status")).isEqualTo("progress");
        assertThat(body.getLong("revision")).isEqualTo(done.revision());
        assertThat(body.getInteger("idleSeconds")).isEqualTo(3600);
        assertThat(rules.instance(id).getInteger("ruleCount")).isEqualTo(1);
        assertThat(rules.rule(id, body.getString("id")).getJsonArray("ports"))
                .isEqualTo(body.getJsonArray("ports"));
    }

    @Test
    void publishesTheStepThatLeadsANodeFromOneContentToTheNext() {
        rules.newRule(id, port(0));
        rules.newRule(id, port(1));
        List<ContentChange> steps =
                rules.bus.published(BusAddress.CHANGED).stream()
                        .filter(json -> json.getString("instance").equals(id))
                        .map(json -> ContentChange.read(json).orThrow())
                        .toList();
        assertThat(steps).hasSize(3);
        var content = steps.get(0).applyTo(Optional.empty());
        for (ContentChange step : steps.subList(1, 3)) {
            content = step.applyTo(content);
            assertThat(content).as("step to %s applies", step.revision()).isPresent();
        }
        assertThat(content.orElseThrow().rules()).hasSize(2);
        assertThat(rules.bus.published(BusAddress.EVENTS))
                .anyMatch(event -> event.getString("type").equals("revision"));
    }

    @Test
    void createsAnArrayOfRulesInOneRevision() {
        JsonArray array = new JsonArray();
        for (int i = 0; i < 5; i++) {
            array.add(rule(port(i)));
        }
        JsonArray items = rules.ok(Operation.CREATE_RULES, path, array).getJsonArray("items");
        assertThat(items.stream().map(each -> ((JsonObject) each).getLong("revision")).distinct())
                .hasSize(1);
        List<String> listed =
                rules.ok(Operation.LIST_RULES, path, null).getJsonArray("items").stream()
                        .map(each -> ((JsonObject) each).getJsonArray("ports").getString(0))
                        .toList();
        assertThat(listed).containsExactly(port(0), port(1), port(2), port(3), port(4));
    }

    @Test
    void refusesAnArrayWholeAndNamesEveryMistake() {
        rules.newRule(id, port(5));
        JsonArray array =
                new JsonArray()
                        .add(rule(port(0)))
                        .add(rule(port(1), port(5)))
                        .add(rule(port(2)).put("clientIp", "spp"))
                        .add(rule(port(0)))
                        .add(groupRule("nobody", port(3)))
                        .add("text");
        rules.refuses(
                Operation.CREATE_RULES,
                path,
                array,
                400,
                "[1].ports[1] port_taken",
                "[2].clientIp incompatible",
                "[3].ports[0] duplicate_port",
                "[4].origin.name unknown_group",
                "[5] wrong_type");
        assertThat(rules.instance(id).getInteger("ruleCount")).isEqualTo(1);
    }

    @Test
    void refusesASecondRuleOnTheSamePortAndNamesTheFirst() {
        JsonObject first = rules.newRule(id, port(0) + "-" + port(50));
        String other = rules.newInstance("neighbour-" + names.incrementAndGet());
        Mistake mistake =
                rules.refused(
                                Operation.CREATE_RULES,
                                Map.of("instance", other),
                                rule(port(20) + "-" + port(70)))
                        .lead();
        assertThat(mistake.field()).isEqualTo("ports[0]");
        assertThat(mistake.message()).contains("TCP port " + port(20), first.getString("id"), id);
        rules.ok(
                Operation.CREATE_RULES,
                Map.of("instance", other),
                rule(port(20) + "-" + port(70)).put("protocol", "UDP"));
    }

    @Test
    void refusesMoreThanTwoThousandRules() {
        JsonArray array = new JsonArray();
        for (int i = 0; i < 2001; i++) {
            array.add(rule(Integer.toString(20_000 + i)).put("protocol", "UDP"));
        }
        rules.refuses(Operation.CREATE_RULES, path, array, 422, " too_many");
        array.remove(2000);
        rules.ok(Operation.CREATE_RULES, path, array);
        rules.refuses(Operation.CREATE_RULES, path, rule(port(0)), 422, " too_many");
    }

    @Test
    void takesFortyThousandPortsQuickly() {
        long start = System.nanoTime();
        JsonObject big = rules.newRule(id, "8000-30000", "40000-55999");
        double seconds = (System.nanoTime() - start) / 1e9;
        assertThat(seconds).as("seconds for 38,000 ports").isLessThan(5);
        rules.refuses(Operation.CREATE_RULES, path, rule("55999"), 409, "ports[0] port_taken");
        rules.ok(Operation.DISABLE_RULE, path(big), null);
        rules.awaitStatus(id, big.getString("id"), "offline");
        rules.ok(Operation.DELETE_RULE, path(big), null);
        rules.newRule(id, "55999");
    }

    @Test
    void patchesARuleByMergePatch() {
        JsonObject made = rules.newRule(id, port(0));
        JsonObject changed =
                rules.ok(
                        Operation.PATCH_RULE,
                        path(made),
                        new JsonObject()
                                .put("ports", new JsonArray().add(port(0)).add(port(1)))
                                .put("tag", "new")
                                .put("origin", new JsonObject().put("address", "10.0.0.6")));
        assertThat(changed.getString("tag")).isEqualTo("new");
        assertThat(changed.getJsonObject("origin").getString("address")).isEqualTo("10.0.0.6");
        assertThat(changed.getLong("revision")).isGreaterThan(made.getLong("revision"));
        rules.refuses(Operation.CREATE_RULES, path, rule(port(1)), 409, "ports[0] port_taken");
        JsonObject shrunk =
                rules.ok(
                        Operation.PATCH_RULE,
                        path(made),
                        new JsonObject().put("ports", new JsonArray().add(port(1))).putNull("tag"));
        assertThat(shrunk.getString("tag")).isEmpty();
        rules.newRule(id, port(0));
        rules.refuses(
                Operation.PATCH_RULE,
                path(made),
                new JsonObject().put("ports", new JsonArray().add(port(0))),
                409,
                "ports[0] port_taken");
        rules.refuses(
                Operation.PATCH_RULE,
                path(made),
                new JsonObject().put("id", "rule-000000000000").put("idle", 1),
                422,
                "id not_changeable",
                "idle unknown_field");
    }

    @Test
    void anEmptyPatchIsNoRevision() {
        JsonObject made = rules.newRule(id, port(0));
        JsonObject same = rules.ok(Operation.PATCH_RULE, path(made), new JsonObject());
        assertThat(same.getLong("revision")).isEqualTo(made.getLong("revision"));
    }

    @Test
    void movesARuleBetweenGroupsByNameAndToASingleOrigin() {
        String one = "one-" + names.incrementAndGet();
        String two = "two-" + names.incrementAndGet();
        String oneId =
                rules.ok(Operation.CREATE_ORIGIN_GROUP, Map.of(), group(one, "10.0.0.1"))
                        .getString("id");
        rules.ok(Operation.CREATE_ORIGIN_GROUP, Map.of(), group(two, "10.0.0.2"));
        JsonObject made =
                rules.ok(
                        Operation.CREATE_RULES,
                        path,
                        groupRule(one.toUpperCase(Locale.ROOT), port(0)));
        assertThat(made.getJsonObject("origin").getString("name")).isEqualTo(one);
        assertThat(made.getJsonObject("origin").getString("id")).isEqualTo(oneId);
        JsonObject moved =
                rules.ok(
                        Operation.PATCH_RULE,
                        path(made),
                        new JsonObject().put("origin", new JsonObject().put("name", two)));
        assertThat(moved.getJsonObject("origin").getString("name")).isEqualTo(two);
        JsonObject single = new JsonObject().put("type", "single").put("address", "example.test");
        JsonObject alone =
                rules.ok(Operation.PATCH_RULE, path(made), new JsonObject().put("origin", single));
        assertThat(alone.getJsonObject("origin")).isEqualTo(single);
        rules.refuses(
                Operation.CREATE_RULES,
                path,
                rule(port(1))
                        .put(
                                "origin",
                                new JsonObject().put("type", "group").put("id", "og-000000000000")),
                422,
                "origin.id unknown_group");
    }

    @Test
    void filtersRulesByProtocolPortTagAndStatus() {
        rules.ok(Operation.CREATE_RULES, path, rule(port(0) + "-" + port(9)).put("tag", "a"));
        rules.ok(
                Operation.CREATE_RULES, path, rule(port(0)).put("protocol", "UDP").put("tag", "b"));
        assertThat(count(Map.of())).isEqualTo(2);
        assertThat(count(Map.of("protocol", "UDP"))).isEqualTo(1);
        assertThat(count(Map.of("port", port(0)))).isEqualTo(2);
        assertThat(count(Map.of("port", port(5)))).isEqualTo(1);
        assertThat(count(Map.of("port", port(10)))).isZero();
        assertThat(count(Map.of("tag", "a"))).isEqualTo(1);
        assertThat(count(Map.of("tag", "\0"))).isZero();
        assertThat(count(Map.of("status", "progress"))).isEqualTo(2);
        assertThat(count(Map.of("status", "offline"))).isZero();
        rules.refuses(
                Operation.LIST_RULES,
                Map.of("instance", id, "protocol", "SCTP", "port", "x", "status", "up"),
                null,
                422,
                "protocol not_allowed",
                "port bad_format",
                "status not_allowed");
    }

    private int count(Map<String, String> filter) {
        Map<String, String> args = new java.util.HashMap<>(filter);
        args.put("instance", id);
        return rules.ok(Operation.LIST_RULES, args, null).getInteger("total");
    }

    @Test
    void switchesAndDeletesOnlyWhereTheStatusAllowsIt() {
        JsonObject made = rules.newRule(id, port(0));
        rules.refuses(Operation.ENABLE_RULE, path(made), null, 409, " wrong_state");
        rules.refuses(Operation.DELETE_RULE, path(made), null, 409, " wrong_state");
        JsonObject stopping = rules.done(Operation.DISABLE_RULE, path(made), null).body();
        assertThat(stopping.getString("status")).isEqualTo("stopping");
        rules.awaitStatus(id, made.getString("id"), "offline");
        rules.refuses(Operation.DISABLE_RULE, path(made), null, 409, " wrong_state");
        rules.refuses(Operation.CREATE_RULES, path, rule(port(0)), 409, "ports[0] port_taken");
        rules.ok(Operation.ENABLE_RULE, path(made), null);
        rules.ok(Operation.DISABLE_RULE, path(made), null);
        rules.awaitStatus(id, made.getString("id"), "offline");
        assertThat(rules.done(Operation.DELETE_RULE, path(made), null).status()).isEqualTo(204);
        rules.refuses(Operation.GET_RULE, path(made), null, 404, " not_found");
        rules.newRule(id, port(0));
    }

    @Test
    void rulesOfAnOfflineInstanceWaitForIt() {
        rules.ok(Operation.DISABLE_INSTANCE, path, null);
        rules.awaitStatus(id, "offline");
        JsonObject waits = rules.newRule(id, port(0));
        assertThat(waits.getString("status")).isEqualTo("offline");
        assertThat(waits.getString("statusReason")).isEqualTo("instance_offline");
        JsonObject off = rules.newRule(id, port(1));
        assertThat(rules.ok(Operation.DISABLE_RULE, path(off), null).containsKey("statusReason"))
                .isFalse();
        rules.refuses(Operation.DISABLE_RULE, path(off), null, 409, " wrong_state");
        rules.refuses(Operation.ENABLE_RULE, path(waits), null, 409, " wrong_state");
        rules.ok(Operation.ENABLE_INSTANCE, path, null);
        assertThat(rules.rule(id, waits.getString("id")).getString("status")).isEqualTo("progress");
        assertThat(rules.rule(id, off.getString("id")).getString("status")).isEqualTo("offline");
    }

    @Test
    void importsATextWholeOrNotAtAll() {
        String text =
                "tcp:"
                        + port(0)
                        + " 10.0.0.5 80 on ppv1 a tag\r\n\r\nudp:"
                        + port(0)
                        + " example.test 53 off ppv2\n";
        JsonObject dry =
                rules.ok(Operation.IMPORT_RULES, Map.of("instance", id, "dryRun", "true"), text);
        assertThat(dry.getInteger("imported")).isEqualTo(2);
        assertThat(rules.instance(id).getInteger("ruleCount")).isZero();
        JsonObject done = rules.ok(Operation.IMPORT_RULES, path, text);
        assertThat(done.getInteger("imported")).isEqualTo(2);
        assertThat(done.getLong("revision")).isEqualTo(rules.instance(id).getLong("revision"));
        rules.refuses(
                Operation.IMPORT_RULES,
                path,
                "tcp:"
                        + port(1)
                        + " 10.0.0.5 80 on off\ntcp:"
                        + port(1)
                        + " 10.0.0.6 80 on off\ntcp:"
                        + port(0)
                        + " 10.0.0.5 80 on off\ntcp:"
                        + port(2)
                        + " og:nobody 80 on off\nnonsense",
                422,
                "line 2 duplicate_port",
                "line 3 port_taken",
                "line 4 unknown_group",
                "line 5 bad_format");
        rules.refuses(Operation.IMPORT_RULES, path, "nonsense", 422, "line 1 bad_format");
        rules.refuses(Operation.IMPORT_RULES, path, "\n", 422, " missing");
        rules.refuses(
                Operation.IMPORT_RULES,
                Map.of("instance", id, "dryRun", "yes"),
                text,
                422,
                "dryRun not_allowed");
        assertThat(rules.instance(id).getInteger("ruleCount")).isEqualTo(2);
    }

    @Test
    void exportsATextThatCanBeImportedAndSaysWhatItLoses() {
        String name = "export-" + names.incrementAndGet();
        rules.ok(Operation.CREATE_ORIGIN_GROUP, Map.of(), group(name, "10.0.0.1"));
        rules.ok(Operation.CREATE_RULES, path, groupRule(name, port(0)));
        rules.ok(Operation.CREATE_RULES, path, rule(port(1)).put("drainSeconds", 7));
        JsonObject text = rules.ok(Operation.EXPORT_RULES, path, null);
        assertThat(text.getInteger("lossy")).isEqualTo(1);
        assertThat(text.getString("text"))
                .isEqualTo(
                        "tcp:"
                                + port(0)
                                + " og:"
                                + name
                                + " 80 off off\ntcp:"
                                + port(1)
                                + " 10.0.0.5 80 off off\n");
        JsonArray items =
                rules.ok(Operation.EXPORT_RULES, Map.of("instance", id, "format", "json"), null)
                        .getJsonArray("items");
        rules.refuses(
                Operation.IMPORT_RULES,
                path,
                items,
                409,
                "[0].ports[0] port_taken",
                "[1].ports[0] port_taken");
        rules.ok(Operation.DISABLE_INSTANCE, path, null);
        rules.awaitStatus(id, "offline");
        rules.ok(Operation.DELETE_INSTANCE, path, null);
        String heir = rules.newInstance("heir-" + names.incrementAndGet());
        rules.ok(Operation.IMPORT_RULES, Map.of("instance", heir), items);
        JsonObject back =
                rules.ok(Operation.LIST_RULES, Map.of("instance", heir), null)
                        .getJsonArray("items")
                        .getJsonObject(1);
        assertThat(back.getInteger("drainSeconds")).isEqualTo(7);
        rules.refuses(
                Operation.EXPORT_RULES,
                Map.of("instance", heir, "format", "xml"),
                null,
                422,
                "format not_allowed");
    }

    @Test
    void aRuleThatIsOffIsStillOffAfterAnExportAndAnImport() {
        rules.newRule(id, port(0));
        JsonObject off = rules.newRule(id, port(1));
        rules.ok(Operation.DISABLE_RULE, path(off), null);
        assertThat(rules.ok(Operation.EXPORT_RULES, path, null).getInteger("lossy")).isEqualTo(1);
        JsonArray items =
                rules.ok(Operation.EXPORT_RULES, Map.of("instance", id, "format", "json"), null)
                        .getJsonArray("items");
        assertThat(items.getJsonObject(0).containsKey("enabled")).isFalse();
        assertThat(items.getJsonObject(1).getBoolean("enabled")).isFalse();
        rules.ok(Operation.DISABLE_INSTANCE, path, null);
        rules.awaitStatus(id, "offline");
        rules.ok(Operation.DELETE_INSTANCE, path, null);
        String heir = rules.newInstance("heir-" + names.incrementAndGet());
        JsonArray wrong = items.copy();
        wrong.getJsonObject(0).put("enabled", "no");
        rules.refuses(
                Operation.IMPORT_RULES,
                Map.of("instance", heir),
                wrong,
                400,
                "[0].enabled wrong_type");
        rules.ok(Operation.IMPORT_RULES, Map.of("instance", heir), items);
        JsonArray now =
                rules.ok(Operation.LIST_RULES, Map.of("instance", heir), null)
                        .getJsonArray("items");
        assertThat(now.getJsonObject(0).getString("status")).isEqualTo("progress");
        assertThat(now.getJsonObject(1).getString("status")).isEqualTo("offline");
        String still = now.getJsonObject(1).getString("id");
        rules.ok(Operation.ENABLE_RULE, Map.of("instance", heir, "rule", still), null);
    }

    @Test
    void takesNoRulesWhileTheInstanceStops() {
        RuleServiceFixture.Node node = rules.node("holds-on-" + names.incrementAndGet());
        JsonObject made = rules.newRule(id, port(0));
        node.follow();
        rules.ok(Operation.DISABLE_INSTANCE, path, null);
        rules.refuses(Operation.CREATE_RULES, path, rule(port(1)), 409, " wrong_state");
        rules.refuses(Operation.ENABLE_RULE, path(made), null, 409, " wrong_state");
        node.follow();
        rules.awaitStatus(id, "offline");
        rules.newRule(id, port(1));
        node.state = io.skerry.shared.content.NodeReport.State.LEAVING;
        node.sync();
    }
}
