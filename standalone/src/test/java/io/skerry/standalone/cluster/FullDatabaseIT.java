package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Tool;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// A PostgreSQL whose disk has no room left.
@ExtendWith(SharedCluster.class)
final class FullDatabaseIT {
    private static final int SIZE_MIB = 400;

    /// Rules of one write, and of all writes at most: their rows and history are some megabytes.
    private static final int BATCH = 100;

    private static final int RULES_MAX = 2_000;
    private static final int PORT_FIRST = 40_000;

    private final Cluster cluster;
    private final Path database;
    private final Path aside;
    private boolean moved;
    private int rules;

    FullDatabaseIT(Cluster cluster) {
        this.cluster = cluster;
        this.database = cluster.folder().resolve("pg");
        this.aside = cluster.folder().resolve("pg-aside");
    }

    @BeforeEach
    void moveToASmallDisk() throws Exception {
        Tool.root("small file systems");
        cluster.stopPostgres();
        Files.move(database, aside);
        Files.createDirectory(database);
        run("mount", "-t", "tmpfs", "-o", "size=" + SIZE_MIB + "m", "tmpfs", "" + database);
        moved = true;
        run("cp", "-a", aside + "/.", "" + database);
        cluster.startPostgres();
        cluster.awaitWell();
    }

    @AfterEach
    void moveBack() throws Exception {
        if (!moved) {
            return;
        }
        cluster.stopPostgres();
        run("rm", "-rf", "" + aside);
        run("cp", "-a", "" + database, "" + aside);
        run("umount", "" + database);
        Files.delete(database);
        Files.move(aside, database);
        cluster.startPostgres();
        cluster.awaitWell();
    }

    /// What does not fit is refused, nothing acknowledged is lost, and traffic does not notice;
    /// with room, writes go on by themselves.
    @Test
    void refusesWritesLosesNothingAndTakesThemAgainWhenThereIsRoom() throws Exception {
        try (EchoSession.Origin echo = new EchoSession.Origin("127.0.0.1")) {
            int port = Cluster.port();
            String steady = cluster.door().instance("full-database-steady");
            cluster.awaitOnline(steady, cluster.door().rule(steady, Door.tcp(port, echo.port())));
            String instance = cluster.door().instance("full-database");
            // Its rules keep their ports and open none.
            cluster.door().call("POST", path(instance, "/disable")).expect(202);
            try (EchoSession session = new EchoSession(cluster.address(1), port)) {
                Path filler = database.resolve("filler");
                fill(filler);
                int acknowledged = writeUntilRefused(instance);
                System.out.println("full disk: refused after " + acknowledged + " rules");
                session.beat();
                Files.delete(filler);
                Waiting.until(
                        "a write is acknowledged again",
                        Cluster.CONVERGE,
                        () -> write(instance).status() == 201,
                        cluster::said);
                assertThat(stored(instance)).isEqualTo(acknowledged + BATCH);
                cluster.awaitWell();
                cluster.awaitTargets();
                session.beat();
            }
        }
    }

    private int writeUntilRefused(String instance) {
        while (rules < RULES_MAX) {
            Door.Reply reply = write(instance);
            if (reply.status() != 201) {
                assertThat(reply.status()).as(reply.text()).isEqualTo(503);
                return rules;
            }
        }
        throw new AssertionError(RULES_MAX + " rules fit on a full disk");
    }

    private Door.Reply write(String instance) {
        JsonArray batch = new JsonArray();
        for (int i = 0; i < BATCH; i++) {
            batch.add(Door.tcp(PORT_FIRST + rules + i, 9).put("tag", "x".repeat(50)));
        }
        Door.Reply reply = cluster.door().call("POST", path(instance, "/rules"), batch);
        rules += reply.status() == 201 ? BATCH : 0;
        return reply;
    }

    private int stored(String instance) {
        JsonObject list =
                cluster.door().call("GET", path(instance, "/rules?limit=1")).expect(200).json();
        return list.getInteger("total");
    }

    private static String path(String instance, String rest) {
        return "/v1/instances/" + instance + rest;
    }

    private static void fill(Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            byte[] block = new byte[4096];
            for (int i = 0; i <= SIZE_MIB * 256; i++) {
                out.write(block);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
            return;
        }
        throw new AssertionError("more than " + SIZE_MIB + " MiB fit");
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor()).as(String.join(" ", List.of(command))).isZero();
    }
}
