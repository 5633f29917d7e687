package io.skerry.shared.process;

import io.skerry.shared.net.HostPort;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.Objects;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `/health/live`, `/health/ready` and `/metrics` of one process.
public final class AdminServer {
    private static final Logger log = LoggerFactory.getLogger(AdminServer.class);
    private static final int IDLE_SECONDS = 30;
    private static final Set<HttpMethod> READS = Set.of(HttpMethod.GET, HttpMethod.HEAD);

    private final HttpServer server;

    private AdminServer(HttpServer server) {
        this.server = server;
    }

    /// @param bind where to listen; port 0 lets the system choose
    /// @param ready whether the process can do its work now
    /// @param metrics the Prometheus text format, version 0.0.4
    public static Future<AdminServer> start(
            Vertx vertx, HostPort bind, BooleanSupplier ready, Supplier<String> metrics) {
        HttpServerOptions options = new HttpServerOptions().setIdleTimeout(IDLE_SECONDS);
        return vertx.createHttpServer(options)
                .requestHandler(request -> {
                    try {
                        answer(request, ready, metrics);
                    } catch (RuntimeException bug) {
                        log.error("{} failed", request.path(), bug);
                        request.response().setStatusCode(500).end();
                    }
                })
                .listen(bind.port(), bind.host())
                .map(server -> {
                    log.info("admin http://{}", bind.withPort(server.actualPort()));
                    return new AdminServer(server);
                });
    }

    private static void answer(
            HttpServerRequest request, BooleanSupplier ready, Supplier<String> metrics) {
        if (!READS.contains(request.method())) {
            request.response().setStatusCode(405).putHeader("Allow", "GET, HEAD").end();
            return;
        }
        switch (Objects.requireNonNullElse(request.path(), "")) {
            case "/health/live" -> json(request, 200, "{\"status\":\"up\"}");
            case "/health/ready" -> {
                boolean up = ready.getAsBoolean();
                json(request, up ? 200 : 503, up ? "{\"status\":\"up\"}" : "{\"status\":\"down\"}");
            }
            case "/metrics" ->
                    request.response()
                            .putHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                            .end(metrics.get());
            default -> request.response().setStatusCode(404).end();
        }
    }

    private static void json(HttpServerRequest request, int status, String body) {
        request.response()
                .setStatusCode(status)
                .putHeader("Content-Type", "application/json")
                .end(body);
    }

    public int port() {
        return server.actualPort();
    }

    public Future<Void> close() {
        return server.close();
    }
}
