package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.rule;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.content.PortProbe;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class DryRunTest {
    private final List<PortProbe> asked = new CopyOnWriteArrayList<>();
    private RuleServiceFixture rules;
    private String id;

    @BeforeEach
    void start() {
        rules = RuleServiceFixture.start();
        id = rules.newInstance("rehearsed");
        rules.node("a").follow();
        answering("boot-a", new PortProbe.Answer(List.of()));
    }

    @AfterEach
    void stop() {
        rules.close();
    }

    private void answering(String boot, PortProbe.Answer answer) {
        rules.bus.serve(
                BusAddress.probe(boot),
                message -> {
                    asked.add(PortProbe.read(message));
                    return Future.succeededFuture(answer.print());
                });
    }

    private Map<String, String> dry(String... more) {
        Map<String, String> args = new TreeMap<>(Map.of("instance", id, "dryRun", "true"));
        for (int i = 0; i < more.length; i += 2) {
            args.put(more[i], more[i + 1]);
        }
        return args;
    }

    private JsonObject ask(Operation operation, Map<String, String> args, @Nullable Object body) {
        long before = revisions();
        var reply = rules.done(operation, args, body);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.body().getBoolean("dryRun")).isTrue();
        assertThat(revisions()).as("nothing is stored").isEqualTo(before);
        return reply.body();
    }

    private long revisions() {
        return rules.ok(Operation.LIST_REVISIONS, Map.of(), null).getLong("total");
    }

    private static JsonObject first(JsonObject answer, String list) {
        JsonArray array = answer.getJsonArray(list);
        assertThat(array).hasSize(1);
        return array.getJsonObject(0);
    }

    @Test
    void tellsWhatWouldOpenAndWhichNodeCouldNot() {
        rules.newRule(id, "80");
        rules.node("b").sync();
        String held = "port_in_use: tcp:0.0.0.0:82 is held by nginx (pid 7)";
        answering(
                "boot-b",
                new PortProbe.Answer(List.of(new PortProbe.Taken(Protocol.TCP, 82, held))));
        rules.node("silent").sync();
        long revision = rules.instance(id).getLong("revision");

        JsonObject answer = ask(Operation.CREATE_RULES, dry(), rule("81-83", "90"));

        assertThat(answer.getLong("revision")).isEqualTo(revision);
        JsonObject opened = first(answer, "opened");
        assertThat(opened.getValue("rule")).isNull();
        assertThat(opened.getJsonArray("ports")).containsExactly("81-83", "90");
        assertThat(answer.getJsonArray("closed")).isEmpty();
        assertThat(answer.getJsonArray("changed")).isEmpty();
        JsonArray nodes = answer.getJsonArray("nodes");
        assertThat(nodes.getJsonObject(0))
                .isEqualTo(
                        new JsonObject()
                                .put("node", "a")
                                .put("opened", 1)
                                .put("closed", 0)
                                .put("changed", 0)
                                .put("probe", "free")
                                .put("taken", new JsonArray()));
        assertThat(nodes.getJsonObject(1).getString("probe")).isEqualTo("taken");
        assertThat(nodes.getJsonObject(1).getJsonArray("taken").encode()).contains(held);
        assertThat(nodes.getJsonObject(2).getString("node")).isEqualTo("silent");
        assertThat(nodes.getJsonObject(2).getString("probe")).isEqualTo("unknown");
        assertThat(asked.getFirst())
                .isEqualTo(
                        new PortProbe(
                                0,
                                false,
                                List.of(
                                        new PortProbe.Ports(Protocol.TCP, new PortRange(81, 83)),
                                        new PortProbe.Ports(Protocol.TCP, new PortRange(90, 90)))));
        assertThat(rules.instance(id).getInteger("ruleCount")).isEqualTo(1);
        rules.newRule(id, "81");
    }

    @Test
    void anImportAsksTheNodesAndSaysHowManyRulesItWouldMake() {
        String held = "port_in_use: tcp:0.0.0.0:81 is held by nginx (pid 7)";
        answering(
                "boot-a",
                new PortProbe.Answer(List.of(new PortProbe.Taken(Protocol.TCP, 81, held))));
        String text = "tcp:80 10.0.0.5 80 off off\nudp:81-90 10.0.0.5 81-90 off off\n";
        JsonObject answer = ask(Operation.IMPORT_RULES, dry(), text);
        assertThat(answer.getInteger("imported")).isEqualTo(2);
        assertThat(answer.getJsonArray("opened")).hasSize(2);
        assertThat(first(answer, "nodes").getString("probe")).isEqualTo("taken");
        assertThat(first(answer, "nodes").getJsonArray("taken").encode()).contains(held);
        assertThat(asked.getFirst().ports())
                .containsExactlyInAnyOrder(
                        new PortProbe.Ports(Protocol.TCP, new PortRange(80, 80)),
                        new PortProbe.Ports(Protocol.UDP, new PortRange(81, 90)));
        assertThat(rules.instance(id).getInteger("ruleCount")).isZero();
        rules.refuses(
                Operation.IMPORT_RULES,
                dry(),
                text + "tcp:80 10.0.0.5 80 off off",
                422,
                "line 3 duplicate_port");
        assertThat(asked).as("nobody is asked about a mistake").hasSize(1);
        rules.ok(Operation.IMPORT_RULES, Map.of("instance", id), text);
    }

    @Test
    void aChangedRuleProbesOnlyThePortsThatAreNew() {
        String rule = rules.newRule(id, "80-85").getString("id");
        JsonObject ports = new JsonObject().put("ports", new JsonArray().add("84-87"));
        JsonObject answer = ask(Operation.PATCH_RULE, dry("rule", rule), ports);
        assertThat(first(answer, "changed").getString("rule")).isEqualTo(rule);
        assertThat(asked.getFirst().ports())
                .containsExactly(new PortProbe.Ports(Protocol.TCP, new PortRange(86, 87)));
        JsonObject tag = new JsonObject().put("tag", "x");
        answer = ask(Operation.PATCH_RULE, dry("rule", rule), tag);
        assertThat(first(answer, "nodes").getString("probe")).isEqualTo("free");
        assertThat(asked).as("no new port, nobody asked").hasSize(1);
        answer = ask(Operation.PATCH_RULE, dry("rule", rule), new JsonObject());
        assertThat(answer.getJsonArray("changed")).isEmpty();
        assertThat(answer.getJsonArray("nodes")).isEmpty();
        assertThat(rules.rule(id, rule).getString("tag")).isEmpty();
    }

    @Test
    void switchingAndDeletingCanBeAskedToo() {
        String rule = rules.newRule(id, "80").getString("id");
        JsonObject answer = ask(Operation.DISABLE_RULE, dry("rule", rule), null);
        assertThat(first(answer, "closed").getString("rule")).isEqualTo(rule);
        assertThat(rules.rule(id, rule).getString("status")).isNotEqualTo("stopping");
        rules.refuses(Operation.DELETE_RULE, dry("rule", rule), null, 409, " wrong_state");
        rules.ok(Operation.DISABLE_RULE, Map.of("instance", id, "rule", rule), null);
        rules.node("a").follow();
        rules.awaitStatus(id, rule, "offline");
        answer = ask(Operation.ENABLE_RULE, dry("rule", rule), null);
        assertThat(first(answer, "opened").getString("rule")).isEqualTo(rule);
        answer = ask(Operation.DELETE_RULE, dry("rule", rule), null);
        assertThat(answer.getJsonArray("closed")).as("it was closed before").isEmpty();
        assertThat(rules.rule(id, rule).getString("status")).isEqualTo("offline");
    }

    @Test
    void mistakesAreRefusedAsInAWrite() {
        rules.newRule(id, "80");
        rules.refuses(Operation.CREATE_RULES, dry(), rule("80"), 409, "ports[0] port_taken");
        rules.refuses(Operation.CREATE_RULES, dry(), rule("0"), 422, "ports[0] bad_format");
        rules.refuses(
                Operation.CREATE_RULES,
                Map.of("instance", id, "dryRun", "perhaps"),
                rule("81"),
                422,
                "dryRun not_allowed");
    }
}
