package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// iperf3 through two rules of one port number: its control connection is TCP, its data either.
final class IperfIT {
    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    @Test
    void tcpAndUdpMeasurementsReachTheirEnd() {
        Workspace work = product.work();
        int origin = Ports.free();
        int port = Ports.free();
        String iperf = Tool.path("iperf3", "iperf3");
        work.start(iperf, "-s", "-B", "127.0.0.1", "-p", Integer.toString(origin), "--forceflush")
                .awaitText("Server listening");
        Api api = product.api();
        String instance = api.createInstance("iperf");
        api.serve(instance, Rules.tcp(port, "127.0.0.1", origin));
        api.serve(instance, Rules.udp(port, "127.0.0.1", origin));

        JsonObject up = measure(work, iperf, port, "-t", "2");
        JsonObject down = measure(work, iperf, port, "-n", "200M", "-R", "-P", "4");
        JsonObject udp = measure(work, iperf, port, "-u", "-b", "20M", "-t", "2", "-l", "1200");

        assertThat(up.getJsonObject("sum_received").getLong("bytes")).isGreaterThan(50_000_000L);
        assertThat(down.getJsonObject("sum_received").getLong("bytes"))
                .isGreaterThanOrEqualTo(200_000_000L);
        JsonObject sum = udp.getJsonObject("sum");
        assertThat(sum.getLong("packets")).isGreaterThan(3_000L);
        assertThat(sum.getDouble("lost_percent")).isLessThan(1.0);
    }

    private static JsonObject measure(Workspace work, String iperf, int port, String... how) {
        List<String> command = new ArrayList<>(List.of(iperf, "-c", "127.0.0.1", "-J"));
        command.addAll(List.of("-p", Integer.toString(port)));
        command.addAll(List.of(how));
        Program.Ended ended =
                work.start(command.toArray(String[]::new)).await(Duration.ofSeconds(30));
        assertThat(ended.status()).as(ended.text()).isZero();
        return new JsonObject(ended.text()).getJsonObject("end");
    }
}
