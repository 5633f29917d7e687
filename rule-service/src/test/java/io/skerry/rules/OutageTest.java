package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.rule;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.store.Database;
import io.skerry.rules.store.PostgresAddress;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
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

    @Test
    void aReadThatIsCutOffAtItsEndIsUnavailableAndAWriteIsUnknown() throws Exception {
        PostgresAddress address = TestPostgres.shared().newDatabase();
        Vertx vertx = Vertx.vertx();
        try {
            Database database =
                    Database.open(vertx, address, limit -> {})
                            .toCompletionStage()
                            .toCompletableFuture()
                            .get(60, TimeUnit.SECONDS);
            assertThat(cutOff(vertx, database::read, address)).isEqualTo(Code.UNAVAILABLE);
            assertThat(cutOff(vertx, database::write, address)).isEqualTo(Code.OUTCOME_UNKNOWN);
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void forgettingTakesTheRevisionLockBeforeAllOthersAsWritesDo() throws Exception {
        PostgresAddress address = TestPostgres.shared().newDatabase();
        String name = address.database();
        try (RuleServiceFixture rules = new RuleServiceFixture(address, Map.of())) {
            rules.newRule(rules.newInstance("old"), "80");
        }
        TestPostgres.shared()
                .execute(name, "UPDATE revision SET at = now() - interval '100 days'");
        String put =
                "INSERT INTO idempotency VALUES ('k', 'h', '{}', now() - interval '25 hours')"
                        + " ON CONFLICT (key) DO UPDATE SET at = now()";
        TestPostgres.shared().execute(name, put);
        CompletableFuture<RuleServiceFixture> starting;
        try (Connection writer = TestPostgres.shared().connect(name);
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("SELECT * FROM head FOR UPDATE");
            starting =
                    CompletableFuture.supplyAsync(() -> new RuleServiceFixture(address, Map.of()));
            RuleServiceFixture.await(
                    () ->
                            !TestPostgres.shared()
                                    .text(
                                            name,
                                            "SELECT count(*)::text FROM pg_locks WHERE NOT granted")
                                    .equals("0"),
                    () -> "the new one waits for the lock");
            statement.execute("SET LOCAL lock_timeout = '500ms'");
            statement.execute(put);
            writer.commit();
        }
        starting.get(90, TimeUnit.SECONDS).close();
    }

    private interface Run {
        long run(Function<Transaction, Long> work);
    }

    /// What a caller is told whose connection ends between its last statement and its end.
    private static Code cutOff(Vertx vertx, Run run, PostgresAddress address) throws Exception {
        Promise<Code> told = Promise.promise();
        vertx.deployVerticle(
                        new VerticleBase() {
                            @Override
                            public Future<?> start() {
                                try {
                                    run.run(sql -> {
                                        long pid = sql.number("SELECT pg_backend_pid()::bigint");
                                        TestPostgres.shared()
                                                .execute(
                                                        address.database(),
                                                        "SELECT pg_terminate_backend(" + pid + ")");
                                        return pid;
                                    });
                                } catch (ProblemException refused) {
                                    told.complete(refused.problem().code());
                                }
                                return Future.succeededFuture();
                            }
                        },
                        new DeploymentOptions().setThreadingModel(ThreadingModel.VIRTUAL_THREAD))
                .onFailure(told::tryFail);
        return told.future().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }
}
