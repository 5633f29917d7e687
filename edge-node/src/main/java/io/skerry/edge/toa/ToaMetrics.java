package io.skerry.edge.toa;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;

/// What the node tells Prometheus about TOA; nothing where it cannot write it.
public final class ToaMetrics implements MultiCollector {
    private final Toa toa;

    public ToaMetrics(Toa toa) {
        this.toa = toa;
    }

    @Override
    public MetricSnapshots collect() {
        return switch (toa) {
            case Toa.Missing missing -> new MetricSnapshots();
            case Toa.Ready(ToaWriter writer) -> collect(writer);
        };
    }

    private static MetricSnapshots collect(ToaWriter writer) {
        CounterSnapshot connections =
                CounterSnapshot.builder()
                        .name("skerry_toa_connections")
                        .help("Connections to origins that carry the client in a TCP option.")
                        .dataPoint(point("state", "begun", writer.count(ToaCount.BEGUN)))
                        .dataPoint(point("state", "confirmed", writer.count(ToaCount.CONFIRMED)))
                        .dataPoint(
                                point("state", "unconfirmed", writer.count(ToaCount.UNCONFIRMED)))
                        .dataPoint(point("state", "refused", writer.refused()))
                        .build();
        CounterSnapshot segments =
                CounterSnapshot.builder()
                        .name("skerry_toa_segments")
                        .help("Segments to origins that were to carry the TCP option.")
                        .dataPoint(point("result", "written", writer.count(ToaCount.WRITTEN)))
                        .dataPoint(point("result", "no_room", writer.count(ToaCount.NO_ROOM)))
                        .build();
        return MetricSnapshots.of(connections, segments);
    }

    private static CounterDataPointSnapshot point(String label, String word, long value) {
        return CounterDataPointSnapshot.builder()
                .value((double) value)
                .labels(Labels.of(label, word))
                .build();
    }
}
