package io.skerry.standalone.toa;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.CgroupFolder;
import io.skerry.standalone.fixture.EchoOrigin;
import io.skerry.standalone.fixture.Namespace;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Skerry;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a node that can and one that cannot write TOA say of themselves, and leave behind.
final class ToaNodeIT {
    private final Workspace work = new Workspace();

    @AfterEach
    void takeDown() throws IOException {
        work.close();
    }

    private Skerry start(String... arguments) {
        return work.keep(Skerry.in(work.path("data"), arguments)).start();
    }

    private static JsonObject node(Skerry skerry) {
        return skerry.api()
                .get("/v1/nodes")
                .expect(200)
                .json()
                .getJsonArray("items")
                .getJsonObject(0);
    }

    @Test
    void aNodeThatCannotRefusesTheRuleWithTheReasonAndServesTheOthers() throws IOException {
        try (EchoOrigin origin = new EchoOrigin()) {
            Skerry skerry =
                    start(
                            "--listen",
                            "127.0.0.1",
                            "--drain",
                            "1",
                            "--toa.cgroup",
                            "/nowhere/at/all");
            Api api = skerry.api();
            String instance = api.createInstance("toa");
            int port = Ports.free();
            String refused =
                    api.createRule(
                            instance,
                            Rules.tcp(port, "127.0.0.1", origin.port()).put("clientIp", "toa"));
            api.serve(instance, Rules.tcp(Ports.free(), "127.0.0.1", origin.port()));
            api.awaitStatus(instance, refused, "fail");

            JsonObject rollout =
                    api.get(Api.rulePath(instance, refused) + "/rollout").expect(200).json();
            assertThat(rollout.getJsonArray("nodes").getJsonObject(0).getString("reason"))
                    .startsWith("toa_missing: this node cannot send the TOA option: ")
                    .contains("there is no cgroup /nowhere/at/all");
            assertThat(node(skerry).getJsonObject("missing").getString("toa"))
                    .contains("there is no cgroup /nowhere/at/all");
            assertThat(Ports.accepts("127.0.0.1", port)).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring"})
    void everyTransportWithDescriptorsCarriesTheOption(String transport) throws IOException {
        Namespace.needRoot();
        try (EchoOrigin origin = new EchoOrigin()) {
            Skerry skerry =
                    start("--listen", "127.0.0.1", "--drain", "0", "--edge.transport", transport);
            int port = Ports.free();
            String instance = skerry.api().createInstance("toa");
            skerry.api()
                    .serve(
                            instance,
                            Rules.tcp(port, "127.0.0.1", origin.port()).put("clientIp", "toa"));
            try (ToaRig.Client client = new ToaRig.Client("127.0.0.9", "127.0.0.1", port)) {
                assertThat(client.ask()).isEqualTo("hello");
                Await.until(
                        "the origin has confirmed",
                        Duration.ofSeconds(10),
                        () -> confirmed(skerry) == 1);
            }
        }
    }

    private static double confirmed(Skerry skerry) {
        return skerry.metrics().sum("skerry_toa_connections_total", "state=\"confirmed\"");
    }

    @Test
    void nothingStaysAttachedAfterAStopOrAKill() {
        CgroupFolder cgroup = CgroupFolder.in(work);
        Skerry skerry =
                start(
                        "--listen",
                        "127.0.0.1",
                        "--drain",
                        "0",
                        "--toa.cgroup",
                        cgroup.path().toString());
        assertThat(node(skerry).getJsonArray("capabilities").contains("toa")).isTrue();
        assertThat(attached(cgroup)).isEqualTo(1);
        skerry.stop();
        Await.until("detached", Duration.ofSeconds(10), () -> attached(cgroup) == 0);

        skerry.start();
        assertThat(attached(cgroup)).isEqualTo(1);
        skerry.kill();
        Await.until("detached", Duration.ofSeconds(10), () -> attached(cgroup) == 0);

        skerry.start();
        assertThat(attached(cgroup)).isEqualTo(1);
    }

    /// Writers attached to a cgroup.
    private int attached(CgroupFolder cgroup) {
        String shown =
                work.start(
                                Tool.path("bpftool", "bpftool"),
                                "cgroup",
                                "show",
                                cgroup.path().toString())
                        .await(Duration.ofSeconds(20))
                        .text();
        return (int) shown.lines().filter(line -> line.contains("toa_write")).count();
    }
}
