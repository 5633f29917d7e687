package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.WebOrigin;
import io.skerry.standalone.fixture.Workspace;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// HAProxy as an origin that demands a PROXY header.
final class HaproxyIT {
    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    @ParameterizedTest
    @ValueSource(strings = {"ppv1", "ppv2"})
    void haproxyForwardsAndLogsTheClientsAddress(String mode) {
        Workspace work = product.work();
        int haproxyPort = Ports.free();
        int port = Ports.free();
        Program haproxy = startHaproxy(work, haproxyPort, WebOrigin.forwardedFor(work));
        Api api = product.api();
        String instance = api.createInstance("haproxy-" + mode);
        api.serve(instance, Rules.tcp(port, "127.0.0.1", haproxyPort).put("clientIp", mode));

        Program curl =
                work.start(
                        Tool.path("curl", "curl"),
                        "-sS",
                        "--interface",
                        "127.0.0.9",
                        "-w",
                        " from port %{local_port}",
                        "http://127.0.0.1:" + port + "/");
        String said = curl.await(Duration.ofSeconds(20)).text();

        assertThat(said).startsWith("127.0.0.9 from port ");
        String clientPort = said.substring(said.lastIndexOf(' ') + 1).strip();
        haproxy.awaitText("127.0.0.9:" + clientPort + " to 127.0.0.1:" + port + " GET / 200");
    }

    private static Program startHaproxy(Workspace work, int port, int web) {
        Path config =
                work.write(
                        "haproxy.cfg",
                        """
                        global
                            log stdout format raw local0
                        defaults
                            mode http
                            log global
                            timeout connect 5s
                            timeout client 10s
                            timeout server 10s
                        frontend in
                            bind 127.0.0.1:%d accept-proxy
                            option forwardfor
                            log-format "%%ci:%%cp to %%fi:%%fp %%HM %%HP %%ST"
                            default_backend web
                        backend web
                            server web 127.0.0.1:%d
                        """
                                .formatted(port, web));
        return work.start(Tool.path("haproxy", "haproxy"), "-db", "-f", config.toString())
                .awaitPort("127.0.0.1", port);
    }
}
