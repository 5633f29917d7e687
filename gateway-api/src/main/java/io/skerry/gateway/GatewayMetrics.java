package io.skerry.gateway;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.problem.Code;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Set;

/// What the gateway counts.
final class GatewayMetrics {
    /// Limit: open connections to the API.
    static final String CONNECTIONS = "api_connections";

    /// Limit: seconds for a caller to send the head of a request, and again its body.
    static final String SEND_TIME = "api_send_seconds";

    /// Limit: open event streams.
    static final String WATCHERS = "event_watchers";

    /// Limit: bytes that wait for one slow event watcher.
    static final String BACKLOG = "event_backlog_bytes";

    /// Limit: bytes of a body.
    static final String BODY = "api_body_bytes";

    /// Limit: bytes of a request line.
    static final String LINE = "api_line_bytes";

    /// Limit: bytes of all headers of a request.
    static final String HEADERS = "api_header_bytes";

    /// Limit: objects and arrays of a body inside one another.
    static final String JSON_LEVELS = "api_json_levels";

    /// Limit: digits of a number in a body.
    static final String JSON_DIGITS = "api_json_digits";

    /// Limit: characters of a name in a body.
    static final String JSON_NAME = "api_json_name_characters";

    /// Limit: seconds for a rule service to answer a read.
    static final String READ_TIME = "api_read_seconds";

    /// Limit: seconds for a rule service to answer a write.
    static final String WRITE_TIME = "api_write_seconds";

    /// Limit: reads that wait for a second answer.
    static final String READS_AGAIN = "reads_asked_again";

    /// Path of a request that no route matches.
    static final String NO_ROUTE = "other";

    private static final Set<String> METHODS =
            Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE");

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Counter requests =
            Counter.builder()
                    .name("skerry_http_requests_total")
                    .help("Answered requests, by route template.")
                    .labelNames("method", "path", "status")
                    .register(registry);
    private final Histogram duration =
            Histogram.builder()
                    .name("skerry_http_request_duration_seconds")
                    .help("Time from the head of a request to the end of its answer.")
                    .classicOnly()
                    .classicUpperBounds(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
                    .labelNames("method", "path")
                    .register(registry);
    private final Gauge watchers =
            Gauge.builder()
                    .name("skerry_http_event_watchers")
                    .help("Open event streams.")
                    .register(registry);
    private final Gauge connections =
            Gauge.builder()
                    .name("skerry_http_connections")
                    .help("Open connections to the API.")
                    .register(registry);
    private final Counter hits =
            Counter.builder()
                    .name("skerry_limit_hits_total")
                    .help("How often a limit was met.")
                    .labelNames("name")
                    .register(registry);

    GatewayMetrics(GatewaySettings settings, long sendMillis) {
        Gauge limits =
                Gauge.builder()
                        .name("skerry_limit")
                        .help("Limits in force.")
                        .labelNames("name")
                        .register(registry);
        limits.labelValues(CONNECTIONS).set(settings.connectionsMax());
        limits.labelValues(SEND_TIME).set(sendMillis / 1_000.0);
        limits.labelValues(WATCHERS).set(settings.watchersMax());
        limits.labelValues(BACKLOG).set(EventStream.BACKLOG_BYTES_MAX);
        limits.labelValues(BODY).set(RequestBody.BYTES_MAX);
        limits.labelValues(LINE).set(GatewayVerticle.LINE_BYTES_MAX);
        limits.labelValues(HEADERS).set(GatewayVerticle.HEADER_BYTES_MAX);
        limits.labelValues("api_discarded_body_bytes").set(RequestBody.DISCARD_MAX);
        limits.labelValues("api_idle_seconds").set(GatewayVerticle.IDLE_SECONDS);
        limits.labelValues(JSON_LEVELS).set(JsonText.DEPTH_MAX);
        limits.labelValues(JSON_DIGITS).set(JsonText.DIGITS_MAX);
        limits.labelValues(JSON_NAME).set(JsonText.NAME_MAX);
        limits.labelValues(READ_TIME).set(Operation.PING.deadlineMillis() / 1_000.0);
        limits.labelValues(WRITE_TIME).set(Operation.CREATE_RULES.deadlineMillis() / 1_000.0);
        limits.labelValues(READS_AGAIN).set(RuleCalls.ASK_ANOTHER_MAX);
        for (String name :
                Set.of(
                        CONNECTIONS,
                        SEND_TIME,
                        BODY,
                        WATCHERS,
                        BACKLOG,
                        LINE,
                        HEADERS,
                        JSON_LEVELS,
                        JSON_DIGITS,
                        JSON_NAME,
                        READ_TIME,
                        WRITE_TIME,
                        READS_AGAIN)) {
            hits.initLabelValues(name);
        }
        String version = GatewayMetrics.class.getPackage().getImplementationVersion();
        Info.builder()
                .name("skerry_build_info")
                .help("What is running.")
                .labelNames("service", "version")
                .register(registry)
                .addLabelValues("gateway", Objects.requireNonNullElse(version, "dev"));
    }

    void answered(String method, String path, int status, long nanos) {
        String known = METHODS.contains(method) ? method : NO_ROUTE;
        requests.labelValues(known, path, Integer.toString(status)).inc();
        duration.labelValues(known, path).observe(nanos / 1e9);
        if (status == Code.Kind.TOO_LARGE.status()) {
            hit(BODY);
        }
    }

    void hit(String limit) {
        hits.labelValues(limit).inc();
    }

    void watchers(int open) {
        watchers.set(open);
    }

    void connections(int open) {
        connections.set(open);
    }

    /// The exposition text.
    String text() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
