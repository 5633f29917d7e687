package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.rule;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Two rule services on one database.
final class ReplicasTest {
    private static final int ROUNDS = 20;

    private PostgresAddress database;
    private RuleServiceFixture one;
    private RuleServiceFixture two;

    @BeforeEach
    void start() {
        database = TestPostgres.shared().newDatabase();
        one = new RuleServiceFixture(database, Map.of());
        two = new RuleServiceFixture(database, Map.of());
    }

    @AfterEach
    void stop() {
        one.close();
        two.close();
    }

    private static <T> List<T> all(List<Future<T>> futures) throws Exception {
        return Future.all(futures)
                .map(done -> done.<T>list())
                .toCompletionStage()
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
    }

    private static Future<RuleReply> create(
            RuleServiceFixture at, String instance, JsonObject rule) {
        return at.bus.send(
                RuleRequest.of(Operation.CREATE_RULES, Map.of("instance", instance), rule));
    }

    @Test
    void onlyOneOfTwoReplicasGetsAPort() throws Exception {
        String a = one.newInstance("a");
        String b = two.newInstance("b");
        for (int round = 0; round < ROUNDS; round++) {
            String port = Integer.toString(1000 + round);
            List<RuleReply> replies =
                    all(List.of(create(one, a, rule(port)), create(two, b, rule(port))));
            List<Code> refusals = new ArrayList<>();
            for (RuleReply reply : replies) {
                if (reply instanceof RuleReply.Refused refused) {
                    refusals.addAll(RuleServiceFixture.codes(refused.problem()));
                }
            }
            assertThat(refusals).as("round %s", round).containsExactly(Code.PORT_TAKEN);
        }
    }

    @Test
    void revisionsHaveNoGapsUnderParallelWriters() throws Exception {
        String a = one.newInstance("a");
        String b = two.newInstance("b");
        List<Future<RuleReply>> writes = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            boolean first = i % 2 == 0;
            // Every fifth is refused, which must not use up a number.
            String port = Integer.toString(i % 5 == 0 ? 2000 : 2000 + i);
            writes.add(create(first ? one : two, i % 3 == 0 ? a : b, rule(port)));
        }
        List<RuleReply> replies = all(writes);
        long stored = replies.stream().filter(r -> r instanceof RuleReply.Done).count();
        assertThat(stored).isBetween(40L, 60L);
        assertThat(number("SELECT count(*) FROM revision")).isEqualTo(stored + 2);
        assertThat(number("SELECT max(number) FROM revision")).isEqualTo(stored + 2);
        assertThat(number("SELECT revision FROM head")).isEqualTo(stored + 2);
        assertThat(one.node("n").sync().instances()).isEqualTo(two.node("n").sync().instances());
    }

    private long number(String sql) throws Exception {
        try (Connection connection = TestPostgres.shared().connect(database.database());
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    @Test
    void aNodeMayReportToOneAndPullFromTheOther() {
        String id = one.newInstance("moving");
        String rule = one.newRule(id, "80").getString("id");
        one.node("edge").follow();
        two.node("edge").follow();
        two.awaitStatus(id, rule, "online");
        long revision = two.newRule(id, "81").getLong("revision");
        assertThat(one.node("edge").target(id).revision()).isEqualTo(revision);
        one.newRule(id, "82");
        assertThat(two.instance(id).getInteger("ruleCount")).isEqualTo(3);
    }

    @Test
    void connectionsThatBreakLeaveNothingHalfDone() throws Exception {
        String id = one.newInstance("broken");
        List<Future<RuleReply>> writes = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            writes.add(
                    create(
                            i % 2 == 0 ? one : two,
                            id,
                            rule(Integer.toString(3000 + i), "4" + (100 + i))));
        }
        for (int i = 0; i < 10; i++) {
            TestPostgres.shared()
                    .execute(
                            "postgres",
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                    + " WHERE datname = '"
                                    + database.database()
                                    + "'");
        }
        long done = 0;
        long unknown = 0;
        for (RuleReply reply : all(writes)) {
            switch (reply) {
                case RuleReply.Done ok -> done++;
                case RuleReply.Refused(var problem) -> {
                    assertThat(problem.code())
                            .as(problem.toString())
                            .isIn(Code.UNAVAILABLE, Code.OUTCOME_UNKNOWN);
                    unknown += problem.code() == Code.OUTCOME_UNKNOWN ? 1 : 0;
                }
            }
        }
        long stored = number("SELECT count(*) FROM rule");
        assertThat(stored).isBetween(done, done + unknown);
        assertThat(number("SELECT count(*) FROM forwarding_port")).isEqualTo(2 * stored);
        assertThat(number("SELECT count(*) FROM revision")).isEqualTo(stored + 1);
        assertThat(number("SELECT revision FROM head")).isEqualTo(stored + 1);
        assertThat(number("SELECT count(*) FROM change")).isEqualTo(stored + 1);
        RuleServiceFixture.await(
                () ->
                        create(one, id, rule("5000"))
                                        .toCompletionStage()
                                        .toCompletableFuture()
                                        .join()
                                instanceof RuleReply.Done,
                () -> "writes again");
    }
}
