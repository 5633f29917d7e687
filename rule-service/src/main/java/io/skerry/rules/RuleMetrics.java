package io.skerry.rules;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.skerry.rules.node.Reports;
import io.skerry.rules.origingroup.GroupOperations;
import io.skerry.rules.revision.Contents;
import io.skerry.rules.revision.Writes;
import io.skerry.rules.serve.NodeApi;
import io.skerry.rules.store.Database;
import io.skerry.shared.problem.Code;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// What a rule service counts and measures.
final class RuleMetrics {
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Histogram rollout =
            Histogram.builder()
                    .name("skerry_rollout_duration_seconds")
                    .help("Time from the commit of a revision to its last acknowledgement.")
                    .classicOnly()
                    .classicUpperBounds(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
                    .register(registry);
    private final Histogram requests =
            Histogram.builder()
                    .name("skerry_rule_request_duration_seconds")
                    .help("Time to answer a request, by operation and outcome.")
                    .labelNames("operation", "outcome")
                    .classicOnly()
                    .classicUpperBounds(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)
                    .register(registry);
    private final Counter limitHits =
            Counter.builder()
                    .name("skerry_limit_hits_total")
                    .help("How often something was refused because of a limit.")
                    .labelNames("name")
                    .register(registry);

    RuleMetrics(RuleServiceSettings settings) {
        String version = RuleMetrics.class.getPackage().getImplementationVersion();
        Info.builder()
                .name("skerry_build_info")
                .help("The program that runs.")
                .labelNames("version", "role")
                .register(registry)
                .addLabelValues(Objects.requireNonNullElse(version, "development"), "rule-service");
        Gauge limit =
                Gauge.builder()
                        .name("skerry_limit")
                        .help("Named limits of this process.")
                        .labelNames("name")
                        .register(registry);
        limit.labelValues("instances").set(settings.instanceQuota());
        limit.labelValues("slots").set(settings.slots());
        limit.labelValues("history_revisions").set(settings.historyMaxRevisions());
        limit.labelValues("history_days").set(settings.historyDays());
        limit.labelValues("writes_waiting").set(Writes.WAITING_MAX);
        limit.labelValues("contents_rules").set(Contents.RULES_MAX);
        limit.labelValues("origin_groups").set(GroupOperations.GROUPS_MAX);
        limit.labelValues("nodes").set(Reports.NODES_MAX);
        limit.labelValues("node_report_bytes").set(NodeApi.REPORT_BYTES_MAX);
        limit.labelValues("database_connections").set(Database.CONNECTIONS_MAX);
        for (String name : new String[] {"instances", "slots", "rules"}) {
            limitHits.initLabelValues(name);
        }
    }

    void rollout(double seconds) {
        rollout.observe(seconds);
    }

    void answered(String operation, String outcome, double seconds) {
        requests.labelValues(operation, outcome).observe(seconds);
    }

    /// Counts a refusal that comes from a limit.
    void refused(Code code) {
        switch (code) {
            case QUOTA -> limitHits.labelValues("instances").inc();
            case NO_SLOT -> limitHits.labelValues("slots").inc();
            case TOO_MANY -> limitHits.labelValues("rules").inc();
            default -> {}
        }
    }

    /// The Prometheus text format.
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
