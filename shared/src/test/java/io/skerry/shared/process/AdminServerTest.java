package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.net.HostPort;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class AdminServerTest {
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = HttpClient.newHttpClient();
    private final AtomicBoolean ready = new AtomicBoolean();

    @AfterEach
    void close() throws Exception {
        client.close();
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    private AdminServer start(Supplier<String> metrics) throws Exception {
        HostPort bind = HostPort.parse("127.0.0.1:0").orElseThrow();
        return AdminServer.start(vertx, bind, ready::get, metrics).await(10, TimeUnit.SECONDS);
    }

    private HttpResponse<String> call(AdminServer server, String method, String path)
            throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
        HttpRequest request =
                HttpRequest.newBuilder(uri)
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aliveAtOnceReadyWhenItCanWork() throws Exception {
        AdminServer server = start(() -> "");
        assertThat(call(server, "GET", "/health/live").statusCode()).isEqualTo(200);
        assertThat(call(server, "GET", "/health/ready").statusCode()).isEqualTo(503);
        ready.set(true);
        assertThat(call(server, "GET", "/health/ready").statusCode()).isEqualTo(200);
        ready.set(false);
        HttpResponse<String> down = call(server, "GET", "/health/ready?verbose");
        assertThat(down.statusCode()).isEqualTo(503);
        assertThat(down.body()).isEqualTo("{\"status\":\"down\"}");
    }

    @Test
    void servesMetricsAsPrometheusText() throws Exception {
        AdminServer server = start(() -> "skerry_sessions_open 1\n");
        HttpResponse<String> answer = call(server, "GET", "/metrics");
        assertThat(answer.body()).isEqualTo("skerry_sessions_open 1\n");
        assertThat(answer.headers().firstValue("Content-Type"))
                .contains("text/plain; version=0.0.4; charset=utf-8");
    }

    @Test
    void metricsThatFailAreAnswered() throws Exception {
        AdminServer server =
                start(() -> {
                    throw new IllegalStateException("as the test wants");
                });
        assertThat(call(server, "GET", "/metrics").statusCode()).isEqualTo(500);
        assertThat(call(server, "GET", "/health/live").statusCode()).isEqualTo(200);
    }

    @Test
    void otherPathsAndMethodsAreRefused() throws Exception {
        AdminServer server = start(() -> "");
        assertThat(call(server, "GET", "/").statusCode()).isEqualTo(404);
        HttpResponse<String> post = call(server, "POST", "/health/live");
        assertThat(post.statusCode()).isEqualTo(405);
        assertThat(post.headers().firstValue("Allow")).contains("GET, HEAD");
        assertThat(call(server, "HEAD", "/health/live").statusCode()).isEqualTo(200);
    }
}
