package io.skerry.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.follow.Contents;
import io.skerry.edge.follow.FakeApplier;
import io.skerry.edge.follow.FakeRuleService;
import io.skerry.edge.handover.OpenSocket;
import io.skerry.edge.metrics.Limit;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.PortProbe;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.process.LocalBus;
import io.skerry.shared.process.SettingsReader;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EdgeNodeTest {
    @TempDir Path folder;
    private final Vertx vertx = Vertx.vertx();
    private final Recorder traffic = new Recorder();
    private final HttpClient http = HttpClient.newHttpClient();
    private FakeRuleService service;
    private @Nullable NodeParts parts;

    /// Traffic without sockets that writes down what is asked of it.
    private static final class Recorder extends FakeApplier implements Traffic {
        final List<String> calls = new CopyOnWriteArrayList<>();
        final Promise<Void> drained = Promise.promise();

        @Override
        public long listeners(Protocol protocol) {
            return protocol == Protocol.TCP ? 2 : 1;
        }

        @Override
        public List<Limit> limits() {
            return List.of(new Limit("descriptors", () -> 1024, () -> 0));
        }

        @Override
        public Future<List<OpenSocket>> sockets() {
            return Future.succeededFuture(List.of());
        }

        @Override
        public Optional<String> lost() {
            return Optional.empty();
        }

        @Override
        public Future<List<OpenSocket>> pause() {
            calls.add("pause");
            return Future.succeededFuture(List.of());
        }

        @Override
        public void resume() {
            calls.add("resume");
        }

        @Override
        public void forgetPaused() {
            calls.add("forget");
        }

        @Override
        public void adopt(List<OpenSocket> sessions) {
            calls.add("adopt");
        }

        @Override
        public void begin() {
            calls.add("begin");
        }

        @Override
        public Future<PortProbe.Answer> probe(PortProbe probe) {
            return Future.succeededFuture(new PortProbe.Answer(List.of()));
        }

        @Override
        public Future<Void> stop(Duration drain, Future<Void> hurry) {
            calls.add("stop " + drain);
            Promise<Void> stopped = Promise.promise();
            drained.future().onComplete(done -> stopped.tryComplete());
            hurry.onComplete(done -> stopped.tryComplete());
            return stopped.future();
        }
    }

    @BeforeEach
    void start() throws Exception {
        service = new FakeRuleService(vertx);
    }

    @AfterEach
    void stop() {
        service.close();
        await(vertx.close());
        http.close();
    }

    private static <T> T await(Future<T> future) {
        return future.toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    private EdgeVerticle deploy(String drain) {
        Map<String, String> values = new HashMap<>();
        values.put("node", "edge-1");
        values.put("listen", "127.0.0.2,127.0.0.3");
        values.put("rules", service.uri().toString());
        values.put("data", folder.toString());
        values.put("drain", drain);
        EdgeVerticle verticle =
                new EdgeVerticle(
                        new LocalBus(vertx),
                        EdgeSettings.read(SettingsReader.of(values)),
                        made -> {
                            parts = made;
                            return traffic;
                        },
                        List.of(HostPort.parse("127.0.0.1:8081").orElseThrow()));
        await(vertx.deployVerticle(verticle));
        return verticle;
    }

    private HttpResponse<String> get(EdgeVerticle verticle, String path)
            throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + verticle.node().adminPort() + path);
        return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    private Future<Void> undeploy() {
        return vertx.undeploy(vertx.deploymentIDs().iterator().next());
    }

    @Test
    void followsReportsAndShowsItself() throws Exception {
        service.put(Contents.of(Contents.A, 3, 80));
        EdgeVerticle verticle = deploy("10s");
        Eventually.holds("ready", () -> verticle.node().isReady());
        Eventually.holds(
                "reported", () -> service.lastReport().instances().containsKey(Contents.A));
        NodeReport report = service.lastReport();
        assertThat(report.node()).isEqualTo("edge-1");
        assertThat(report.boot()).isNotEmpty();
        assertThat(report.state()).isEqualTo(NodeReport.State.UP);
        assertThat(report.slots()).containsExactly(List.of("127.0.0.2"), List.of("127.0.0.3"));
        for (String each : List.of("toa", "steering")) {
            assertThat(report.missing().containsKey(each))
                    .as(each)
                    .isNotEqualTo(report.capabilities().contains(each));
        }
        assertThat(report.listeners()).isEqualTo(3);
        assertThat(get(verticle, "/health/ready").statusCode()).isEqualTo(200);
        assertThat(get(verticle, "/metrics").body())
                .contains("skerry_applied_revision 3.0")
                .contains("skerry_limit{name=\"descriptors\"} 1024.0")
                .contains("skerry_limit{name=\"origin.persistence-entries\"} 100000.0");
        traffic.drained.complete();
    }

    @Test
    void itsControlPortsAreNoOrigins() {
        EdgeVerticle verticle = deploy("0");
        traffic.drained.complete();
        InetAddress loopback = IpText.parse("127.0.0.1").orElseThrow();
        int admin = verticle.node().adminPort();
        assertThat(Objects.requireNonNull(parts).own().contains(Protocol.TCP, loopback, admin))
                .isTrue();
        assertThat(Objects.requireNonNull(parts).own().contains(Protocol.TCP, loopback, 8081))
                .isTrue();
        assertThat(Objects.requireNonNull(parts).own().contains(Protocol.UDP, loopback, admin))
                .isFalse();
    }

    @Test
    void stopsInOrder() {
        EdgeVerticle verticle = deploy("1h");
        Eventually.holds("ready", () -> verticle.node().isReady());
        Future<Void> stopped = undeploy();
        Eventually.holds("draining", () -> !traffic.calls.isEmpty());
        assertThat(verticle.node().isReady()).isFalse();
        assertThat(service.lastReport().state()).isEqualTo(NodeReport.State.LEAVING);
        assertThat(traffic.calls).containsExactly("stop PT1H");
        assertThat(stopped.isComplete()).isFalse();
        traffic.drained.complete();
        await(stopped);
    }

    @Test
    void aSecondSignalEndsTheDrain() {
        EdgeVerticle verticle = deploy("1h");
        Future<Void> stopped = undeploy();
        Eventually.holds("draining", () -> !traffic.calls.isEmpty());
        verticle.hurry();
        await(stopped);
    }

    @Test
    void stopsWhileNoRuleServiceAnswers() {
        service.silence(true);
        EdgeVerticle verticle = deploy("0");
        assertThat(verticle.node().isReady()).isFalse();
        traffic.drained.complete();
        await(undeploy());
        assertThat(traffic.calls).containsExactly("stop PT0S");
    }
}
