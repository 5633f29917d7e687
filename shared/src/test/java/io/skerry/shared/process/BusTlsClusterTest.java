package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.net.HostPort;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who may speak on an event bus with TLS: processes of their own, over real members.
final class BusTlsClusterTest {
    private static final long JOIN_NANOS = TimeUnit.SECONDS.toNanos(40);
    private static final int PULSES = 20;

    @TempDir private Path folder = Path.of("");

    private final Vertx vertx = Vertx.vertx();
    private final List<ChildJvm> children = new ArrayList<>();
    private final BlockingQueue<Long> heard = new LinkedBlockingQueue<>();

    @AfterEach
    void close() throws Exception {
        children.forEach(ChildJvm::close);
        vertx.close().await(30, TimeUnit.SECONDS);
    }

    private ChildJvm peer(List<HostPort> ports, int index, Map<String, String> tls)
            throws Exception {
        List<String> arguments = new ArrayList<>();
        arguments.add(ports.get(index).toString());
        arguments.add(ports.get(index + ports.size() / 2).toString());
        arguments.add(ports.getFirst().toString());
        if (!tls.isEmpty()) {
            arguments.add(tls.getOrDefault(BusTls.KEY, ""));
            arguments.add(tls.getOrDefault(BusTls.CERTIFICATE, ""));
            arguments.add(tls.getOrDefault(BusTls.AUTHORITY, ""));
        }
        ChildJvm child = ChildJvm.start(PeerMain.class, Map.of(), arguments.toArray(String[]::new));
        children.add(child);
        return child;
    }

    private static Optional<Long> asked(Bus bus, ChildJvm peer) throws Exception {
        CompletableFuture<JsonObject> answer =
                bus.request("who-" + peer.pid(), new JsonObject(), 1_000)
                        .toCompletionStage()
                        .toCompletableFuture();
        try {
            return Optional.of(answer.get(10, TimeUnit.SECONDS).getLong("pid"));
        } catch (ExecutionException nobody) {
            return Optional.empty();
        }
    }

    @Test
    void oneOfAnotherAuthorityOrOfNoneCannotSpeakWhereOneOfOursCan() throws Exception {
        Certificates ours = Certificates.make(folder.resolve("ours"), "here", "friend");
        Certificates theirs = Certificates.make(folder.resolve("theirs"), "stranger");
        List<HostPort> ports = FreePorts.take(8);
        ClusterSettings settings =
                new ClusterSettings(
                        ports.get(0),
                        ports.get(4),
                        List.of(ports.getFirst().toString()),
                        false,
                        Optional.of(ours.tls("here")));
        ClusterBus bus = ClusterBus.join(vertx, settings).await(10, TimeUnit.SECONDS);
        try {
            bus.subscribe("here", message -> heard.add(message.getLong("pid")));
            ChildJvm friend = peer(ports, 1, ours.settings("friend"));
            ChildJvm stranger = peer(ports, 2, theirs.settings("stranger"));
            ChildJvm plain = peer(ports, 3, Map.of());
            for (ChildJvm each : List.of(friend, stranger, plain)) {
                assertThat(each.line()).isEqualTo("joined");
            }
            awaitAnswer(bus, friend);
            // Hazelcast itself asks for no certificate.
            awaitMembers(bus, 4);
            heard.clear();
            Set<Long> speakers = new HashSet<>();
            for (int i = 0; i < PULSES; i++) {
                speakers.add(heard.poll(10, TimeUnit.SECONDS));
            }
            assertThat(speakers).containsExactly(friend.pid());
            assertThat(asked(bus, stranger)).isEmpty();
            assertThat(asked(bus, plain)).isEmpty();
            assertThat(asked(bus, friend)).contains(friend.pid());
        } finally {
            bus.close().await(30, TimeUnit.SECONDS);
        }
    }

    private static void awaitMembers(Bus bus, int members) {
        long end = System.nanoTime() + JOIN_NANOS;
        while (!bus.metrics().contains("skerry_bus_members " + members + "\n")) {
            assertThat(System.nanoTime()).as("not members in time").isLessThan(end);
            ClusterBusTest.pause();
        }
    }

    private static void awaitAnswer(Bus bus, ChildJvm peer) throws Exception {
        long end = System.nanoTime() + JOIN_NANOS;
        while (asked(bus, peer).isEmpty()) {
            assertThat(System.nanoTime()).as("no answer in time").isLessThan(end);
        }
    }
}
