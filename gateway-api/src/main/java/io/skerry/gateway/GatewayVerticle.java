package io.skerry.gateway;

import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.process.Bus;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.net.BindException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Owns the HTTP server: one event loop accepts, reads, asks and answers.
final class GatewayVerticle extends VerticleBase {
    /// Bytes of the request line, and of all headers together; longer ones are refused. Bytes of a
    /// request line; a longer one is answered 414.
    static final int LINE_BYTES_MAX = 4_096;

    /// Bytes of all headers of a request; more are answered 431.
    static final int HEADER_BYTES_MAX = 16 * 1024;

    /// A connection on which nothing moves for so long ends.
    static final int IDLE_SECONDS = 60;

    /// Time for open requests when the gateway stops.
    private static final int STOP_SECONDS = 5;

    private static final String TEMPLATE = "skerry.template";

    private final Bus bus;
    private final GatewaySettings settings;
    private final Times times;
    private @Nullable Running running;

    /// Times that tests shorten, in milliseconds.
    record Times(long sendMillis, long keepAliveMillis) {
        static final Times DEFAULT =
                new Times(ConnectionGuard.SEND_MILLIS, EventStream.KEEP_ALIVE_MILLIS);
    }

    private record Running(
            HttpServer server, EventStream events, HealthCalls health, GatewayMetrics metrics) {}

    GatewayVerticle(Bus bus, GatewaySettings settings, Times times) {
        this.bus = bus;
        this.settings = settings;
        this.times = times;
    }

    @Override
    public Future<?> start() {
        GatewayMetrics metrics = new GatewayMetrics(settings, times.sendMillis());
        EventStream events =
                new EventStream(vertx, metrics, settings.watchersMax(), times.keepAliveMillis());
        HealthCalls health = new HealthCalls(vertx, bus);
        HttpApi api = new HttpApi(new RuleCalls(vertx, bus, metrics), events, health);
        ConnectionGuard connections =
                new ConnectionGuard(vertx, metrics, settings.connectionsMax(), times.sendMillis());
        Router router = router(api.routes(), metrics);
        HttpServer server =
                vertx.createHttpServer(options())
                        .connectionHandler(connections::onConnection)
                        .invalidRequestHandler(request -> refuseHead(request, metrics))
                        .requestHandler(request -> {
                            connections.onRequest(request);
                            router.handle(request);
                        });
        bus.subscribe(
                BusAddress.EVENTS, event -> context.runOnContext(now -> events.publish(event)));
        running = new Running(server, events, health, metrics);
        return server.listen(settings.api().port(), settings.api().host())
                .recover(failure -> Future.failedFuture(cannotListen(failure)));
    }

    /// What is not HTTP, or has too large a head, is answered without a document.
    private static void refuseHead(HttpServerRequest request, GatewayMetrics metrics) {
        HttpServerRequest.DEFAULT_INVALID_REQUEST_HANDLER.handle(request);
        switch (request.response().getStatusCode()) {
            case 414 -> metrics.hit(GatewayMetrics.LINE);
            case 431 -> metrics.hit(GatewayMetrics.HEADERS);
            default -> {}
        }
    }

    private static HttpServerOptions options() {
        return new HttpServerOptions()
                .setMaxInitialLineLength(LINE_BYTES_MAX)
                .setMaxHeaderSize(HEADER_BYTES_MAX)
                .setHttp2ClearTextEnabled(false)
                .setIdleTimeout(IDLE_SECONDS);
    }

    private Throwable cannotListen(Throwable failure) {
        BindException refused =
                new BindException(
                        "api: cannot listen on " + settings.api() + ": " + failure.getMessage());
        refused.initCause(failure);
        return refused;
    }

    private Router router(List<Route> routes, GatewayMetrics metrics) {
        WebPageGuard guard = new WebPageGuard(settings.api().address().isLoopbackAddress());
        Router router = Router.router(vertx);
        router.route()
                .handler(context -> open(context, guard, metrics))
                .failureHandler(GatewayVerticle::onFailure);
        router.errorHandler(400, GatewayVerticle::onFailure);
        router.errorHandler(404, GatewayVerticle::onFailure);
        router.errorHandler(500, GatewayVerticle::onFailure);
        Map<String, List<Route>> byPath = new LinkedHashMap<>();
        for (Route route : routes) {
            byPath.computeIfAbsent(route.path(), path -> new ArrayList<>()).add(route);
        }
        byPath.forEach((path, ofPath) -> mount(router, ofPath));
        router.route().handler(context -> ProblemResponse.send(context, noSuchPath()));
        return router;
    }

    /// Every route of one path, and the refusal of other methods.
    private static void mount(Router router, List<Route> ofPath) {
        for (Route route : ofPath) {
            for (HttpMethod method : route.methods()) {
                router.route(method, route.pattern())
                        .handler(context -> {
                            context.put(TEMPLATE, route.path());
                            RequestHead.checkQuery(context, route.query());
                            route.handler().handle(context);
                        });
            }
        }
        String allowed =
                ofPath.stream()
                        .flatMap(each -> each.methods().stream())
                        .map(HttpMethod::name)
                        .collect(Collectors.joining(", "));
        router.route(ofPath.get(0).pattern())
                .handler(context -> {
                    context.put(TEMPLATE, ofPath.get(0).path());
                    context.response().putHeader("Allow", allowed);
                    ProblemResponse.send(
                            context,
                            Problem.of(Code.METHOD_NOT_ALLOWED, "this path takes " + allowed));
                });
    }

    /// What every request passes first.
    private static void open(RoutingContext context, WebPageGuard guard, GatewayMetrics metrics) {
        HttpServerRequest request = context.request();
        HttpMethod method = request.method();
        long startNanos = System.nanoTime();
        context.addEndHandler(ended -> {
            String path = context.get(TEMPLATE, GatewayMetrics.NO_ROUTE);
            metrics.answered(
                    method.name(),
                    path,
                    context.response().getStatusCode(),
                    System.nanoTime() - startNanos);
        });
        context.response()
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Cross-Origin-Resource-Policy", "same-origin")
                .putHeader("Cache-Control", "no-store");
        Optional<Problem> refusal = guard.refusal(request.headers());
        if (refusal.isPresent()) {
            ProblemResponse.send(context, refusal.get());
        } else {
            context.next();
        }
    }

    /// A handler threw, or vertx-web cannot decode the path or query.
    private static void onFailure(RoutingContext context) {
        int status = context.statusCode();
        if (status == 404) {
            ProblemResponse.send(context, noSuchPath());
        } else if (status < 500) {
            // -1 where decoding fails before routing has begun.
            ProblemResponse.send(
                    context, Problem.of(Code.UNREADABLE, "the path or query cannot be decoded"));
        } else {
            ProblemResponse.send(context, context.failure());
        }
    }

    private static Problem noSuchPath() {
        return Problem.of(Code.NOT_FOUND, "there is no such path; /openapi.yaml lists all");
    }

    private Running running() {
        if (running == null) {
            throw new IllegalStateException("the gateway has not been started");
        }
        return running;
    }

    HostPort api() {
        return settings.api().withPort(running().server().actualPort());
    }

    boolean isReady() {
        return running().health().isReady();
    }

    String metricsText() {
        return running().metrics().text();
    }

    @Override
    public Future<?> stop() {
        Running now = running();
        now.health().stop();
        now.events().stop();
        return now.server().shutdown(STOP_SECONDS, TimeUnit.SECONDS);
    }
}
