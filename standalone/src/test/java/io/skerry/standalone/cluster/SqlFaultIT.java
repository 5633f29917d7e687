package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.cluster.PostgresLink.AtCommit;
import io.vertx.core.json.JsonObject;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What happens between a rule service and its database at the worst moments of a write.
@ExtendWith(SharedCluster.class)
final class SqlFaultIT {
    /// A transaction that says nothing is ended by the server after 5 s.
    private static final Duration LOCK_FREE_WITHIN = Duration.ofSeconds(6);

    /// A write through the gateway: it may be sent to the one that froze first, and is given up
    /// there after 5 s; twice that until the bus has dropped it.
    private static final Duration WRITTEN_WITHIN = Duration.ofSeconds(20);

    private final Cluster cluster;
    private String instance = "";

    SqlFaultIT(Cluster cluster) {
        this.cluster = cluster;
    }

    @BeforeEach
    void makeInstance() {
        instance = cluster.door().instance("sql-" + UUID.randomUUID().toString().substring(0, 8));
    }

    @AfterEach
    void passAgain() {
        for (int number = 1; number <= 2; number++) {
            cluster.link(number).atCommit(AtCommit.PASS);
            cluster.link(number).heal();
        }
        cluster.awaitWell();
    }

    private void arm(AtCommit what) {
        cluster.link(1).atCommit(what);
        cluster.link(2).atCommit(what);
    }

    private void disarm() {
        arm(AtCommit.PASS);
    }

    private Door.Reply create(JsonObject rule, String key) {
        return cluster.door().call("POST", "/v1/instances/" + instance + "/rules", rule, key);
    }

    private List<String> ports() {
        return cluster
                .door()
                .call("GET", "/v1/instances/" + instance + "/rules?limit=1000")
                .expect(200)
                .json()
                .getJsonArray("items")
                .stream()
                .map(JsonObject.class::cast)
                .map(rule -> rule.getJsonArray("ports").getString(0))
                .sorted()
                .toList();
    }

    /// Whether the commit was done or not, the caller is told the same, asks the same again, and
    /// has one rule in the end.
    @ParameterizedTest
    @EnumSource(names = {"CUT_BEFORE", "CUT_AFTER"})
    void aCommitWithoutAnAnswerIs504AndItsKeyFindsWhatBecameOfIt(AtCommit cut) {
        int port = Cluster.port();
        JsonObject rule = Door.tcp(port, 9);
        String key = UUID.randomUUID().toString();
        arm(cut);
        Door.Reply unknown = create(rule, key);
        disarm();
        assertThat(unknown.status()).as(unknown.text()).isEqualTo(504);
        assertThat(unknown.json().getString("code")).isEqualTo("outcome_unknown");
        boolean stored = cut == AtCommit.CUT_AFTER;
        assertThat(ports()).hasSize(stored ? 1 : 0);

        Door.Reply repeated = create(rule, key).expect(201);
        assertThat(create(rule, key).expect(201).json()).isEqualTo(repeated.json());
        assertThat(ports()).containsExactly(Integer.toString(port));
        // Without the key it is another request, and the port is taken.
        assertThat(create(rule, UUID.randomUUID().toString()).status()).isEqualTo(409);
        cluster.awaitOnline(instance, repeated.json().getString("id"));
    }

    private record Held(ServiceProcess holder, CompletableFuture<Door.Reply> answer) {}

    /// Begins a write and waits until a rule service holds the revision lock with everything done
    /// but the commit.
    private Held hold(JsonObject rule) throws Exception {
        arm(AtCommit.HOLD);
        CompletableFuture<Void> first = cluster.link(1).held();
        CompletableFuture<Void> second = cluster.link(2).held();
        CompletableFuture<Door.Reply> answer =
                CompletableFuture.supplyAsync(
                        () -> create(rule, UUID.randomUUID().toString()),
                        task -> Thread.ofVirtual().start(task));
        CompletableFuture.anyOf(first, second).get(20, TimeUnit.SECONDS);
        disarm();
        return new Held(cluster.rules().get(first.isDone() ? 0 : 1), answer);
    }

    /// Writes until it is stored; answers how long that took.
    private Duration writes(int port) {
        long began = System.nanoTime();
        Waiting.until(
                "others write",
                Cluster.CONVERGE,
                () -> create(Door.tcp(port, 9), UUID.randomUUID().toString()).status() == 201,
                this::ports);
        return Duration.ofNanos(System.nanoTime() - began);
    }

    /// How long somebody else waits for the revision lock.
    private Duration lockIsFree() throws SQLException {
        long began = System.nanoTime();
        cluster.sql("SELECT revision FROM head FOR UPDATE");
        return Duration.ofNanos(System.nanoTime() - began);
    }

    @Test
    void aRuleServiceThatFreezesWithTheLockHoldsOthersForLessThanSixSeconds() throws Exception {
        int lost = Cluster.port();
        int next = Cluster.port();
        Held held = hold(Door.tcp(lost, 9));
        held.holder().signal("STOP");
        try {
            Duration free = lockIsFree();
            System.out.println("a frozen holder kept the revision lock for " + free);
            assertThat(free).isBetween(Duration.ofSeconds(3), LOCK_FREE_WITHIN);
            assertThat(writes(next)).isLessThan(WRITTEN_WITHIN);
            assertThat(ports()).containsExactly(Integer.toString(next));
        } finally {
            held.holder().signal("CONT");
        }
        assertThat(held.answer().get(60, TimeUnit.SECONDS).status()).isEqualTo(504);
        // What it wakes up with is not stored after the event, and the port is free again.
        assertThat(writes(lost)).isLessThan(WRITTEN_WITHIN);
        assertThat(ports())
                .containsExactlyElementsOf(
                        Stream.of(lost, next).map(Object::toString).sorted().toList());
        held.holder().awaitReady();
    }

    @Test
    void aRuleServiceThatDiesWithTheLockLeavesNothingHalfDone() throws Exception {
        int lost = Cluster.port();
        int next = Cluster.port();
        Held held = hold(Door.tcp(lost, 9));
        held.holder().kill();
        Duration free = lockIsFree();
        System.out.println("a dead holder kept the revision lock for " + free);
        assertThat(free).isLessThan(LOCK_FREE_WITHIN);
        assertThat(writes(next)).isLessThan(WRITTEN_WITHIN);
        held.holder().start();
        assertThat(held.answer().get(60, TimeUnit.SECONDS).status()).isIn(503, 504);
        assertThat(ports()).containsExactly(Integer.toString(next));
        held.holder().awaitReady();
        assertThat(writes(lost)).isLessThan(WRITTEN_WITHIN);
    }

    /// A digest that does not hold is a bug of somebody: no node runs what it cannot vouch for,
    /// traffic goes on, and the next revision heals it.
    @Test
    void aDigestThatDoesNotHoldChangesNothingOnAnyNodeUntilTheNextRevision() throws Exception {
        try (WordOrigin origin = new WordOrigin("digest")) {
            int port = Cluster.port();
            String rule = cluster.door().rule(instance, Door.tcp(port, origin.port()));
            cluster.awaitOnline(instance, rule);
            cluster.sql(
                    "UPDATE instance SET digest = repeat('0', 64) WHERE id = '" + instance + "'");
            Waiting.until(
                    "every node refuses what it cannot vouch for",
                    Cluster.CONVERGE,
                    () ->
                            cluster.door()
                                    .rollout(instance, rule)
                                    .equals(List.of("edge-1 nack", "edge-2 nack", "edge-3 nack")),
                    () -> cluster.door().rollout(instance, rule));
            cluster.awaitWord("digest", port, 1, 2, 3);
            cluster.door()
                    .call("PATCH", Door.path(instance, rule), new JsonObject().put("tag", "again"))
                    .expect(200);
            cluster.awaitOnline(instance, rule);
            cluster.awaitWord("digest", port, 1, 2, 3);
        }
    }

    /// The only wall clock that anything depends on is the database's. A step of it is a step of
    /// what it has written down, the other way.
    @ParameterizedTest
    @ValueSource(strings = {"- interval '1 hour'", "+ interval '1 hour'"})
    void aStepOfTheClockPassesWithTheNextReports(String step) throws Exception {
        try (EchoSession.Origin echo = new EchoSession.Origin("127.0.0.1")) {
            int port = Cluster.port();
            String rule = cluster.door().rule(instance, Door.tcp(port, echo.port()));
            cluster.awaitOnline(instance, rule);
            try (EchoSession session = new EchoSession(cluster.address(1), port)) {
                session.beat();
                cluster.sql("UPDATE node SET seen_at = seen_at " + step);
                Waiting.until(
                        "every node was heard since",
                        Cluster.CONVERGE,
                        () -> cluster.nodesHeardWithin(6) == 3,
                        () -> cluster.door().nodes());
                cluster.awaitOnline(instance, rule);
                assertThat(cluster.door().rule(instance, rule).getString("status"))
                        .isEqualTo("online");
                session.beat();
            }
        }
    }

    @Test
    void aRuleServiceWithoutDatabaseLeavesTheWorkToTheOther() {
        cluster.link(1).cut();
        int before = Cluster.port();
        assertThat(writes(before)).isLessThan(Cluster.CONVERGE);
        cluster.link(2).cut();
        Door.Reply refused = create(Door.tcp(Cluster.port(), 9), "with none");
        assertThat(refused.status()).as(refused.text()).isEqualTo(503);
        cluster.link(1).heal();
        cluster.link(2).heal();
        int after = Cluster.port();
        assertThat(writes(after)).isLessThan(Cluster.CONVERGE);
        assertThat(ports()).hasSize(2);
    }
}
