package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.rule;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class OutageTest {
    private static final double QUICK_SECONDS = 4.9;

    private static Code codeOf(RuleReply reply) {
        return ((RuleReply.Refused) reply).problem().code();
    }

    @Test
    void refusesQuicklyWhileTheDatabaseIsGoneAndWorksWhenItIsBack() {
        TestPostgres server = TestPostgres.own();
        try (RuleServiceFixture rules = new RuleServiceFixture(server.newDatabase(), Map.of())) {
            String id = rules.newInstance("survivor");
            RuleServiceFixture.await(rules.service::isReady, () -> "ready");
            server.kill();
            long start = System.nanoTime();
            assertThat(
                            codeOf(
                                    rules.bus.ask(
                                            Operation.CREATE_RULES,
                                            Map.of("instance", id),
                                            rule("80"))))
                    .isEqualTo(Code.UNAVAILABLE);
            assertThat(codeOf(rules.bus.ask(Operation.GET_INSTANCE, Map.of("instance", id), null)))
                    .isEqualTo(Code.UNAVAILABLE);
            assertThat(codeOf(rules.bus.ask(Operation.PING, Map.of(), null)))
                    .isEqualTo(Code.UNAVAILABLE);
            assertThat((System.nanoTime() - start) / 1e9).isLessThan(QUICK_SECONDS);
            assertThat(rules.node("n").send().statusCode()).isEqualTo(503);
            RuleServiceFixture.await(() -> !rules.service.isReady(), () -> "not ready");
            server.restart();
            RuleServiceFixture.await(
                    () ->
                            rules.bus.ask(
                                            Operation.CREATE_RULES,
                                            Map.of("instance", id),
                                            rule("80"))
                                    instanceof RuleReply.Done,
                    () -> "writes again");
            RuleServiceFixture.await(rules.service::isReady, () -> "ready again");
            assertThat(rules.ok(Operation.PING, Map.of(), null).getString("status"))
                    .isEqualTo("up");
        }
    }

    @Test
    void refusesAChangeWhileAnotherWriterHoldsTheLockTooLong() throws Exception {
        var database = TestPostgres.shared().newDatabase();
        try (RuleServiceFixture rules = new RuleServiceFixture(database, Map.of())) {
            String id = rules.newInstance("locked");
            try (Connection frozen = TestPostgres.shared().connect(database.database());
                    Statement statement = frozen.createStatement()) {
                frozen.setAutoCommit(false);
                statement.execute("SELECT * FROM head FOR UPDATE");
                long start = System.nanoTime();
                RuleReply reply =
                        rules.bus.ask(
                                RuleRequest.of(
                                        Operation.CREATE_RULES,
                                        Map.of("instance", id),
                                        rule("80")));
                assertThat(codeOf(reply)).isEqualTo(Code.UNAVAILABLE);
                assertThat((System.nanoTime() - start) / 1e9).isLessThan(QUICK_SECONDS);
                assertThat(rules.instance(id).getInteger("ruleCount")).as("reads go on").isZero();
                frozen.rollback();
            }
            rules.newRule(id, "80");
        }
    }
}
