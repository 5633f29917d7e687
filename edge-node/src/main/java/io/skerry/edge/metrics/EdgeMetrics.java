package io.skerry.edge.metrics;

import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.skerry.edge.health.CheckResult;
import io.skerry.edge.session.EndReason;
import io.skerry.shared.net.Protocol;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/// What a node tells Prometheus (`docs/reference/metrics.md`). Everything is read when it is asked
/// for; nothing here is on the path of bytes.
public final class EdgeMetrics {
    /// Above so many rules, default of `metrics.rules-max`, rules are not told apart.
    public static final int RULES_MAX_DEFAULT = 2_000;

    private static final double[] APPLY_SECONDS = {
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
    };

    /// Where the numbers come from.
    ///
    /// @param version of the product
    /// @param rulesMax `metrics.rules-max`; origins, too, are listed one by one only up to so many
    /// @param sessions sessions and datagrams of the node
    /// @param rules counters by rule
    /// @param appliedRevision the highest revision that is applied
    /// @param listeners open listening ports
    /// @param origins whether each origin is used, by `protocol:address:port`
    /// @param checks results of active checks of origins
    /// @param limits the node's limits
    public record Sources(
            String version,
            int rulesMax,
            SessionMetrics sessions,
            RuleCounterRegistry rules,
            LongSupplier appliedRevision,
            ToLongFunction<Protocol> listeners,
            Supplier<Map<String, Boolean>> origins,
            ToLongFunction<CheckResult> checks,
            List<Limit> limits) {
        public Sources {
            limits = List.copyOf(limits);
        }
    }

    private final Sources sources;
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
    private final Histogram apply =
            Histogram.builder()
                    .name("skerry_apply_duration_seconds")
                    .help("Time from the decision for a change to the last rule opened or refused.")
                    .classicOnly()
                    .classicUpperBounds(APPLY_SECONDS)
                    .build();

    public EdgeMetrics(Sources sources) {
        this.sources = sources;
        registry.register(apply);
        registry.register((MultiCollector) this::collect);
    }

    /// Shows what another part of the node counts.
    public void add(MultiCollector part) {
        registry.register(part);
    }

    /// A change was applied.
    public void applied(long nanos) {
        apply.observe((double) nanos / TimeUnit.SECONDS.toNanos(1));
    }

    /// The Prometheus text format, version 0.0.4.
    public String text() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            writer.write(out, registry.scrape());
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private MetricSnapshots collect() {
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        all.metricSnapshot(
                InfoSnapshot.builder()
                        .name("skerry_build")
                        .help("The version that runs.")
                        .dataPoint(
                                InfoDataPointSnapshot.builder()
                                        .labels(Labels.of("version", sources.version()))
                                        .build())
                        .build());
        collectSessions(all);
        collectRules(all);
        collectNode(all);
        collectOrigins(all);
        collectLimits(all);
        return all.build();
    }

    private void collectSessions(MetricSnapshots.Builder all) {
        GaugeSnapshot.Builder open = gauge("skerry_sessions_open", "Sessions that are open now.");
        CounterSnapshot.Builder closed =
                counter("skerry_sessions_closed", "Sessions that ended or were turned away.");
        for (Protocol protocol : Protocol.values()) {
            open.dataPoint(point(sources.sessions().open(protocol), "protocol", protocol.word()));
            for (EndReason reason : EndReason.values()) {
                closed.dataPoint(
                        count(
                                sources.sessions().endedBy(protocol, reason),
                                "protocol",
                                protocol.word(),
                                "reason",
                                reason.word()));
            }
        }
        CounterSnapshot.Builder dropped =
                counter("skerry_datagrams_dropped", "Datagrams that were not forwarded.");
        for (DropReason reason : DropReason.values()) {
            dropped.dataPoint(count(sources.sessions().droppedBy(reason), "reason", reason.word()));
        }
        all.metricSnapshot(open.build());
        all.metricSnapshot(closed.build());
        all.metricSnapshot(dropped.build());
    }

    private void collectRules(MetricSnapshots.Builder all) {
        CounterSnapshot.Builder sessions = counter("skerry_sessions", "Sessions begun.");
        CounterSnapshot.Builder bytes =
                counter("skerry_transferred_bytes", "Payload bytes forwarded.");
        CounterSnapshot.Builder datagrams = counter("skerry_datagrams", "Datagrams forwarded.");
        for (RuleCounterRegistry.Sums sums : sources.rules().sums(sources.rulesMax())) {
            String protocol = sums.protocol().word();
            sessions.dataPoint(count(sums.sessions(), "protocol", protocol, "rule", sums.rule()));
            bytes.dataPoint(transferred(sums.bytesToOrigin(), protocol, sums.rule(), "to_origin"));
            bytes.dataPoint(transferred(sums.bytesToClient(), protocol, sums.rule(), "to_client"));
            if (sums.protocol() == Protocol.UDP) {
                datagrams.dataPoint(
                        count(
                                sums.datagramsToOrigin(),
                                "rule",
                                sums.rule(),
                                "direction",
                                "to_origin"));
                datagrams.dataPoint(
                        count(
                                sums.datagramsToClient(),
                                "rule",
                                sums.rule(),
                                "direction",
                                "to_client"));
            }
        }
        all.metricSnapshot(sessions.build());
        all.metricSnapshot(bytes.build());
        all.metricSnapshot(datagrams.build());
    }

    private static CounterDataPointSnapshot transferred(
            long bytes, String protocol, String rule, String direction) {
        return count(bytes, "protocol", protocol, "rule", rule, "direction", direction);
    }

    private void collectNode(MetricSnapshots.Builder all) {
        all.metricSnapshot(
                gauge("skerry_applied_revision", "The highest revision this node has applied.")
                        .dataPoint(point(sources.appliedRevision().getAsLong()))
                        .build());
        GaugeSnapshot.Builder listeners =
                gauge("skerry_listeners", "Listening ports that are open.");
        for (Protocol protocol : Protocol.values()) {
            listeners.dataPoint(
                    point(sources.listeners().applyAsLong(protocol), "protocol", protocol.word()));
        }
        all.metricSnapshot(listeners.build());
    }

    /// Above the limit only the origins that are not used, which are the ones to know.
    private void collectOrigins(MetricSnapshots.Builder all) {
        GaugeSnapshot.Builder up =
                gauge("skerry_origin_up", "1 where new sessions go to the origin, 0 where not.");
        Map<String, Boolean> origins = new TreeMap<>(sources.origins().get());
        boolean few = origins.size() <= sources.rulesMax();
        origins.entrySet().stream()
                .filter(each -> few || !each.getValue())
                .limit(sources.rulesMax())
                .forEach(each ->
                        up.dataPoint(point(each.getValue() ? 1 : 0, "origin", each.getKey())));
        all.metricSnapshot(up.build());
        CounterSnapshot.Builder checks =
                counter("skerry_origin_checks", "Active checks of origins that have ended.");
        for (CheckResult result : CheckResult.values()) {
            checks.dataPoint(count(sources.checks().applyAsLong(result), "result", result.word()));
        }
        all.metricSnapshot(checks.build());
    }

    private void collectLimits(MetricSnapshots.Builder all) {
        GaugeSnapshot.Builder limits = gauge("skerry_limit", "What the node allows at most.");
        CounterSnapshot.Builder hits =
                counter("skerry_limit_hits", "How often a limit turned something away.");
        for (Limit limit : sources.limits()) {
            limits.dataPoint(point(limit.value().getAsLong(), "name", limit.name()));
            hits.dataPoint(count(limit.hits().getAsLong(), "name", limit.name()));
        }
        all.metricSnapshot(limits.build());
        all.metricSnapshot(hits.build());
    }

    private static GaugeSnapshot.Builder gauge(String name, String help) {
        return GaugeSnapshot.builder().name(name).help(help);
    }

    private static CounterSnapshot.Builder counter(String name, String help) {
        return CounterSnapshot.builder().name(name).help(help);
    }

    private static GaugeDataPointSnapshot point(long value, String... labels) {
        return GaugeDataPointSnapshot.builder()
                .value((double) value)
                .labels(Labels.of(labels))
                .build();
    }

    private static CounterDataPointSnapshot count(long value, String... labels) {
        return CounterDataPointSnapshot.builder()
                .value((double) value)
                .labels(Labels.of(labels))
                .build();
    }
}
