package io.skerry.edge.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.health.CheckResult;
import io.skerry.edge.session.EndReason;
import io.skerry.shared.net.Protocol;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class EdgeMetricsTest {
    private final SessionMetrics sessions = new SessionMetrics();
    private final RuleCounterRegistry rules = new RuleCounterRegistry();

    private EdgeMetrics metrics(int rulesMax) {
        return new EdgeMetrics(
                new EdgeMetrics.Sources(
                        "1.2.3",
                        rulesMax,
                        sessions,
                        rules,
                        () -> 17,
                        protocol -> protocol == Protocol.TCP ? 3 : 1,
                        () -> Map.of("tcp:10.0.0.1:80", true, "tcp:10.0.0.2:80", false),
                        result -> result == CheckResult.TIMEOUT ? 9 : 0,
                        List.of(new Limit("edge.sessions-max", () -> 100, () -> 4))));
    }

    @Test
    void everyNumberArrives() {
        sessions.opened(Protocol.TCP);
        sessions.refused(Protocol.UDP, EndReason.LOOP);
        sessions.dropped(DropReason.TOO_LONG);
        RuleCounters tcp = rules.counters("rule-1", Protocol.TCP);
        tcp.sessions.increment();
        tcp.bytesToOrigin.add(10);
        tcp.bytesToClient.add(20);
        RuleCounters udp = rules.counters("rule-2", Protocol.UDP);
        udp.datagramsToOrigin.add(5);
        udp.datagramsToClient.add(6);
        EdgeMetrics metrics = metrics(2_000);
        metrics.applied(2_000_000);
        assertThat(metrics.text().lines())
                .contains(
                        "skerry_build_info{version=\"1.2.3\"} 1",
                        "skerry_sessions_open{protocol=\"tcp\"} 1.0",
                        "skerry_sessions_total{protocol=\"tcp\",rule=\"rule-1\"} 1.0",
                        "skerry_sessions_closed_total{protocol=\"udp\",reason=\"loop\"} 1.0",
                        "skerry_transferred_bytes_total{direction=\"to_origin\",protocol=\"tcp\","
                                + "rule=\"rule-1\"} 10.0",
                        "skerry_transferred_bytes_total{direction=\"to_client\",protocol=\"tcp\","
                                + "rule=\"rule-1\"} 20.0",
                        "skerry_datagrams_total{direction=\"to_origin\",rule=\"rule-2\"} 5.0",
                        "skerry_datagrams_total{direction=\"to_client\",rule=\"rule-2\"} 6.0",
                        "skerry_datagrams_dropped_total{reason=\"too_long\"} 1.0",
                        "skerry_applied_revision 17.0",
                        "skerry_apply_duration_seconds_count 1",
                        "skerry_apply_duration_seconds_bucket{le=\"0.0025\"} 1",
                        "skerry_listeners{protocol=\"tcp\"} 3.0",
                        "skerry_origin_up{origin=\"tcp:10.0.0.1:80\"} 1.0",
                        "skerry_origin_up{origin=\"tcp:10.0.0.2:80\"} 0.0",
                        "skerry_origin_checks_total{result=\"timeout\"} 9.0",
                        "skerry_limit{name=\"edge.sessions-max\"} 100.0",
                        "skerry_limit_hits_total{name=\"edge.sessions-max\"} 4.0");
    }

    @Test
    void aboveTheLimitRulesAreNotToldApart() {
        for (int i = 0; i < 3; i++) {
            rules.counters("rule-" + i, Protocol.TCP).sessions.add(i);
        }
        assertThat(metrics(3).text()).contains("rule=\"rule-2\"").doesNotContain("other");
        assertThat(metrics(2).text())
                .contains("skerry_sessions_total{protocol=\"tcp\",rule=\"other\"} 3.0")
                .doesNotContain("rule-2");
    }

    @Test
    void aboveTheLimitOnlyOriginsThatAreNotUsedAreListed() {
        assertThat(metrics(1).text())
                .contains("skerry_origin_up{origin=\"tcp:10.0.0.2:80\"} 0.0")
                .doesNotContain("10.0.0.1");
    }

    @Test
    void countersOutliveChangesAndEndInOtherOnceTheRuleHasDrained() {
        RuleCounters counters = rules.counters("rule-1", Protocol.TCP);
        counters.sessions.add(7);
        counters.open.set(1);
        assertThat(rules.counters("rule-1", Protocol.TCP)).isSameAs(counters);
        rules.release("rule-1");
        EdgeMetrics metrics = metrics(10);
        assertThat(metrics.text())
                .contains("skerry_sessions_total{protocol=\"tcp\",rule=\"rule-1\"} 7.0");
        counters.open.set(0);
        assertThat(metrics.text())
                .contains("skerry_sessions_total{protocol=\"tcp\",rule=\"other\"} 7.0")
                .doesNotContain("rule-1");
        assertThat(metrics.text())
                .contains("skerry_sessions_total{protocol=\"tcp\",rule=\"other\"} 7.0");
        assertThat(rules.counters("rule-1", Protocol.TCP)).isNotSameAs(counters);
    }

    @Test
    void thePageNamesEveryMetricWithItsLabelsAndNoOther() throws Exception {
        rules.counters("rule-1", Protocol.TCP);
        rules.counters("rule-2", Protocol.UDP);
        EdgeMetrics metrics = metrics(10);
        metrics.applied(1);
        Set<String> exposed = new TreeSet<>();
        Pattern line = Pattern.compile("(skerry_\\w+?)(?:\\{(.*)})? .*");
        metrics.text()
                .lines()
                .filter(each -> !each.startsWith("#"))
                .forEach(each -> {
                    Matcher matcher = line.matcher(each);
                    assertThat(matcher.matches()).as(each).isTrue();
                    Set<String> labels = new TreeSet<>();
                    if (matcher.group(2) != null) {
                        Matcher label = Pattern.compile("(\\w+)=\"").matcher(matcher.group(2));
                        while (label.find()) {
                            labels.add(label.group(1));
                        }
                    }
                    String name = matcher.group(1).replaceFirst("_(bucket|count|sum)$", "");
                    labels.remove("le");
                    exposed.add(name + labels);
                });
        Set<String> written = new TreeSet<>();
        Path page = Path.of(System.getProperty("skerry.root"), "docs/reference/metrics.md");
        Pattern row = Pattern.compile("\\| `(skerry_\\w+)` \\|([^|]*)\\| (?:edge|each) .*");
        for (String each : Files.readAllLines(page)) {
            Matcher matcher = row.matcher(each);
            if (matcher.matches()) {
                Set<String> labels = new TreeSet<>();
                Matcher label = Pattern.compile("`(\\w+)`").matcher(matcher.group(2));
                while (label.find()) {
                    labels.add(label.group(1));
                }
                written.add(matcher.group(1) + labels);
            }
        }
        // Those of the bus are the bus's own to tell; ClusterBusTest reads them.
        assertThat(written.removeIf(each -> each.startsWith("skerry_bus_"))).isTrue();
        // Those of TOA are told only where the kernel takes its program; ToaNodeIT reads them.
        assertThat(written.removeIf(each -> each.startsWith("skerry_toa_"))).isTrue();
        assertThat(exposed).isEqualTo(written);
    }
}
