package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.postgres.SteppedPostgres;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Wall clocks of running processes that are set an hour forward and an hour back in a stream of
/// changes.
final class ClockIT {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final long MINUTES = Long.getLong("skerry.soak.minutes", 0);
    private static final int SPARED = 1;
    private static final int WRITES_BETWEEN = 12;
    private static final int STEP_WITHIN_MILLIS = 500;
    private static final Duration SWEPT = Duration.ofMillis(1_500);
    private static final String POSTGRES = "postgres";

    /// Each of these at once: machines have a clock, and some have several processes.
    private static final List<List<String>> MACHINES =
            List.of(
                    List.of(POSTGRES),
                    List.of("rules-1"),
                    List.of("rules-2", "gateway"),
                    List.of("edge-1"),
                    List.of("edge-2", "edge-3"),
                    List.of(
                            POSTGRES, "rules-1", "rules-2", "gateway", "edge-1", "edge-2",
                            "edge-3"));

    private static Clocks clocks;
    private static Cluster cluster;
    private static SteppedPostgres postgres;

    @BeforeAll
    static void start() throws Exception {
        clocks = Clocks.make();
        cluster = Cluster.start(clocks);
        int port = cluster.postgres().address().port();
        cluster.stopPostgres();
        postgres =
                SteppedPostgres.start(
                        cluster.folder().resolve("pg"), port, clocks.environment(POSTGRES));
        cluster.awaitWell();
    }

    @AfterAll
    static void stop() {
        if (postgres != null) {
            postgres.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    /// One step: which machine, and how far.
    private record Step(List<String> processes, Duration by) {
        void take() {
            processes.forEach(process -> clocks.step(process, by));
        }
    }

    /// Every machine forward and back once, in any order.
    private static List<Step> steps(Random random) {
        List<Step> steps = new ArrayList<>();
        MACHINES.forEach(machine ->
                Stream.of(HOUR, HOUR.negated())
                        .map(by -> new Step(machine, by))
                        .forEach(steps::add));
        Collections.shuffle(steps, random);
        return steps;
    }

    /// Nor is a node called down by a step: only by its silence.
    @Test
    void whicheverClockIsSetNothingAcknowledgedIsLostAndNoSessionIsCut() throws IOException {
        long seed = Long.getLong("skerry.chaos.seed", new Random().nextLong());
        System.out.println("clock with -Dskerry.chaos.seed=" + seed);
        Random random = new Random(seed);
        int steps = 0;
        Duration slowest = Duration.ZERO;
        long calledDown = calledDown();
        try (ChaosWriter writer = new ChaosWriter(cluster, SPARED, random);
                EchoSession.Origin echo = new EchoSession.Origin("127.0.0.1")) {
            int port = Cluster.port();
            String instance = cluster.door().instance("clock-session");
            String rule = cluster.door().rule(instance, Door.tcp(port, echo.port()));
            cluster.awaitOnline(instance, rule);
            try (EchoSession session = new EchoSession(cluster.address(SPARED), port)) {
                long end = System.nanoTime() + Duration.ofMinutes(MINUTES).toNanos();
                do {
                    for (Step step : steps(random)) {
                        System.out.println("clock: " + step);
                        takeAmongWrites(step, writer, random);
                        steps++;
                        session.beat();
                        Duration took = cluster.awaitTargets();
                        slowest = took.compareTo(slowest) > 0 ? took : slowest;
                        assertThat(cluster.door().rule(instance, rule).getString("status"))
                                .isEqualTo("online");
                    }
                } while (System.nanoTime() < end);
                writer.everyNodeServesWhatWasAcknowledged();
                cluster.awaitBus(Cluster.CONVERGE);
                session.beat();
            }
            assertThat(calledDown()).isEqualTo(calledDown);
            System.out.printf(
                    "clock: %d steps of an hour, %s; at the targets at most %d ms later%n",
                    steps, writer, slowest.toMillis());
        }
    }

    private static void takeAmongWrites(Step step, ChaosWriter writer, Random random) {
        CompletableFuture<Void> taken =
                CompletableFuture.runAsync(
                        step::take,
                        CompletableFuture.delayedExecutor(
                                random.nextInt(STEP_WITHIN_MILLIS), TimeUnit.MILLISECONDS));
        writer.write(1 + random.nextInt(WRITES_BETWEEN));
        taken.join();
        // Each rule service looks for silent nodes once a second.
        writer.writeUntil(System.nanoTime() + SWEPT.toNanos());
    }

    private static long calledDown() {
        return cluster.rules().stream()
                .mapToLong(rules -> rules.count("is down: not heard of"))
                .sum();
    }

    /// The database's clock says how long a node has been silent: set back, it would have to come
    /// to where it was before it noticed.
    @Test
    void aNodeThatDiesWhenTheDatabasesClockIsSetBackIsDownAllTheSame() throws SQLException {
        clocks.step(POSTGRES, HOUR);
        Waiting.until(
                "the database lives in the future",
                Cluster.CONVERGE,
                () -> cluster.nodesHeardWithin(6) == 3,
                () -> cluster.door().nodes());
        cluster.edge(3).kill();
        clocks.step(POSTGRES, HOUR.negated());
        Waiting.until(
                "the dead node is down and the living are up",
                Cluster.CONVERGE,
                () ->
                        cluster.door()
                                .nodes()
                                .equals(List.of("edge-1 up", "edge-2 up", "edge-3 down")),
                () -> cluster.door().nodes());
        cluster.edge(3).start();
        cluster.awaitWell();
    }
}
