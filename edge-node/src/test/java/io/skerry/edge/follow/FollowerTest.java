package io.skerry.edge.follow;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.Eventually;
import io.skerry.edge.follow.FakeRuleService.Raw;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.Targets;
import io.skerry.shared.instance.NodeArea;
import io.skerry.shared.process.LocalBus;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FollowerTest {
    private static final String A = Contents.A;
    private static final String B = Contents.B;

    /// Long enough that nothing in a test happens by the timer alone, where a test says so.
    private static final Duration LONG = Duration.ofMinutes(10);

    private static final Duration SHORT = Duration.ofMillis(100);

    @TempDir Path folder;
    private final Vertx vertx = Vertx.vertx();
    private final LocalBus bus = new LocalBus(vertx);
    private final FakeApplier applier = new FakeApplier();
    private FakeRuleService service;
    private @Nullable Follower follower;

    @BeforeEach
    void start() throws Exception {
        service = new FakeRuleService(vertx);
    }

    @AfterEach
    void stop() {
        if (follower != null) {
            await(follower.stop());
        }
        service.close();
        await(vertx.close());
    }

    private Follower follower() {
        return Objects.requireNonNull(follower, "started");
    }

    private static <T> T await(Future<T> future) {
        return future.toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    private void follow(Duration interval) {
        follow(interval, service.uri());
    }

    private void follow(Duration interval, URI... services) {
        FollowSettings settings =
                new FollowSettings(
                        List.of(services),
                        "secret",
                        folder,
                        interval,
                        interval.equals(LONG) ? Duration.ofSeconds(10) : Duration.ofMillis(500),
                        interval.equals(LONG) ? Duration.ofSeconds(10) : Duration.ofMillis(700),
                        1024 * 1024,
                        Duration.ofSeconds(10));
        Promise<Follower> started = Promise.promise();
        vertx.getOrCreateContext()
                .runOnContext(v ->
                        Follower.start(
                                        vertx,
                                        bus,
                                        settings,
                                        applier,
                                        FollowerTest::report,
                                        nanos -> {},
                                        Future::succeededFuture)
                                .onComplete(started));
        follower = await(started.future());
    }

    private static NodeReport report(Map<String, NodeReport.Applied> instances) {
        return new NodeReport(
                "edge-1",
                "boot",
                NodeArea.OVERSEAS,
                NodeReport.State.UP,
                List.of(List.of("127.0.0.1")),
                List.of(),
                List.of(),
                Map.of(),
                0,
                0,
                instances);
    }

    private void runs(String instance, long revision) {
        Eventually.holds(
                instance + " at " + revision, () -> applier.revision(instance) == revision);
    }

    private long reported(String instance) {
        if (service.reports.isEmpty()) {
            return -1;
        }
        NodeReport.Applied applied = service.lastReport().instances().get(instance);
        return applied == null ? 0 : applied.revision();
    }

    private void publish(@Nullable InstanceContent before, InstanceContent after) {
        bus.publish(
                BusAddress.CHANGED,
                ContentChange.between(Optional.ofNullable(before), after).print());
    }

    @Test
    void aWatchedContentIsTheSameContent() {
        service.watch(true);
        service.put(Contents.of(A, 1, 80));
        follow(SHORT);
        Eventually.holds("reported", () -> reported(A) == 1);
        Eventually.holds("counts", () -> service.applied(A).counts() != null);
        service.watch(false);
        Eventually.holds("counts no more", () -> service.applied(A).counts() == null);
        assertThat(service.applied(A).refused()).isEmpty();
        assertThat(service.pulled).as("once is enough").hasSize(1);
    }

    @Test
    void pullsItsTargetsAndReportsAtOnceWhatItApplied() {
        service.put(Contents.of(A, 1, 80, 443));
        service.put(Contents.of(B, 2, 90));
        follow(LONG);
        Eventually.holds("reported", () -> reported(A) == 1 && reported(B) == 2);
        assertThat(applier.applied).hasSize(1);
        assertThat(follower().appliedRevision()).isEqualTo(2);
        assertThat(follower().isReady()).isTrue();
        assertThat(service.applied(A).digest()).isEqualTo(Contents.of(A, 1, 80, 443).digest());
        assertThat(service.tokens).containsOnly("Bearer secret");
    }

    @Test
    void isNotReadyBeforeItKnowsAnything() {
        service.syncAnswer(Optional.of(new Raw(503, "")));
        follow(SHORT);
        Eventually.holds("asked", () -> service.reports.size() > 1);
        assertThat(follower().isReady()).isFalse();
        service.syncAnswer(Optional.empty());
        Eventually.holds("ready without an instance", () -> follower().isReady());
    }

    @Test
    void appliesAChangeStraightFromTheBus() {
        InstanceContent one = Contents.of(A, 1, 80);
        service.put(one);
        follow(LONG);
        Eventually.holds("reported", () -> reported(A) == 1);
        int pulls = service.pulled.size();
        InstanceContent two = Contents.of(A, 2, 80, 81);
        service.put(two);
        publish(one, two);
        Eventually.holds("reported", () -> reported(A) == 2);
        assertThat(service.pulled).hasSize(pulls);
    }

    @Test
    void hintsThatAreDoubledOldOrReorderedDoNoHarm() {
        InstanceContent one = Contents.of(A, 1, 80);
        InstanceContent two = Contents.of(A, 2, 80, 81);
        InstanceContent three = Contents.of(A, 3, 81);
        service.put(one);
        follow(LONG);
        Eventually.holds("reported", () -> reported(A) == 1);
        service.put(two);
        service.put(three);
        publish(two, three);
        publish(one, two);
        publish(one, two);
        publish(two, three);
        publish(null, one);
        runs(A, 3);
        Eventually.holds("reported", () -> reported(A) == 3);
        assertThat(Objects.requireNonNull(applier.applied.getLast().get(A)).rules())
                .containsOnlyKeys(Contents.ruleId(81));
    }

    @Test
    void whilePausedItReportsAndChangesNothing() {
        InstanceContent one = Contents.of(A, 1, 80);
        service.put(one);
        follow(SHORT);
        Eventually.holds("reported", () -> reported(A) == 1);
        await(follower().pause());
        int changes = applier.applied.size();
        InstanceContent two = Contents.of(A, 2, 80, 81);
        service.put(two);
        publish(one, two);
        int reports = service.reports.size();
        Eventually.holds("reports go on", () -> service.reports.size() > reports + 2);
        assertThat(applier.applied).hasSize(changes);
        assertThat(reported(A)).isEqualTo(1);
        follower().resume();
        Eventually.holds("follows again", () -> reported(A) == 2);
    }

    @Test
    void leavesWithoutAWord() {
        service.put(Contents.of(A, 1, 80));
        follow(SHORT);
        Eventually.holds("reported", () -> reported(A) == 1);
        await(follower().leave());
        int reports = service.reports.size();
        service.put(Contents.of(A, 2, 81));
        publish(null, Contents.of(A, 2, 81));
        assertThat(follower().isReady()).isFalse();
        assertThat(service.reports).hasSizeBetween(reports, reports + 1);
        assertThat(applier.revision(A)).isEqualTo(1);
    }

    @Test
    void aHintItCannotApplyMakesItPull() {
        service.put(Contents.of(A, 1, 80));
        follow(LONG);
        Eventually.holds("reported", () -> reported(A) == 1);
        InstanceContent next = Contents.of(A, 5, 80, 82);
        service.put(next);
        bus.publish(
                BusAddress.CHANGED,
                new JsonObject().put("instance", A).put("revision", 5).put("small", false));
        Eventually.holds("reported", () -> reported(A) == 5);
        assertThat(service.pulled).contains(A + "@1");
        bus.publish(BusAddress.CHANGED, new JsonObject().put("rules", 7));
        service.put(Contents.of(B, 6, 90));
        publish(null, Contents.of(B, 6, 90));
        Eventually.holds("a new instance comes by pull", () -> reported(B) == 6);
        assertThat(service.pulled).contains(B + "@0");
    }

    @Test
    void stepsThatDoNotLeadToTheDigestAreReplacedByTheWhole() {
        service.put(Contents.of(A, 1, 80));
        follow(LONG);
        Eventually.holds("reported", () -> reported(A) == 1);
        InstanceContent next = Contents.of(A, 2, 80, 81);
        JsonObject wrong =
                ContentChange.between(Optional.of(Contents.of(A, 1, 80)), next)
                        .print()
                        .put("digest", "00");
        service.force(
                A,
                new Targets.Target(2, next.digest()),
                have ->
                        have == 0
                                ? new Raw(
                                        200, new JsonObject().put("content", next.print()).encode())
                                : new Raw(
                                        200,
                                        new JsonObject()
                                                .put(
                                                        "changes",
                                                        new io.vertx.core.json.JsonArray()
                                                                .add(wrong))
                                                .encode()));
        follower().reportSoon();
        Eventually.holds("reported", () -> reported(A) == 2);
        assertThat(service.pulled).endsWith(A + "@1", A + "@0");
    }

    @Test
    void onlyAValidAnswerTakesAnInstanceAway() {
        service.put(Contents.of(A, 1, 80));
        service.put(Contents.of(B, 2, 90));
        follow(SHORT);
        runs(B, 2);
        for (Raw raw :
                List.of(
                        new Raw(200, ""),
                        new Raw(200, "{}"),
                        new Raw(200, "[]"),
                        new Raw(200, "{\"head\":9}"),
                        new Raw(200, "{\"head\":9,\"instances\":[]}"),
                        new Raw(200, "{\"instances\":{}}"),
                        new Raw(404, "{\"head\":9,\"instances\":{}}"),
                        new Raw(401, "{}"),
                        new Raw(500, "{\"head\":9,\"instances\":{}}"))) {
            service.syncAnswer(Optional.of(raw));
            int before = service.reports.size();
            Eventually.holds("asked " + raw, () -> service.reports.size() >= before + 2);
            assertThat(applier.revision(A)).as("%s", raw).isEqualTo(1);
        }
        service.syncAnswer(Optional.empty());
        service.remove(A, 3);
        Eventually.holds("removed", () -> applier.revision(A) == 0);
        assertThat(applier.revision(B)).isEqualTo(2);
        Eventually.holds(
                "file removed", () -> !Files.exists(folder.resolve("contents/" + A + ".json")));
    }

    @Test
    void aServiceThatLagsIsNotFollowedButADeploymentSetBackIs() {
        service.put(Contents.of(A, 10, 80));
        follow(SHORT);
        Eventually.holds("reported", () -> reported(A) == 10);
        service.put(Contents.of(A, 7, 80));
        service.head(7);
        int before = service.reports.size();
        Eventually.holds("asked twice", () -> service.reports.size() >= before + 2);
        runs(A, 7);
        assertThat(service.reports.size() - before).isGreaterThanOrEqualTo(3);
    }

    @Test
    void servesTheLastContentFromDiskWhenNobodyAnswers() {
        service.put(Contents.of(A, 4, 80));
        follow(SHORT);
        Eventually.holds("reported", () -> reported(A) == 4);
        await(follower().stop());
        applier.applied.clear();
        service.silence(true);
        follow(SHORT);
        assertThat(applier.revision(A)).isEqualTo(4);
        assertThat(follower().isReady()).isTrue();
        assertThat(follower().appliedRevision()).isEqualTo(4);
        service.silence(false);
        service.put(Contents.of(A, 5, 80, 81));
        Eventually.holds("goes on from there", () -> reported(A) == 5);
        assertThat(service.pulled).contains(A + "@4");
    }

    @Test
    void aFileThatIsNotWhatItWasIsSetAsideAndPulledAgain() throws Exception {
        service.put(Contents.of(A, 4, 80));
        service.put(Contents.of(B, 5, 90));
        follow(SHORT);
        Eventually.holds("reported", () -> reported(B) == 5);
        await(follower().stop());
        Path a = folder.resolve("contents/" + A + ".json");
        Files.writeString(a, Files.readString(a).replace("\"80\"", "\"88\""));
        Files.write(folder.resolve("contents/" + B + ".json"), new byte[] {(byte) 0xff, 0, 1});
        service.silence(true);
        applier.applied.clear();
        follow(SHORT);
        assertThat(applier.revision(A)).isZero();
        assertThat(follower().isReady()).isFalse();
        try (Stream<Path> files = Files.list(folder.resolve("contents"))) {
            assertThat(files.map(f -> f.getFileName().toString()))
                    .containsExactlyInAnyOrder(A + ".json.corrupt", B + ".json.corrupt");
        }
        service.silence(false);
        runs(A, 4);
        runs(B, 5);
    }

    @Test
    void aFileThatTheDiskDoesNotGiveTakesNoOtherWithIt() throws Exception {
        service.put(Contents.of(A, 4, 80));
        service.put(Contents.of(B, 5, 90));
        follow(SHORT);
        Eventually.holds("reported", () -> reported(B) == 5);
        await(follower().stop());
        Path a = folder.resolve("contents/" + A + ".json");
        Files.delete(a);
        Files.createSymbolicLink(a, folder.resolve("nowhere"));
        service.silence(true);
        applier.applied.clear();
        follow(SHORT);
        assertThat(applier.revision(A)).isZero();
        assertThat(applier.revision(B)).isEqualTo(5);
        service.silence(false);
        runs(A, 4);
        Eventually.holds("on disk again", () -> Files.isRegularFile(a));
    }

    private URI closedPort() throws Exception {
        try (FakeRuleService gone = new FakeRuleService(vertx)) {
            return gone.uri();
        }
    }

    @Test
    void triesTheNextRuleServiceWhenOneIsGoneOrSilent() throws Exception {
        service.put(Contents.of(A, 1, 80));
        URI dead = closedPort();
        try (FakeRuleService silent = new FakeRuleService(vertx)) {
            silent.silence(true);
            follow(SHORT, dead, silent.uri(), service.uri());
            runs(A, 1);
            service.syncAnswer(Optional.of(new Raw(503, "")));
            silent.put(Contents.of(A, 2, 81));
            silent.silence(false);
            runs(A, 2);
        }
    }

    @Test
    void refusedRulesAreReportedAndTriedAgain() {
        service.put(Contents.of(A, 1, 80, 81));
        applier.refusals.put(Contents.ruleId(81), "port_taken: held by sshd");
        follow(SHORT);
        Eventually.holds(
                "refusal reported",
                () ->
                        reported(A) == 1
                                && service.applied(A).refused().containsKey(Contents.ruleId(81)));
        applier.refusals.clear();
        Eventually.holds("healed", () -> service.applied(A).refused().isEmpty());
    }

    @Test
    void aContentOfANewerPeerIsRefusedAndTheOthersGoOn() {
        InstanceContent old = Contents.of(A, 1, 80);
        service.put(old);
        follow(SHORT);
        runs(A, 1);
        JsonObject newer = Contents.of(A, 2, 80, 81).print();
        newer.getJsonArray("rules").getJsonObject(0).put("clientIp", "telepathy");
        service.force(
                A,
                new Targets.Target(2, "ff"),
                have -> new Raw(200, new JsonObject().put("content", newer).encode()));
        service.put(Contents.of(B, 3, 90));
        runs(B, 3);
        Eventually.holds("refusal reported", () -> reported(A) == 2);
        NodeReport.Applied applied = service.applied(A);
        assertThat(applied.refused()).containsOnlyKeys(A, Contents.ruleId(80), Contents.ruleId(81));
        assertThat(Objects.requireNonNull(applied.refused().get(Contents.ruleId(80))))
                .startsWith("unreadable: ")
                .contains("clientIp");
        assertThat(applier.revision(A)).as("goes on as before").isEqualTo(1);
        int pulls = service.pulled.size();
        int before = service.reports.size();
        Eventually.holds("time has passed", () -> service.reports.size() >= before + 3);
        assertThat(service.pulled).as("not pulled again and again").hasSize(pulls);
        service.unforce(A);
        service.put(Contents.of(A, 4, 82));
        runs(A, 4);
        Eventually.holds("healed", () -> reported(A) == 4);
    }

    @Test
    void aContentThatIsNotWhatItsDigestSaysIsPulledAgainAndHealsWithoutAnotherRevision() {
        service.put(Contents.of(A, 1, 80));
        follow(SHORT);
        runs(A, 1);
        InstanceContent right = Contents.of(A, 2, 80, 81);
        JsonObject wrong = right.print();
        wrong.getJsonArray("rules").remove(1);
        service.force(
                A,
                new Targets.Target(2, right.digest()),
                have -> new Raw(200, new JsonObject().put("content", wrong).encode()));
        Eventually.holds("refusal reported", () -> reported(A) == 2);
        assertThat(service.applied(A).refused()).containsOnlyKeys(A, Contents.ruleId(80));
        assertThat(applier.revision(A)).as("goes on as before").isEqualTo(1);
        service.unforce(A);
        service.put(right);
        runs(A, 2);
        Eventually.holds("healed", () -> service.applied(A).refused().isEmpty());
    }

    @Test
    void aTargetThatNeverWasIsForgottenWhenTheRightOneIsNamedAgain() {
        InstanceContent right = Contents.of(A, 1, 80);
        service.put(right);
        follow(SHORT);
        runs(A, 1);
        Eventually.holds("reported", () -> reported(A) == 1);
        service.force(
                A,
                new Targets.Target(1, "00"),
                have ->
                        new Raw(
                                200,
                                new JsonObject()
                                        .put("digest", right.digest())
                                        .put("content", right.print())
                                        .encode()));
        Eventually.holds("refusal reported", () -> service.applied(A).refused().containsKey(A));
        service.unforce(A);
        Eventually.holds("healed", () -> service.applied(A).refused().isEmpty());
        assertThat(applier.revision(A)).isEqualTo(1);
    }

    @Test
    void anAnswerBeyondTheBoundIsNoAnswer() {
        service.put(Contents.of(A, 1, 80));
        follow(SHORT);
        runs(A, 1);
        service.force(
                B, new Targets.Target(2, "ff"), have -> new Raw(200, "x".repeat(2 * 1024 * 1024)));
        int before = service.reports.size();
        Eventually.holds("goes on", () -> service.reports.size() >= before + 3);
        service.unforce(B);
        service.put(Contents.of(A, 3, 81));
        runs(A, 3);
    }

    @Test
    void aNewcomerWithATakenNameIsNotReadyAndKeepsTrying() {
        service.put(Contents.of(A, 1, 80));
        service.syncAnswer(
                Optional.of(new Raw(409, "{\"code\":\"name_taken\",\"message\":\"edge-1\"}")));
        follow(SHORT);
        Eventually.holds("keeps trying", () -> service.reports.size() >= 3);
        assertThat(follower().isReady()).isFalse();
        assertThat(applier.applied).isEmpty();
        service.syncAnswer(Optional.empty());
        runs(A, 1);
        Eventually.holds("ready", () -> follower().isReady());
    }

    @Test
    void aBugWhileApplyingIsTriedAgain() {
        applier.broken = true;
        service.put(Contents.of(A, 1, 80));
        follow(SHORT);
        Eventually.holds("tried", () -> service.pulled.size() >= 2);
        assertThat(follower().appliedRevision()).isZero();
        applier.broken = false;
        runs(A, 1);
    }

    @Test
    void namesFromOutsideNeverBecomePathsElsewhere() {
        service.force("../../evil", new Targets.Target(2, "ff"), have -> new Raw(200, "{}"));
        service.put(Contents.of(A, 1, 80));
        follow(SHORT);
        runs(A, 1);
        assertThat(service.pulled).noneMatch(p -> p.contains("evil"));
    }

    @Test
    void aFloodOfHintsEndsAtTheNewestContent() {
        InstanceContent before = Contents.of(A, 1, 1);
        service.put(before);
        follow(LONG);
        Eventually.holds("reported", () -> reported(A) == 1);
        for (int i = 2; i <= 1_500; i++) {
            InstanceContent next = Contents.of(A, i, 1 + i % 100);
            service.put(next);
            publish(before, next);
            before = next;
        }
        runs(A, 1_500);
        Eventually.holds("reported", () -> reported(A) == 1_500);
    }
}
