package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Processes killed at random moments of a stream of changes.
///
/// Invariants: what was acknowledged is served by every node in the end, and by the node that lives
/// all the time within {@link ChaosWriter#SERVED_WITHIN}, which is never shown as `ack` before it
/// serves; a session that no change concerns is never cut; everything is well again by itself.
/// `-Dskerry.soak.minutes` makes it long, `-Dskerry.chaos.seed` repeats the choice of what happens,
/// though not its moments.
@ExtendWith(SharedCluster.class)
final class ChaosIT {
    private static final int FAULTS = 5;
    private static final int WRITES_BETWEEN = 12;

    /// A strike falls among the writes that begin with it.
    private static final int STRIKE_WITHIN_MILLIS = 500;

    private static final long MINUTES = Long.getLong("skerry.soak.minutes", 0);

    private static final int SPARED = 1;

    private enum Fault {
        KILL_EDGE_2,
        KILL_EDGE_3,
        KILL_RULES_1,
        KILL_RULES_2,
        KILL_BOTH_RULE_SERVICES,
        KILL_GATEWAY,
        KILL_POSTGRES,
        KILL_THE_CONTROL_PLANE
    }

    @Test
    void whateverIsKilledNothingAcknowledgedIsLostAndNoSessionIsCut(Cluster cluster)
            throws IOException {
        long seed = Long.getLong("skerry.chaos.seed", new Random().nextLong());
        System.out.println("chaos with -Dskerry.chaos.seed=" + seed);
        Random random = new Random(seed);
        int faults = 0;
        try (ChaosWriter writer = new ChaosWriter(cluster, SPARED, random);
                EchoSession.Origin echo = new EchoSession.Origin("127.0.0.1")) {
            int port = Cluster.port();
            String instance = cluster.door().instance("chaos-session-" + Math.abs(seed % 1_000));
            cluster.awaitOnline(
                    instance, cluster.door().rule(instance, Door.tcp(port, echo.port())));
            try (EchoSession session = new EchoSession(cluster.address(SPARED), port)) {
                long end = System.nanoTime() + Duration.ofMinutes(MINUTES).toNanos();
                for (int i = 0; MINUTES > 0 ? System.nanoTime() < end : i < FAULTS; i++) {
                    Fault fault =
                            i == 0 ? Fault.KILL_THE_CONTROL_PLANE : any(random, Fault.values());
                    System.out.println("chaos: " + fault);
                    long began = System.nanoTime();
                    CompletableFuture<Void> struck =
                            CompletableFuture.runAsync(
                                    () -> strike(cluster, fault),
                                    CompletableFuture.delayedExecutor(
                                            random.nextInt(STRIKE_WITHIN_MILLIS),
                                            TimeUnit.MILLISECONDS));
                    writer.write(1 + random.nextInt(WRITES_BETWEEN));
                    struck.join();
                    faults++;
                    session.beat();
                    awaitAll(cluster, began);
                }
                writer.everyNodeServesWhatWasAcknowledged();
                session.beat();
            }
            System.out.println("chaos: " + faults + " faults, " + writer);
        }
    }

    private static <T> T any(Random random, T[] of) {
        return of[random.nextInt(of.length)];
    }

    /// Kills something and starts it again at once.
    private static void strike(Cluster cluster, Fault fault) {
        switch (fault) {
            case KILL_EDGE_2 -> restart(cluster.edge(2));
            case KILL_EDGE_3 -> restart(cluster.edge(3));
            case KILL_RULES_1 -> restart(cluster.rules().get(0));
            case KILL_RULES_2 -> restart(cluster.rules().get(1));
            case KILL_BOTH_RULE_SERVICES -> cluster.rules().forEach(ChaosIT::restart);
            case KILL_GATEWAY -> restart(cluster.gateway());
            case KILL_POSTGRES -> cluster.killPostgres();
            case KILL_THE_CONTROL_PLANE -> {
                cluster.rules().forEach(ServiceProcess::kill);
                cluster.gateway().kill();
                cluster.killPostgres();
                cluster.rules().forEach(ServiceProcess::start);
                cluster.gateway().start();
            }
        }
        assertThat(cluster.edge(SPARED).isAlive()).isTrue();
    }

    private static void restart(ServiceProcess process) {
        process.kill();
        process.start();
    }

    private static void awaitAll(Cluster cluster, long since) {
        cluster.awaitWell();
        cluster.awaitTargets();
        System.out.println(
                "chaos: all is well after " + Duration.ofNanos(System.nanoTime() - since));
    }
}
