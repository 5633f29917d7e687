package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/// The bus over real Hazelcast members on loopback.
final class ClusterBusTest {
    private static final String MULTICAST_PORT = ":54327";
    private static final int FULL_MEMBERS = 2;
    private static final Duration JOIN = Duration.ofSeconds(30);

    /// The promise of the product: after any failure requests work again within this time.
    private static final Duration HEALED = Duration.ofSeconds(30);

    /// Longer than the 10 s after which the cluster drops a silent member and connects to it anew.
    private static final Duration FROZEN = Duration.ofSeconds(20);

    private final Vertx vertx = Vertx.vertx();
    private final List<ClusterBus> buses = new ArrayList<>();
    private final List<ChildJvm> children = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        children.forEach(ChildJvm::close);
        for (ClusterBus bus : buses) {
            bus.close().await(30, TimeUnit.SECONDS);
        }
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    /// Joins as the one with this number: the first two are full members, others lite ones.
    private ClusterBus join(List<HostPort> ports, int index) throws Exception {
        ClusterSettings settings =
                new ClusterSettings(
                        ports.get(index),
                        ports.get(index + ports.size() / 2),
                        members(ports),
                        index >= FULL_MEMBERS,
                        Optional.empty());
        ClusterBus bus = ClusterBus.join(vertx, settings).await(10, TimeUnit.SECONDS);
        buses.add(bus);
        return bus;
    }

    private static List<String> members(List<HostPort> ports) {
        return ports.subList(0, FULL_MEMBERS).stream().map(HostPort::toString).toList();
    }

    private ChildJvm peer(List<HostPort> ports, int index) throws Exception {
        ChildJvm child =
                ChildJvm.start(
                        PeerMain.class,
                        Map.of(),
                        ports.get(index).toString(),
                        ports.get(index + ports.size() / 2).toString(),
                        String.join(",", members(ports)));
        children.add(child);
        return child;
    }

    /// Asks until an answer comes, at most for a time.
    private static JsonObject answer(Bus bus, String address, Duration within) throws Exception {
        long end = System.nanoTime() + within.toNanos();
        Throwable last = null;
        while (System.nanoTime() < end) {
            CompletableFuture<JsonObject> answer =
                    bus.request(address, new JsonObject(), 1_000)
                            .toCompletionStage()
                            .toCompletableFuture();
            try {
                return answer.get(5, TimeUnit.SECONDS);
            } catch (ExecutionException failed) {
                last = failed.getCause();
                pause();
            }
        }
        throw new AssertionError("no answer within " + within, last);
    }

    /// Waits a little between two attempts.
    static void pause() {
        new CompletableFuture<Void>().completeOnTimeout(null, 100, TimeUnit.MILLISECONDS).join();
    }

    @Test
    void requestsAndNewsCrossOverAndOnlyTheConfiguredPortsListen() throws Exception {
        Set<String> before = listening();
        List<HostPort> ports = FreePorts.take(6);
        ClusterBus first = join(ports, 0);
        ClusterBus second = join(ports, 1);
        ClusterBus third = join(ports, 2);
        first.serve("name", message -> Future.succeededFuture(new JsonObject().put("is", "first")));
        assertThat(answer(second, "name", JOIN).getString("is")).isEqualTo("first");
        assertThat(answer(third, "name", JOIN).getString("is")).isEqualTo("first");
        assertThat(Failure.code(third.request("nobody", new JsonObject(), 60_000)))
                .isEqualTo(Code.UNAVAILABLE);

        BlockingQueue<JsonObject> heard = new LinkedBlockingQueue<>();
        third.subscribe("news", heard::add);
        assertThat(publishUntilHeard(first, heard)).isEqualTo(new JsonObject().put("n", 1));
        assertThat(publishUntilHeard(second, heard)).isEqualTo(new JsonObject().put("n", 1));

        Set<String> expected = new TreeSet<>(before);
        ports.forEach(port -> expected.add("tcp " + port));
        assertThat(listening()).isEqualTo(expected);
    }

    @Test
    void whatALiteMemberServesIsForFullOnes() throws Exception {
        List<HostPort> ports = FreePorts.take(6);
        ClusterBus full = join(ports, 0);
        ClusterBus lite = join(ports, 2);
        lite.serve("probe", message -> Future.succeededFuture(new JsonObject().put("is", "lite")));
        assertThat(answer(full, "probe", JOIN).getString("is")).isEqualTo("lite");
        awaitMetric(full, "skerry_bus_members_answering", 0, 0);
        awaitMetric(full, "skerry_bus_members", 2, 2);
    }

    @Test
    void saysHowLongNobodyWasHeard() throws Exception {
        List<HostPort> ports = FreePorts.take(6);
        ClusterBus first = join(ports, 0);
        ClusterBus lite = join(ports, 2);
        first.serve("name", message -> Future.succeededFuture(new JsonObject()));
        answer(lite, "name", JOIN);
        awaitSilence(lite, 0, 2);
        buses.remove(first);
        first.close().await(30, TimeUnit.SECONDS);
        awaitSilence(lite, 3, 3_600);
    }

    private static void awaitSilence(Bus bus, double from, double to) throws Exception {
        awaitMetric(bus, "skerry_bus_silence_seconds", from, to);
    }

    private static void awaitMetric(Bus bus, String name, double from, double to) throws Exception {
        long end = System.nanoTime() + HEALED.toNanos();
        String value;
        do {
            assertThat(System.nanoTime()).as("%s", bus.metrics()).isLessThan(end);
            pause();
            value =
                    bus.metrics()
                            .lines()
                            .filter(line -> line.startsWith(name + " "))
                            .findFirst()
                            .orElseThrow()
                            .split(" ")[1];
        } while (Double.parseDouble(value) < from || Double.parseDouble(value) > to);
    }

    /// All but the UDP sockets from which names are asked for: those have ports of the system's
    /// choice, multicast discovery would have its own.
    private static Set<String> listening() throws IOException {
        return ListeningSockets.of(ProcessHandle.current().pid()).stream()
                .filter(each -> each.startsWith("tcp") || each.endsWith(MULTICAST_PORT))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static JsonObject publishUntilHeard(Bus bus, BlockingQueue<JsonObject> heard)
            throws InterruptedException {
        for (int i = 0; i < 100; i++) {
            bus.publish("news", new JsonObject().put("n", 1));
            JsonObject message = heard.poll(200, TimeUnit.MILLISECONDS);
            if (message != null) {
                return message;
            }
        }
        throw new AssertionError("nothing heard");
    }

    @Test
    void answersComeOnTheContextOfTheCaller() throws Exception {
        List<HostPort> ports = FreePorts.take(4);
        ClusterBus bus = join(ports, 0);
        bus.serve("name", message -> Future.succeededFuture(new JsonObject()));
        answer(bus, "name", JOIN);
        CompletableFuture<Boolean> same = new CompletableFuture<>();
        vertx.getOrCreateContext()
                .runOnContext(v -> {
                    Thread asked = Thread.currentThread();
                    bus.request("name", new JsonObject(), 5_000)
                            .onComplete(done ->
                                    same.complete(
                                            done.succeeded()
                                                    && Thread.currentThread().equals(asked)));
                });
        assertThat(same.get(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void waitingForAMemberIsNoTroubleAndSaidOnce() throws Exception {
        ListAppender<ILoggingEvent> said = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger(ClusterBus.class);
        said.start();
        logger.addAppender(said);
        try {
            List<HostPort> ports = FreePorts.take(6);
            ClusterBus waits = join(ports, 2);
            long end = System.nanoTime() + JOIN.toNanos();
            while (said.list.isEmpty() && System.nanoTime() < end) {
                pause();
            }
            ClusterBus member = join(ports, 0);
            member.serve("name", message -> Future.succeededFuture(new JsonObject()));
            answer(waits, "name", JOIN);
        } finally {
            logger.detachAppender(said);
        }
        List<String> lines =
                said.list.stream().map(each -> each.getLevel() + " " + each.getMessage()).toList();
        assertThat(lines)
                .contains("INFO waiting for the cluster: {}")
                .filteredOn(line -> line.startsWith("INFO waiting"))
                .hasSize(1);
        assertThat(lines).allMatch(line -> line.startsWith("INFO "));
    }

    @Test
    void oneThatLeavesAndComesBackIsHeardAgain() throws Exception {
        List<HostPort> ports = FreePorts.take(4);
        ClusterBus stays = join(ports, 0);
        ClusterBus leaves = join(ports, 1);
        leaves.serve("name", message -> Future.succeededFuture(new JsonObject().put("is", "one")));
        assertThat(answer(stays, "name", JOIN).getString("is")).isEqualTo("one");
        leaves.close().await(30, TimeUnit.SECONDS);
        assertThat(Failure.code(stays.request("name", new JsonObject(), 2_000)))
                .isIn(Code.UNAVAILABLE, Code.OUTCOME_UNKNOWN);
        assertThat(Failure.code(leaves.request("name", new JsonObject(), 2_000)))
                .isEqualTo(Code.UNAVAILABLE);

        ClusterBus back = join(ports, 1);
        back.serve("name", message -> Future.succeededFuture(new JsonObject().put("is", "two")));
        assertThat(answer(stays, "name", HEALED).getString("is")).isEqualTo("two");
    }

    @Test
    void closingWhileItJoinsLeavesNothingBehind() throws Exception {
        List<HostPort> ports = FreePorts.take(4);
        ClusterBus bus = join(ports, 0);
        bus.close().await(30, TimeUnit.SECONDS);
        bus.close().await(1, TimeUnit.SECONDS);
        assertThat(bus.hasJoined()).isFalse();
        assertThat(listening()).doesNotContain("tcp " + ports.get(0), "tcp " + ports.get(2));
    }

    @Test
    void aLiteMemberHealsWhenAllFullMembersWereKilled() throws Exception {
        List<HostPort> ports = FreePorts.take(6);
        ChildJvm first = peer(ports, 0);
        ChildJvm second = peer(ports, 1);
        ClusterBus lite = join(ports, 2);
        answer(lite, "who", JOIN);
        first.close();
        second.close();
        first = peer(ports, 0);
        second = peer(ports, 1);
        assertThat(first.line()).isEqualTo("joined");
        assertThat(second.line()).isEqualTo("joined");
        long began = System.nanoTime();
        assertThat(answer(lite, "who", HEALED).getLong("pid")).isIn(first.pid(), second.pid());
        System.out.println("healed after " + Duration.ofNanos(System.nanoTime() - began));
    }

    @Test
    void aFrozenMemberWorksAgainAfterwards() throws Exception {
        List<HostPort> ports = FreePorts.take(6);
        ChildJvm frozen = peer(ports, 0);
        ClusterBus lite = join(ports, 2);
        answer(lite, "who", JOIN);
        frozen.signal("STOP");
        // Longer than the 10 s of silence after which either side gives the other up.
        freeze(lite, Duration.ofSeconds(15));
        frozen.signal("CONT");
        assertThat(answer(lite, "who", HEALED).getLong("pid")).isEqualTo(frozen.pid());
    }

    /// A full member that has to begin a cluster asks those of its list first: one that is frozen
    /// accepts connections and never answers.
    @Test
    void aFullMemberThatStartsWhileTheOtherIsFrozenDoesNotWaitForIt() throws Exception {
        List<HostPort> ports = FreePorts.take(6);
        ChildJvm frozen = peer(ports, 0);
        assertThat(frozen.line()).isEqualTo("joined");
        frozen.signal("STOP");
        ClusterBus other = join(ports, 1);
        ClusterBus lite = join(ports, 2);
        other.serve("name", message -> Future.succeededFuture(new JsonObject().put("is", "other")));
        assertThat(answer(lite, "name", HEALED).getString("is")).isEqualTo("other");
        frozen.signal("CONT");
        assertThat(answer(lite, "who", HEALED).getLong("pid")).isEqualTo(frozen.pid());
        assertThat(answer(lite, "name", HEALED).getString("is")).isEqualTo("other");
    }

    /// Requests find the other one as soon as the frozen one does not answer pings, and none is
    /// lost when the cluster drops it and connects to it again and again.
    @Test
    void aFrozenMemberIsPassedOverAndKeepsNoThreadBusy() throws Exception {
        List<HostPort> ports = FreePorts.take(10);
        ClusterBus other = join(ports, 0);
        other.serve("who", message -> Future.succeededFuture(new JsonObject().put("pid", 0)));
        ChildJvm frozen = peer(ports, 1);
        assertThat(frozen.line()).isEqualTo("joined");
        List<ClusterBus> lites = List.of(join(ports, 2), join(ports, 3), join(ports, 4));
        awaitMetric(other, "skerry_bus_members_answering", 1, 1);
        for (ClusterBus lite : lites) {
            awaitMetric(lite, "skerry_bus_members_answering", 2, 2);
        }
        long busyBefore = writingNanos();
        long began = System.nanoTime();
        frozen.signal("STOP");
        long passedOver = began + TimeUnit.MILLISECONDS.toNanos(Answering.RECENT_MILLIS + 1_000);
        while (System.nanoTime() - passedOver < 0) {
            pause();
        }
        // Before the cluster drops it, nothing but our own pings says that it hangs; when it is
        // dropped, nothing that is still needed goes with it.
        long end = began + FROZEN.toNanos();
        while (System.nanoTime() - end < 0) {
            for (ClusterBus lite : lites) {
                assertThat(
                                lite.request("who", new JsonObject(), 1_000)
                                        .await(2, TimeUnit.SECONDS)
                                        .getLong("pid"))
                        .isZero();
            }
            pause();
        }
        awaitMetric(other, "skerry_bus_members", 4, 4);
        awaitMetric(lites.getFirst(), "skerry_bus_members_answering", 1, 1);
        assertThat(Duration.ofNanos(writingNanos() - busyBefore))
                .as("processor time of the threads that write to members")
                .isLessThan(FROZEN.dividedBy(4));
        frozen.signal("CONT");
        end = System.nanoTime();
        while (answer(lites.getFirst(), "who", HEALED).getLong("pid") != frozen.pid()) {
            assertThat(System.nanoTime()).isLessThan(end + HEALED.toNanos());
            pause();
        }
    }

    @Test
    void oneThatRefusesForNowIsFollowedByTheNext() throws Exception {
        List<HostPort> ports = FreePorts.take(6);
        ClusterBus leaves = join(ports, 0);
        ClusterBus stays = join(ports, 1);
        ClusterBus lite = join(ports, 2);
        AtomicInteger refused = new AtomicInteger();
        leaves.serve(
                "who",
                message -> {
                    refused.incrementAndGet();
                    throw Problem.of(Code.UNAVAILABLE, "this one stops").toException();
                });
        stays.serve("who", message -> Future.succeededFuture(new JsonObject().put("pid", 1)));
        awaitMetric(lite, "skerry_bus_members_answering", 2, 2);
        long end = System.nanoTime() + HEALED.toNanos();
        while (refused.get() < 3) {
            assertThat(System.nanoTime()).isLessThan(end);
            assertThat(who(lite)).isEqualTo(1);
            pause();
        }
    }

    @Test
    void noRequestIsLostInAMemberThatLeaves() throws Exception {
        List<HostPort> ports = FreePorts.take(6);
        ClusterBus leaves = join(ports, 0);
        ClusterBus stays = join(ports, 1);
        ClusterBus lite = join(ports, 2);
        leaves.serve("who", message -> Future.succeededFuture(new JsonObject().put("pid", 0)));
        stays.serve("who", message -> Future.succeededFuture(new JsonObject().put("pid", 1)));
        awaitMetric(lite, "skerry_bus_members_answering", 2, 2);
        Set<Long> answered = new TreeSet<>();
        long end = System.nanoTime() + HEALED.toNanos();
        while (answered.size() < 2) {
            assertThat(System.nanoTime()).isLessThan(end);
            answered.add(who(lite));
        }
        Future<Void> left = leaves.close();
        int during = 0;
        while (!left.isComplete()) {
            who(lite);
            during++;
        }
        assertThat(left.succeeded()).isTrue();
        assertThat(during).isPositive();
        assertThat(who(lite)).isEqualTo(1);
    }

    private static long who(Bus bus) throws Exception {
        return bus.request("who", new JsonObject(), 5_000)
                .await(10, TimeUnit.SECONDS)
                .getLong("pid");
    }

    /// Processor time that the output threads of all Hazelcast members in this process have used.
    private static long writingNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Stream.of(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(each -> each != null && each.getThreadName().contains(".IO.thread-out"))
                .mapToLong(each -> threads.getThreadCpuTime(each.getThreadId()))
                .sum();
    }

    private static void freeze(Bus bus, Duration time) throws Exception {
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < end) {
            assertThat(Failure.code(bus.request("who", new JsonObject(), 1_000)))
                    .isIn(Code.UNAVAILABLE, Code.OUTCOME_UNKNOWN);
            pause();
        }
    }
}
