package io.skerry.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.skerry.edge.EdgeSettings.TransportChoice;
import io.skerry.edge.listener.Slot;
import io.skerry.edge.origin.OriginSettings;
import io.skerry.shared.instance.NodeArea;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.ProblemException;
import io.skerry.shared.process.SettingsReader;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EdgeSettingsTest {
    private static EdgeSettings read(Map<String, String> values) {
        return EdgeSettings.read(SettingsReader.of(values));
    }

    private static List<Mistake> mistakes(Map<String, String> values) {
        try {
            read(values);
            return List.of();
        } catch (ProblemException refused) {
            return refused.problem().mistakes();
        }
    }

    @Test
    void everythingHasADefault() {
        EdgeSettings settings = read(Map.of());
        assertThat(settings.node()).isNotEmpty();
        assertThat(settings.area()).isEqualTo(NodeArea.OVERSEAS);
        assertThat(settings.slots()).hasSize(1);
        assertThat(settings.slots().getFirst()).hasToString("0.0.0.0+[::]");
        assertThat(settings.rules()).containsExactly(URI.create("http://127.0.0.1:8081"));
        assertThat(settings.token()).isEmpty();
        assertThat(settings.data().getFileName()).hasToString(".skerry-edge");
        assertThat(settings.admin()).hasToString("127.0.0.1:0");
        assertThat(settings.drain()).isEqualTo(Duration.ofSeconds(10));
        assertThat(settings.transport()).isEqualTo(TransportChoice.AUTO);
        assertThat(settings.loopCount()).isEqualTo(Runtime.getRuntime().availableProcessors());
        assertThat(settings.sessionsMax()).isEqualTo(1_000_000);
        assertThat(settings.rulesMax()).isEqualTo(2_000);
        assertThat(settings.origins()).isEqualTo(OriginSettings.DEFAULT);
    }

    @Test
    void everythingCanBeSet() {
        Map<String, String> values = new HashMap<>();
        values.put("node", "edge-7.example");
        values.put("area", "every");
        values.put("listen", "127.0.0.2, [::1], 127.0.0.3+[fd00::3],[fd00::4]+127.0.0.4");
        values.put("rules", "http://127.0.0.1:8081,http://rules.example:8082/");
        values.put("node-token", "secret");
        values.put("data", "/var/lib/skerry");
        values.put("admin", "[::1]:9090");
        values.put("drain", "1h");
        values.put("edge.transport", "nio");
        values.put("edge.session-reserve", "7");
        values.put("udp.sessions-per-client", "9");
        values.put("tcp.backlog", "11");
        values.put("edge.loops", "256");
        values.put("edge.sessions-max", "5");
        values.put("metrics.rules-max", "0");
        values.put("origin.persistence-entries", "10");
        values.put("origin.persistence-ipv6-prefix", "64");
        values.put("origin.failures", "3");
        values.put("origin.avoid-time", "500ms");
        values.put("origin.name-servers", "127.0.0.1:5353,[::1]:53");
        values.put("origin.name-ttl-min", "2s");
        values.put("origin.name-ttl-max", "1h");
        EdgeSettings settings = read(values);
        assertThat(settings.slots().stream().map(Slot::toString))
                .containsExactly(
                        "127.0.0.2", "[::1]", "127.0.0.3+[fd00::3]", "127.0.0.4+[fd00::4]");
        assertThat(settings.rules()).hasSize(2);
        assertThat(settings.area()).isEqualTo(NodeArea.EVERY);
        assertThat(settings.loopCount()).isEqualTo(256);
        assertThat(settings.origins().avoidance().time()).isEqualTo(Duration.ofMillis(500));
        assertThat(settings.names().servers()).hasSize(2);
        assertThat(settings.names().lifetimeMax()).isEqualTo(Duration.ofHours(1));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    localhost            | is no IPv4 address
                    127.0.0.300          | is no IPv4 address
                    ::1                  | stands in brackets
                    127.0.0.1+127.0.0.2  | two IPv4 addresses
                    [::1]+[::2]          | two IPv6 addresses
                    127.0.0.1+           | is no IPv4 address
                    127.0.0.1,127.0.0.1  | stands there twice
                    0.0.0.0,127.0.0.1    | a wildcard may only be the single slot
                    [::],127.0.0.1       | a wildcard may only be the single slot
                    224.0.0.1            | multicast
                    ,                    | must name 1 to 256 slots
                    127.0.0.1:80         | stands in brackets
                    """)
    void badSlotsAreNamed(String listen, String part) {
        assertThat(mistakes(Map.of("listen", listen)))
                .anySatisfy(mistake -> {
                    assertThat(mistake.field()).isEqualTo("listen");
                    assertThat(mistake.message()).contains(part);
                });
    }

    @Test
    void allMistakesAreToldAtOnce() {
        Map<String, String> values = new HashMap<>();
        values.put("node", "two words");
        values.put("area", "moon");
        values.put("listen", "x,y");
        values.put("rules", "https://127.0.0.1:1,http://a/b");
        values.put("drain", "3601s");
        values.put("edge.loops", "257");
        values.put("edge.transport", "kqueue");
        values.put("origin.name-servers", "127.0.0.1");
        values.put("edge.sesions-max", "1");
        assertThat(mistakes(values))
                .extracting(Mistake::field)
                .containsExactlyInAnyOrder(
                        "node",
                        "area",
                        "listen",
                        "listen",
                        "rules",
                        "rules",
                        "drain",
                        "edge.loops",
                        "edge.transport",
                        "origin.name-servers",
                        "edge.sesions-max");
    }

    @Test
    void aRuleServiceOffLoopbackNeedsAToken() {
        assertThatThrownBy(() -> read(Map.of("rules", "http://192.0.2.1:8081")))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("token");
        assertThat(mistakes(Map.of("rules", "http://192.0.2.1:8081", "node-token", "secret")))
                .isEmpty();
        assertThat(mistakes(Map.of("rules", "http://localhost:8081,http://[::1]:1"))).isEmpty();
    }

    @Test
    void aWildcardIsReportedAsTheAddressesOfTheMachine() {
        assertThat(Reachable.addresses(read(Map.of("listen", "0.0.0.0")).slots().getFirst()))
                .isNotEmpty()
                .doesNotContain("0.0.0.0");
        assertThat(
                        Reachable.addresses(
                                read(Map.of("listen", "127.0.0.9+[::1]")).slots().getFirst()))
                .containsExactly("127.0.0.9", "::1");
    }

    @Test
    void thePageNamesEverySetting() throws Exception {
        Path page = Path.of(System.getProperty("skerry.root"), "docs/reference/settings-edge.md");
        Set<String> written = new TreeSet<>();
        Matcher row =
                Pattern.compile("(?m)^\\| `([a-z0-9.-]+)` \\|").matcher(Files.readString(page));
        while (row.find()) {
            written.add(row.group(1));
        }
        Map<String, String> unknown = Map.of("zzzzzzzzzzzzzzzzzzzz", "1");
        String message = mistakes(unknown).getFirst().message();
        Set<String> known =
                new TreeSet<>(
                        List.of(message.substring(message.indexOf("known are ") + 10).split(", ")));
        assertThat(written).containsAll(known);
    }
}
