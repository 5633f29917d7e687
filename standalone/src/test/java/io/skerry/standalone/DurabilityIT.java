package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Answer;
import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.IdOrigins;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Skerry;
import io.skerry.standalone.fixture.Workspace;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What survives when processes die without warning.
final class DurabilityIT {
    private static final int WRITES = 1_000;
    private static final int FIRST_PORT = 16_000;
    private static final Set<Integer> DEATHS = Set.of(300, 700);
    private static final Duration WRITABLE_AGAIN = Duration.ofSeconds(60);

    @Test
    void noAcknowledgedWriteIsLostWhenPostgresIsKilled() throws Exception {
        try (Workspace work = new Workspace()) {
            Skerry skerry = work.keep(Skerry.in(work.path("data"), "--listen", "127.0.0.10"));
            Api api = skerry.start().api();
            String instance = api.createInstance("writes");
            Set<String> acknowledged = new TreeSet<>();
            long lastAnswer = System.nanoTime();
            boolean dying = false;
            for (int i = 0; acknowledged.size() < WRITES; ) {
                if (!dying && DEATHS.contains(acknowledged.size())) {
                    killPostgres(skerry);
                    dying = true;
                }
                String tag = "write " + i;
                int status = write(api, instance, FIRST_PORT + i, tag);
                if (status == 201) {
                    acknowledged.add(tag);
                    lastAnswer = System.nanoTime();
                    dying = false;
                } else if (System.nanoTime() - lastAnswer > WRITABLE_AGAIN.toNanos()) {
                    throw new AssertionError("no write succeeds any more: " + skerry.log());
                }
                // A conflict is a write of ours whose answer was lost; anything else is tried
                // again.
                i += status == 201 || status == 409 ? 1 : 0;
            }

            assertThat(tags(api, instance)).containsAll(acknowledged);
            skerry.killAll();
            skerry.start();
            assertThat(tags(skerry.api(), instance)).containsAll(acknowledged);
        }
    }

    @Test
    void everythingIsThereAndServesAgainAfterTheJvmIsKilled() throws Exception {
        int port = Ports.free();
        try (Workspace work = new Workspace();
                IdOrigins origins = new IdOrigins(Ports.free(), List.of("127.0.6.3"))) {
            Skerry skerry = work.keep(Skerry.in(work.path("data"), "--listen", "127.0.0.10"));
            Api api = skerry.start().api();
            String instance = api.createInstance("survivor");
            String rule = api.serve(instance, Rules.tcp(port, "127.0.6.3", origins.port()));
            assertThat(IdOrigins.ask("127.0.0.9", "127.0.0.10", port)).isZero();

            skerry.kill();
            assertThat(Ports.accepts("127.0.0.10", port)).isFalse();
            skerry.start();

            JsonObject found = skerry.api().awaitStatus(instance, rule, "online");
            assertThat(found.getJsonArray("ports").getString(0)).isEqualTo("" + port);
            assertThat(IdOrigins.ask("127.0.0.9", "127.0.0.10", port)).isZero();
            skerry.stop();
        }
    }

    @Test
    void aSecondStartOnTheSameFolderNamesTheFirstAndLeavesItAlone() throws Exception {
        try (Workspace work = new Workspace()) {
            Skerry first = work.keep(Skerry.in(work.path("data"), "--listen", "127.0.0.10"));
            Api api = first.start().api();
            String instance = api.createInstance("first");

            Skerry second = work.keep(Skerry.in(work.path("data"), "--listen", "127.0.0.11"));
            second.launch();

            assertThat(second.awaitExit(Duration.ofSeconds(30))).isEqualTo(1);
            assertThat(second.log()).contains(Long.toString(first.pid()));
            assertThat(second.output()).isEmpty();
            assertThat(api.get("/v1/instances/" + instance).status()).isEqualTo(200);
            assertThat(api.createInstance("second")).isNotEmpty();
        }
    }

    private static int write(Api api, String instance, int port, String tag) {
        JsonObject rule = Rules.tcp(port, "127.0.6.3", 9).put("tag", tag);
        Answer answer = api.post("/v1/instances/" + instance + "/rules", rule);
        assertThat(answer.status()).as(answer.shortText()).isIn(201, 409, 503, 504);
        return answer.status();
    }

    private static Set<String> tags(Api api, String instance) {
        return api.rules(instance).stream()
                .map(rule -> rule.getString("tag"))
                .collect(Collectors.toSet());
    }

    /// SIGKILL to the server process of the data folder; its children end when they notice.
    private static void killPostgres(Skerry skerry) throws IOException {
        Path file;
        try (Stream<Path> all = Files.walk(skerry.data(), 4)) {
            file =
                    all.filter(path -> path.endsWith("postmaster.pid"))
                            .findFirst()
                            .orElseThrow(() -> new AssertionError("no postmaster.pid"));
        } catch (UncheckedIOException changing) {
            throw changing.getCause();
        }
        long pid = Long.parseLong(Files.readAllLines(file).get(0).strip());
        assertThat(skerry.children()).as("our own server").anyMatch(each -> each.pid() == pid);
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    }
}
