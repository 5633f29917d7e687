package io.skerry.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.ProblemException;
import io.skerry.shared.process.LocalBus;
import io.skerry.shared.process.SettingsReader;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GatewaySettingsTest {
    private static GatewaySettings read(Map<String, String> settings) {
        SettingsReader reader = SettingsReader.of(settings);
        GatewaySettings read = GatewaySettings.read(reader);
        reader.finish();
        return read;
    }

    private static List<String> mistakes(Map<String, String> settings) {
        try {
            read(settings);
            return List.of();
        } catch (ProblemException refused) {
            return refused.problem().mistakes().stream().map(Mistake::field).toList();
        }
    }

    private static HostPort at(String text) {
        return HostPort.parse(text).orElseThrow();
    }

    @Test
    void hasDefaults() {
        assertThat(read(Map.of()))
                .isEqualTo(
                        new GatewaySettings(
                                at("127.0.0.1:8080"), false, at("127.0.0.1:0"), 1_024, 100));
    }

    @Test
    void readsEveryKey() {
        Map<String, String> settings =
                Map.of(
                        "api", "[::1]:1",
                        "api.insecure", "true",
                        "admin", "127.0.0.2:2",
                        "api.connections-max", "3",
                        "api.watchers-max", "4");

        assertThat(read(settings))
                .isEqualTo(new GatewaySettings(at("[::1]:1"), true, at("127.0.0.2:2"), 3, 4));
    }

    @Test
    void refusesNumbersOutOfRange() {
        assertThat(mistakes(Map.of("api.connections-max", "0"))).hasSize(1);
        assertThat(mistakes(Map.of("api.connections-max", "100001"))).hasSize(1);
        assertThat(mistakes(Map.of("api.connections-max", "100000"))).isEmpty();
        assertThat(mistakes(Map.of("api.watchers-max", "0"))).hasSize(1);
        assertThat(mistakes(Map.of("api.watchers-max", "10001"))).hasSize(1);
        assertThat(mistakes(Map.of("api.watchers-max", "10000"))).isEmpty();
    }

    @Test
    void refusesAnAddressOffLoopbackUnlessToldSo() {
        for (String open : List.of("0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080")) {
            assertThat(mistakes(Map.of("api", open))).containsExactly("api");
            assertThat(mistakes(Map.of("api", open, "api.insecure", "true"))).isEmpty();
        }
        assertThat(mistakes(Map.of("api", "127.9.9.9:8080"))).isEmpty();
        assertThat(mistakes(Map.of("api", "localhost:8080"))).isEmpty();
    }

    @Test
    void saysWhichAddressItCannotListenOn() {
        Vertx vertx = Vertx.vertx();
        try (Door door = new Door()) {
            GatewaySettings taken = read(Map.of("api", door.api.toString()));

            assertThatThrownBy(() -> Door.await(Gateway.start(vertx, new LocalBus(vertx), taken)))
                    .hasMessageContaining("cannot listen on " + door.api);
        } finally {
            Door.await(vertx.close());
        }
    }
}
