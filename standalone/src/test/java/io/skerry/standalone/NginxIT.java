package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.WebOrigin;
import io.skerry.standalone.fixture.Workspace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The manual's Method 1: nginx in front of a server that knows nothing of the PROXY protocol.
final class NginxIT {
    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    @ParameterizedTest
    @ValueSource(strings = {"ppv1", "ppv2"})
    void nginxLogsTheClientsAddressAndPort(String mode) {
        Workspace work = product.work();
        work.write("page.txt", "a page of " + mode);
        int nginx = startNginx(work, WebOrigin.files(work));
        int port = Ports.free();
        Api api = product.api();
        String instance = api.createInstance("nginx-" + mode);
        api.serve(instance, Rules.tcp(port, "127.0.0.1", nginx).put("clientIp", mode));

        Program curl =
                work.start(
                        Tool.path("curl", "curl"),
                        "-sS",
                        "--interface",
                        "127.0.0.9",
                        "-w",
                        "\\nport=%{local_port}\\n",
                        "http://127.0.0.1:" + port + "/page.txt");
        String said = curl.await(Duration.ofSeconds(20)).text();

        assertThat(said).contains("a page of " + mode);
        String clientPort = said.substring(said.indexOf("port=") + 5).strip();
        Path access = work.path("access.log");
        Await.until(
                "nginx logs the session",
                Duration.ofSeconds(10),
                () -> Workspace.read(access).contains("\n"));
        assertThat(Workspace.read(access))
                .startsWith("127.0.0.9:" + clientPort + " to 127.0.0.1:" + port + " -127.0.0.1 ");
    }

    private static int startNginx(Workspace work, int web) {
        String program = Tool.path("nginx", "nginx-light");
        Path module =
                Tool.file(
                        Stream.of(
                                Path.of("/usr/lib/nginx/modules/ngx_stream_module.so"),
                                Path.of("/usr/share/nginx/modules/ngx_stream_module.so")),
                        "nginx's stream module",
                        "libnginx-mod-stream");
        int port = Ports.free();
        String folder = work.folder().toString();
        Path config =
                work.write(
                        "nginx.conf",
                        """
                        load_module %1$s;
                        daemon off;
                        master_process off;
                        pid %2$s/nginx.pid;
                        error_log %2$s/error.log info;
                        events {}
                        stream {
                            log_format basic '$proxy_protocol_addr:$proxy_protocol_port '
                                'to $proxy_protocol_server_addr:$proxy_protocol_server_port '
                                '-$remote_addr [$time_local] '
                                '$protocol $bytes_sent $bytes_received $session_time';
                            access_log %2$s/access.log basic;
                            upstream RealServer {
                                hash $remote_addr consistent;
                                server 127.0.0.1:%3$d max_fails=3 fail_timeout=30s;
                            }
                            server {
                                listen 127.0.0.1:%4$d proxy_protocol;
                                proxy_connect_timeout 1s;
                                proxy_timeout 3s;
                                proxy_pass RealServer;
                            }
                        }
                        """
                                .formatted(module, folder, web, port));
        // Connecting to its port would log a session of our own; the pid file is the sign.
        Program nginx =
                work.start(program, "-c", config.toString(), "-p", folder, "-e", folder + "/e.log");
        Await.until(
                "nginx runs",
                Duration.ofSeconds(10),
                () -> !Workspace.read(work.path("nginx.pid")).isBlank() || !nginx.isAlive());
        assertThat(nginx.isAlive()).as(nginx.text()).isTrue();
        return port;
    }
}
