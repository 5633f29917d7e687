package io.skerry.rules;

import static io.skerry.rules.RuleServiceFixture.group;
import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Limits of waiting, met while a transaction of the test's own holds what others wait for: what
/// waits within them is answered once it lets go, what is beyond is refused and counted.
final class WaitingLimitsTest {
    /// Of all tables, one that only requests read.
    private static final String GROUPS = "LOCK TABLE origin_group IN ACCESS EXCLUSIVE MODE";

    private static final RuleRequest CHANGE =
            RuleRequest.of(Operation.DELETE_INSTANCE, Map.of("instance", "sid-000000000000"), null);
    private static final RuleRequest READ =
            RuleRequest.of(Operation.LIST_ORIGIN_GROUPS, Map.of(), null);

    private final PostgresAddress database = TestPostgres.shared().newDatabase();
    private RuleServiceFixture rules;

    @BeforeEach
    void start() {
        rules = new RuleServiceFixture(database, Map.of());
    }

    @AfterEach
    void stop() {
        rules.close();
    }

    private List<Future<RuleReply>> send(RuleRequest request, int times) {
        List<Future<RuleReply>> sent = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            sent.add(rules.bus.send(request));
        }
        return sent;
    }

    private static List<RuleReply> answers(List<Future<RuleReply>> sent) {
        return Future.all(sent)
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(60, TimeUnit.SECONDS)
                .join()
                .list();
    }

    private static String message(RuleReply reply) {
        assertThat(reply).as(reply.print().encode()).isInstanceOf(RuleReply.Refused.class);
        return ((RuleReply.Refused) reply).problem().lead().message();
    }

    /// Sends while a lock is held for a moment only, until all are answered as they should be and
    /// nothing is counted: a slow machine may need more than one go.
    private void passes(String lock, Supplier<RuleRequest> request, int times, Limit limit) {
        RuleServiceFixture.await(
                () -> {
                    double before = rules.hits(limit);
                    List<Future<RuleReply>> sent;
                    try (HeldLock _ = new HeldLock(database, lock)) {
                        sent =
                                IntStream.range(0, times)
                                        .mapToObj(i -> rules.bus.send(request.get()))
                                        .toList();
                    }
                    return rules.hits(limit) == before
                            && answers(sent).stream().noneMatch(WaitingLimitsTest::isUnavailable);
                },
                () -> limit + ": " + rules.hits(limit));
    }

    /// Sends more than may wait, until somebody is turned away and counted.
    private List<RuleReply> overcrowd(RuleRequest request, int times, Limit limit) {
        List<Future<RuleReply>> sent = new ArrayList<>();
        RuleServiceFixture.await(
                () -> {
                    sent.addAll(send(request, times));
                    // Comes after them.
                    rules.bus.ask(Operation.LIST_NODES, Map.of(), null);
                    return rules.hits(limit) > 0;
                },
                () -> "nobody was turned away by " + limit);
        return answers(sent);
    }

    private static boolean isUnavailable(RuleReply reply) {
        return reply instanceof RuleReply.Refused(Problem problem)
                && problem.code() == Code.UNAVAILABLE;
    }

    @Test
    void aThousandChangesWaitForTheirTurn() {
        try (HeldLock _ = new HeldLock(database, HeldLock.REVISION)) {
            answers(send(CHANGE, 1 + 1_000));
            assertThat(rules.hits(Limit.WRITES_WAITING)).isZero();
            assertThat(overcrowd(CHANGE, 1 + 1_001, Limit.WRITES_WAITING))
                    .anyMatch(reply -> message(reply).startsWith("too many changes wait"));
        }
    }

    @Test
    void aChangeWaitsForItsTurnForThreeSeconds() {
        passes(HeldLock.REVISION, () -> CHANGE, 3, Limit.WRITE_TURN_SECONDS);
        double before = rules.hits(Limit.WRITE_TURN_SECONDS);
        // The database lets each of them wait for 2 s: the last one does not get its turn.
        try (HeldLock _ = new HeldLock(database, HeldLock.REVISION)) {
            assertThat(message(answers(send(CHANGE, 4)).getLast()))
                    .startsWith("other changes take too long");
            assertThat(rules.hits(Limit.WRITE_TURN_SECONDS)).isGreaterThan(before);
        }
    }

    @Test
    void twoThousandRequestsWaitForAConnection() {
        int most = Database.CONNECTIONS_MAX + Database.WAITING_MAX;
        try (HeldLock held = new HeldLock(database, GROUPS)) {
            // A few less: the service has work of its own.
            List<Future<RuleReply>> sent = send(READ, most - 10);
            held.letGo();
            answers(sent);
            assertThat(rules.hits(Limit.DATABASE_WAITING)).isZero();
        }
        try (HeldLock _ = new HeldLock(database, GROUPS)) {
            assertThat(overcrowd(READ, most + 1, Limit.DATABASE_WAITING))
                    .anyMatch(WaitingLimitsTest::isUnavailable);
        }
        RuleServiceFixture.await(
                () -> rules.bus.ask(READ) instanceof RuleReply.Done, () -> "answers again");
    }

    @Test
    void aRequestWaitsForAConnectionForSoLong() {
        int more = Database.CONNECTIONS_MAX + 1;
        passes(GROUPS, () -> READ, more, Limit.DATABASE_WAIT_SECONDS);
        double before = rules.hits(Limit.DATABASE_WAIT_SECONDS);
        try (HeldLock _ = new HeldLock(database, GROUPS)) {
            assertThat(answers(send(READ, more)).getLast())
                    .matches(WaitingLimitsTest::isUnavailable);
            assertThat(rules.hits(Limit.DATABASE_WAIT_SECONDS)).isGreaterThan(before);
        }
    }

    @Test
    void aReadThatTheDatabaseDoesNotAnswerInTimeIsCounted() {
        passes(GROUPS, () -> READ, 1, Limit.READ_SECONDS);
        double before = rules.hits(Limit.READ_SECONDS);
        try (HeldLock _ = new HeldLock(database, GROUPS)) {
            assertThat(rules.bus.ask(READ)).matches(WaitingLimitsTest::isUnavailable);
            assertThat(rules.hits(Limit.READ_SECONDS)).isGreaterThan(before);
        }
    }

    @Test
    void aWriteThatTheDatabaseDoesNotAnswerInTimeIsCounted() {
        // New groups wait for a lock for as long as it takes, and not for the 2 s that others do.
        TestPostgres.shared()
                .execute(
                        database.database(),
                        "CREATE FUNCTION wait() RETURNS trigger SET lock_timeout = 0 AS 'BEGIN"
                                + " PERFORM pg_advisory_xact_lock(7); RETURN NEW; END' LANGUAGE"
                                + " plpgsql; CREATE TRIGGER wait BEFORE INSERT ON origin_group FOR"
                                + " EACH ROW EXECUTE FUNCTION wait()");
        String lock = "SELECT pg_advisory_xact_lock(7)";
        AtomicInteger number = new AtomicInteger();
        passes(lock, () -> create("in-time-" + number.incrementAndGet()), 1, Limit.WRITE_SECONDS);
        double before = rules.hits(Limit.WRITE_SECONDS);
        try (HeldLock _ = new HeldLock(database, lock)) {
            assertThat(rules.bus.ask(create("late"))).matches(WaitingLimitsTest::isUnavailable);
            assertThat(rules.hits(Limit.WRITE_SECONDS)).isGreaterThan(before);
        }
        assertThat(rules.ok(Operation.LIST_ORIGIN_GROUPS, Map.of(), null).encode())
                .contains("in-time")
                .doesNotContain("late");
    }

    private static RuleRequest create(String name) {
        return RuleRequest.of(Operation.CREATE_ORIGIN_GROUP, Map.of(), group(name, "10.0.0.5"));
    }
}
