package io.skerry.edge.follow;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.Eventually;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.instance.NodeArea;
import io.skerry.shared.process.LocalBus;
import io.skerry.shared.rule.Rule;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A node whose process dies again and again. A death leaves nothing but the folder: each life here
/// begins with a copy of the folder as it was at that moment.
class CrashLoopTest {
    private static final String A = Contents.A;
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final InstanceContent ONE = Contents.of(A, 1, 80);
    private static final InstanceContent TWO = after(ONE, 2, 80, 81);

    @TempDir Path temp;
    private final Vertx vertx = Vertx.vertx();
    private final LocalBus bus = new LocalBus(vertx);
    private FakeRuleService service;
    private FakeApplier applier = new FakeApplier();
    private @Nullable Follower follower;
    private final Promise<Void> hanging = Promise.promise();
    private int lives;

    /// A content whose rules are those of an earlier one where the ports are the same.
    private static InstanceContent after(InstanceContent before, long revision, int... ports) {
        InstanceContent next = Contents.of(A, revision, ports);
        TreeMap<String, Rule> rules = new TreeMap<>(next.rules());
        rules.replaceAll((id, rule) -> before.rules().getOrDefault(id, rule));
        return new InstanceContent(A, revision, false, 0, rules, new TreeMap<>());
    }

    @BeforeEach
    void start() throws Exception {
        service = new FakeRuleService(vertx);
    }

    @AfterEach
    void stop() {
        end();
        service.close();
        await(vertx.close());
    }

    private static <T> T await(Future<T> future) {
        return future.toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    private Path folder() {
        return temp.resolve("life-" + lives);
    }

    /// Begins a life on what the last one left.
    private void live(Duration window) {
        live(window, new FakeApplier());
    }

    private void live(Duration window, FakeApplier next) {
        applier = next;
        FollowSettings settings =
                new FollowSettings(
                        List.of(service.uri()),
                        "",
                        folder(),
                        Duration.ofMillis(100),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(5),
                        1024 * 1024,
                        window);
        Promise<Follower> started = Promise.promise();
        vertx.getOrCreateContext()
                .runOnContext(v ->
                        Follower.start(
                                        vertx,
                                        bus,
                                        settings,
                                        applier,
                                        CrashLoopTest::report,
                                        nanos -> {},
                                        Future::succeededFuture)
                                .onComplete(started));
        follower = await(started.future());
    }

    /// The folder as it is now is what the next life finds.
    private void die() {
        Path from = folder();
        lives++;
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                try {
                    Files.copy(file, folder().resolve(from.relativize(file).toString()));
                } catch (NoSuchFileException renamed) {
                    // A write was under way, as it may be when a process dies.
                    assertThat(file.toString()).endsWith(".next");
                }
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        hanging.tryComplete();
        end();
        service.reports.clear();
    }

    /// Stops in order; the next life finds what that left.
    private void end() {
        if (follower != null) {
            await(follower.stop());
            follower = null;
        }
    }

    private static NodeReport report(Map<String, NodeReport.Applied> instances) {
        return new NodeReport(
                "edge-1",
                "boot",
                NodeArea.OVERSEAS,
                NodeReport.State.UP,
                List.of(),
                List.of(),
                List.of(),
                Map.of(),
                0,
                0,
                instances);
    }

    private void runs(long revision) {
        Eventually.holds("runs " + revision, () -> applier.revision(A) == revision);
    }

    private NodeReport.Applied reported(long revision) {
        Eventually.holds(
                "reports " + revision,
                () ->
                        !service.reports.isEmpty()
                                && service.lastReport().instances().containsKey(A)
                                && service.applied(A).revision() == revision);
        return service.applied(A);
    }

    /// Lives once with a content until it is trusted.
    private void trust(InstanceContent content) {
        service.put(content);
        live(SHORT);
        runs(content.revision());
        Eventually.holds("trusted", () -> isEmpty("trials") && isEmpty("proven"));
        die();
    }

    private boolean isEmpty(String name) {
        try (Stream<Path> files = Files.list(folder().resolve(name))) {
            return files.findAny().isEmpty();
        } catch (IOException none) {
            return false;
        }
    }

    /// Lives with revision two on trial, and dies.
    private void dieOfTwo() {
        live(LONG);
        runs(2);
        reported(2);
        die();
    }

    private String heldBack() {
        return Objects.requireNonNull(follower).heldBack();
    }

    @Test
    void aRevisionThatEndedTheNodeTwiceIsNotAppliedAThirdTime() {
        trust(ONE);
        service.put(TWO);
        dieOfTwo();
        dieOfTwo();
        live(LONG);
        NodeReport.Applied said = reported(2);
        assertThat(applier.applied).hasSize(1);
        runs(1);
        assertThat(said.digest()).isEqualTo(TWO.digest());
        assertThat(said.refused()).containsOnlyKeys(Contents.ruleId(81));
        assertThat(said.refused().get(Contents.ruleId(81))).startsWith("crash_loop: revision 2 ");
        assertThat(heldBack()).startsWith(A + ": revision 2 ended this node 2 times");
    }

    @Test
    void whatIsHeldBackStaysSoThroughHintsAndFurtherLivesUntilTheNextRevision() {
        trust(ONE);
        service.put(TWO);
        dieOfTwo();
        dieOfTwo();
        live(LONG);
        reported(2);
        bus.publish(BusAddress.CHANGED, ContentChange.between(Optional.of(ONE), TWO).print());
        die();
        live(LONG);
        reported(2);
        runs(1);
        assertThat(applier.applied).hasSize(1);
        InstanceContent three = after(ONE, 3, 80, 82);
        service.put(three);
        runs(3);
        assertThat(reported(3).refused()).isEmpty();
        Eventually.holds("nothing is held back", () -> heldBack().isEmpty());
    }

    @Test
    void aRuleThatTheHeldBackRevisionRemovesIsReportedAsStillOpen() {
        trust(TWO);
        service.put(after(TWO, 3, 81, 82));
        for (int death = 0; death < Trial.CRASHES_MAX; death++) {
            live(LONG);
            runs(3);
            die();
        }
        live(LONG);
        assertThat(reported(3).draining()).containsExactly(Contents.ruleId(80));
        runs(2);
    }

    @Test
    void aNodeThatDiesWhileItAppliesDoesSoTwiceAndNoMore() {
        trust(ONE);
        service.put(TWO);
        for (int death = 0; death < Trial.CRASHES_MAX; death++) {
            FakeApplier dying =
                    new FakeApplier() {
                        @Override
                        public Future<Void> apply(SortedMap<String, InstanceContent> contents) {
                            Future<Void> applied = super.apply(contents);
                            return revision(A) == 2 ? hanging.future() : applied;
                        }
                    };
            live(LONG, dying);
            runs(2);
            die();
        }
        live(LONG);
        reported(2);
        runs(1);
        assertThat(applier.applied).hasSize(1);
    }

    @Test
    void aFirstContentThatEndsTheNodeIsLeftOut() {
        service.put(TWO);
        dieOfTwo();
        dieOfTwo();
        live(LONG);
        assertThat(reported(2).refused())
                .containsOnlyKeys(Contents.ruleId(80), Contents.ruleId(81));
        assertThat(applier.applied).isEmpty();
    }

    @Test
    void ordersToStopAreNoDeaths() {
        trust(ONE);
        service.put(TWO);
        for (int life = 0; life < 2 * Trial.CRASHES_MAX; life++) {
            live(LONG);
            runs(2);
            end();
        }
        live(LONG);
        runs(2);
        assertThat(heldBack()).isEmpty();
    }

    @Test
    void deathsAfterTheWindowAreNobodysFault() {
        trust(ONE);
        for (int life = 0; life < 2 * Trial.CRASHES_MAX; life++) {
            trust(TWO);
        }
        live(LONG);
        runs(2);
    }

    @Test
    void withAWindowOfZeroNothingIsHeldBack() {
        service.put(TWO);
        for (int life = 0; life < 2 * Trial.CRASHES_MAX; life++) {
            live(Duration.ZERO);
            runs(2);
            die();
        }
        live(Duration.ZERO);
        runs(2);
    }

    @Test
    void inAStreamOfChangesTheNewestContentThatHeldIsTheOneToGoBackTo() {
        trust(ONE);
        live(Duration.ofMillis(400));
        int port = 100;
        long last = 10;
        for (; !provenIs(10); last++) {
            service.put(Contents.of(A, last, 80, port++));
            runs(last);
            assertThat(port).as("proven at last").isLessThan(10_000);
        }
        die();
        assertThat(applier.revision(A)).isGreaterThanOrEqualTo(10);
    }

    /// Whether a content of at least this revision is what a crash would lead back to.
    private boolean provenIs(long revision) {
        try {
            Path file = folder().resolve("proven/" + A + ".json");
            return Files.exists(file)
                    && new JsonObject(Files.readString(file))
                                    .getJsonObject("content")
                                    .getLong("revision")
                            >= revision;
        } catch (IOException changing) {
            return false;
        }
    }
}
