package io.skerry.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.bpf.Kernel;
import io.skerry.edge.follow.Contents;
import io.skerry.edge.follow.FakeRuleService;
import io.skerry.edge.listener.Steering;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.process.Bus;
import io.skerry.shared.process.LocalBus;
import io.skerry.shared.process.SettingsReader;
import io.skerry.shared.rule.Rule;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Two thousand rules come and go beside live traffic.
@Timeout(60)
class LargePlanTest {
    private static final String HOST = "127.0.77.7";
    private static final int RULES = 2_000;

    /// Below the ports the system gives out by itself.
    private static final int FIRST_PORT = 12_000;

    /// What a busy machine does to the 99th percentile without any help of ours.
    private static final long NOISE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final int LEAST_QUESTIONS = 300;

    @TempDir Path folder;
    private final Vertx vertx = Vertx.vertx();
    private final Bus bus = new LocalBus(vertx);
    private InstanceContent last = Contents.of(Contents.A, 0);

    @ParameterizedTest
    @EnumSource(
            value = Steering.Mode.class,
            names = {"ON", "OFF"})
    void liveTrafficHardlyNoticesAPlanOfTwoThousandRules(Steering.Mode mode) throws Exception {
        if (mode == Steering.Mode.ON) {
            Kernel.required();
        }
        try (ServerSocket origin = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
                FakeRuleService service = new FakeRuleService(vertx)) {
            Thread.ofPlatform().daemon().start(() -> echo(origin));
            put(service, 1, 1, origin.getLocalPort());
            deploy(service, mode);
            acknowledged(service, 1, 1);
            try (Socket client = new Socket(HOST, FIRST_PORT)) {
                client.setTcpNoDelay(true);
                client.setSoTimeout(20_000);
                during(client, TimeUnit.MILLISECONDS.toNanos(700), () -> false);
                long quiet = during(client, TimeUnit.MILLISECONDS.toNanos(1500), () -> false);

                put(service, 2, RULES + 1, origin.getLocalPort());
                long opening = whileApplying(client, service, 2, RULES + 1);
                put(service, 3, 1, origin.getLocalPort());
                long closing = whileApplying(client, service, 3, 1);
                System.out.printf(
                        "steering %s: echo p99: quiet %d us, opening %d rules %d us, closing them %d us%n",
                        mode.word(), quiet / 1_000, RULES, opening / 1_000, closing / 1_000);
                assertThat(opening).isLessThanOrEqualTo(Math.max(2 * quiet, NOISE_NANOS));
                assertThat(closing).isLessThanOrEqualTo(Math.max(2 * quiet, NOISE_NANOS));
            }
        } finally {
            await(vertx.close());
        }
    }

    private static long whileApplying(
            Socket client, FakeRuleService service, long revision, int rules) throws Exception {
        AtomicBoolean applied = new AtomicBoolean();
        Thread waiting =
                Thread.ofPlatform()
                        .start(() -> {
                            acknowledged(service, revision, rules);
                            applied.set(true);
                        });
        long began = System.nanoTime();
        long p99 = during(client, TimeUnit.SECONDS.toNanos(20), applied::get);
        System.out.println(
                "revision " + revision + " in " + (System.nanoTime() - began) / 1_000_000 + " ms");
        waiting.join();
        assertThat(applied).isTrue();
        return p99;
    }

    /// Asks and waits for the answer again and again; the 99th percentile of the time that takes.
    private static long during(Socket client, long nanos, java.util.function.BooleanSupplier enough)
            throws IOException {
        long[] took = new long[1_000_000];
        byte[] question = new byte[64];
        int count = 0;
        long end = System.nanoTime() + nanos;
        while (count < took.length && System.nanoTime() < end) {
            if (count >= LEAST_QUESTIONS && enough.getAsBoolean()) {
                break;
            }
            long began = System.nanoTime();
            client.getOutputStream().write(question);
            assertThat(client.getInputStream().readNBytes(question.length)).hasSize(64);
            took[count++] = System.nanoTime() - began;
        }
        Arrays.sort(took, 0, count);
        return took[count * 99 / 100];
    }

    private void put(FakeRuleService service, long revision, int rules, int originPort) {
        TreeMap<String, Rule> all = new TreeMap<>();
        for (int i = 0; i < rules; i++) {
            Rule rule =
                    Contents.rule(Protocol.TCP, FIRST_PORT + i, originPort, i == 0 ? 1 : revision);
            all.put(rule.id(), rule);
        }
        InstanceContent content =
                new InstanceContent(Contents.A, revision, false, 0, all, new TreeMap<>());
        service.put(content);
        bus.publish(BusAddress.CHANGED, ContentChange.between(Optional.of(last), content).print());
        last = content;
    }

    private static void acknowledged(FakeRuleService service, long revision, int listeners) {
        Eventually.holds(
                "acknowledged " + revision,
                () ->
                        !service.reports.isEmpty()
                                && service.lastReport().instances().containsKey(Contents.A)
                                && service.applied(Contents.A).revision() == revision);
        assertThat(service.applied(Contents.A).refused()).isEmpty();
        assertThat(service.lastReport().listeners()).isEqualTo(listeners);
    }

    private void deploy(FakeRuleService service, Steering.Mode mode) {
        Map<String, String> values = new HashMap<>();
        values.put("node", "edge-1");
        values.put("listen", HOST);
        values.put("rules", service.uri().toString());
        values.put("data", folder.toString());
        values.put("drain", "1s");
        values.put("edge.steering", mode.word());
        EdgeSettings settings = EdgeSettings.read(SettingsReader.of(values));
        await(vertx.deployVerticle(new EdgeVerticle(bus, settings, List.of())));
    }

    private static void echo(ServerSocket origin) {
        while (!origin.isClosed()) {
            try {
                Socket socket = origin.accept();
                socket.setTcpNoDelay(true);
                Thread.ofPlatform().daemon().start(() -> echo(socket));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void echo(Socket socket) {
        try (socket) {
            socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (IOException over) {
            // The client has gone.
        }
    }

    private static void await(Future<?> future) {
        future.toCompletionStage().toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
    }
}
