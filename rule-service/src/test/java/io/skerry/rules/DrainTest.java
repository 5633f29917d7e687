package io.skerry.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.content.NodeReport;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class DrainTest {
    private static final Map<String, String> A = Map.of("node", "a");

    private final PostgresAddress database = TestPostgres.shared().newDatabase();

    private static JsonObject node(RuleServiceFixture rules, int index) {
        return rules.ok(Operation.LIST_NODES, Map.of(), null)
                .getJsonArray("items")
                .getJsonObject(index);
    }

    @Test
    void aNodeThatIsToDrainIsToldSoAndNoLongerRequired() {
        try (RuleServiceFixture rules = new RuleServiceFixture(database, Map.of())) {
            RuleServiceFixture.Node a = rules.node("a");
            RuleServiceFixture.Node b = rules.node("b");
            b.slots = List.of(List.of("192.0.2.2"));
            String id = rules.newInstance("drained");
            String rule = rules.newRule(id, "80").getString("id");
            a.sync();
            b.follow();
            assertThat(rules.rule(id, rule).getString("status")).isEqualTo("progress");
            long before = rules.instance(id).getLong("revision");

            JsonObject told = rules.done(Operation.DRAIN_NODE, A, null).body();

            assertThat(told.getString("state")).isEqualTo("draining");
            assertThat(told.getBoolean("drain")).isTrue();
            assertThat(rules.bus.published(BusAddress.CHANGED))
                    .contains(new JsonObject().put("small", false));
            assertThat(a.sync().drain()).isTrue();
            assertThat(b.sync().drain()).isFalse();
            rules.awaitStatus(id, rule, "online");
            assertThat(rules.instance(id).getJsonArray("addresses")).containsExactly("192.0.2.2");
            assertThat(rules.instance(id).getLong("revision"))
                    .as("contents stay as they are")
                    .isEqualTo(before);
            JsonObject rollout =
                    rules.ok(Operation.GET_ROLLOUT, Map.of("instance", id, "rule", rule), null);
            assertThat(rollout.getJsonArray("nodes").getJsonObject(0).getString("state"))
                    .isEqualTo("draining");
            JsonObject audit =
                    rules.ok(Operation.LIST_REVISIONS, Map.of(), null)
                            .getJsonArray("items")
                            .getJsonObject(0);
            assertThat(audit.getString("summary")).isEqualTo("drained node a");
            rules.ok(Operation.DRAIN_NODE, A, null);
            assertThat(rules.ok(Operation.LIST_REVISIONS, Map.of(), null).getInteger("total"))
                    .as("nothing to do is no revision")
                    .isEqualTo(audit.getInteger("revision"));
        }
    }

    @Test
    void theWishOutlivesTheRuleServiceAndTheNode() {
        try (RuleServiceFixture rules = new RuleServiceFixture(database, Map.of())) {
            rules.node("a").follow();
            rules.ok(Operation.DRAIN_NODE, A, null);
        }
        try (RuleServiceFixture rules = new RuleServiceFixture(database, Map.of())) {
            RuleServiceFixture.Node before = rules.node("a");
            before.state = NodeReport.State.LEAVING;
            before.sync();
            assertThat(node(rules, 0).getString("state")).isEqualTo("down");
            RuleServiceFixture.Node after = rules.new Node("a", "another-boot");
            assertThat(after.sync().drain()).isTrue();
            assertThat(node(rules, 0).getString("state")).isEqualTo("draining");
            assertThat(rules.ok(Operation.UNDRAIN_NODE, A, null).getString("state"))
                    .isEqualTo("up");
            assertThat(after.sync().drain()).isFalse();
        }
    }

    @Test
    void refusesToDrainANodeThatNobodyKnows() {
        try (RuleServiceFixture rules = new RuleServiceFixture(database, Map.of())) {
            rules.refuses(Operation.DRAIN_NODE, A, null, 404, " not_found");
            rules.refuses(Operation.UNDRAIN_NODE, A, null, 404, " not_found");
        }
    }
}
