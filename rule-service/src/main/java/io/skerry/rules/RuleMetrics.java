package io.skerry.rules;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.node.Reports;
import io.skerry.rules.node.Statuses;
import io.skerry.rules.node.Sweep;
import io.skerry.rules.origingroup.GroupOperations;
import io.skerry.rules.page.Page;
import io.skerry.rules.revision.Contents;
import io.skerry.rules.revision.DryRun;
import io.skerry.rules.revision.Writes;
import io.skerry.rules.rollout.Gate;
import io.skerry.rules.rule.RulesBody;
import io.skerry.rules.serve.NodeApi;
import io.skerry.rules.serve.Pulls;
import io.skerry.rules.store.Database;
import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.PortProbe;
import io.skerry.shared.problem.Mistake;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// What a rule service counts and measures.
final class RuleMetrics implements LimitHits {
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
        for (Limit each : Limit.values()) {
            limit.labelValues(each.word()).set(value(each, settings));
            if (each.isCounted()) {
                limitHits.initLabelValues(each.word());
            }
        }
    }

    private static double value(Limit limit, RuleServiceSettings settings) {
        return switch (limit) {
            case INSTANCES -> settings.instanceQuota();
            case SLOTS -> settings.slots();
            case RULES -> RulesBody.RULES_MAX;
            case ORIGIN_GROUPS -> GroupOperations.GROUPS_MAX;
            case NODES -> Reports.NODES_MAX;
            case PAGE_ITEMS -> Page.LIMIT_MAX;
            case IDEMPOTENCY_KEY_CHARACTERS -> Writes.KEY_MAX;
            case AUDIT_CHARACTERS -> Operations.NAME_MAX;
            case WRITES_WAITING -> Writes.WAITING_MAX;
            case WRITE_TURN_SECONDS -> Writes.TURN_MILLIS / 1_000.0;
            case DATABASE_CONNECTIONS -> Database.CONNECTIONS_MAX;
            case DATABASE_WAITING -> Database.WAITING_MAX;
            case DATABASE_WAIT_SECONDS -> Database.WAIT.toMillis() / 1_000.0;
            case READ_SECONDS -> Database.READ_DEADLINE.toMillis() / 1_000.0;
            case WRITE_SECONDS -> Database.WRITE_DEADLINE.toMillis() / 1_000.0;
            case HISTORY_REVISIONS -> settings.historyMaxRevisions();
            case HISTORY_DAYS -> settings.historyDays();
            case CONTENTS_RULES -> Contents.RULES_MAX;
            case CONTENTS_PRINTED -> Pulls.PRINTED_MAX;
            case PULL_STEPS -> Pulls.STEPS_MAX;
            case STEP_RULES -> ContentChange.BUS_RULES_MAX;
            case STATUS_EVENTS -> Statuses.EVENTS_MAX;
            case NODE_REPORT_BYTES -> NodeApi.REPORT_BYTES_MAX;
            case NODE_COUNTED_RULES -> NodeReport.COUNTED_RULES_MAX;
            case NODE_SILENCE_SECONDS -> Sweep.SILENCE_SECONDS;
            case NODE_IDLE_SECONDS -> NodeApi.IDLE_SECONDS;
            case PROBE_SECONDS -> DryRun.PROBE_MILLIS / 1_000.0;
            case PROBE_TAKEN -> PortProbe.Answer.TAKEN_MAX;
            case CANARY_APPLY_SECONDS -> Gate.APPLY_SECONDS;
            case CANARY_LOSSES -> Gate.LOSSES;
        };
    }

    @Override
    public void hit(Limit limit) {
        limitHits.labelValues(limit.word()).inc();
    }

    void rollout(double seconds) {
        rollout.observe(seconds);
    }

    void answered(String operation, String outcome, double seconds) {
        requests.labelValues(operation, outcome).observe(seconds);
    }

    /// Counts a refusal that comes from a limit.
    ///
    /// @param operation word of the operation
    void refused(String operation, Mistake mistake) {
        boolean group = operation.endsWith("origin_group");
        switch (mistake.code()) {
            case QUOTA -> hit(Limit.INSTANCES);
            case NO_SLOT -> hit(Limit.SLOTS);
            case TOO_MANY -> hit(group ? Limit.ORIGIN_GROUPS : Limit.RULES);
            case OUT_OF_RANGE -> {
                if (mistake.field().equals("limit")) {
                    hit(Limit.PAGE_ITEMS);
                }
            }
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
