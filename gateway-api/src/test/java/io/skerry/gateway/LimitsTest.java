package io.skerry.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LimitsTest {
    private static final String IMPORT = "/v1/instances/sid-1/rules/import";
    private static final String TEXT = "Content-Type: text/plain";
    private static final GatewayVerticle.Times QUICK = new GatewayVerticle.Times(300, 15_000);

    @Test
    void takesABodyOfFourMebibytesAndRefusesOneByteMore() throws Exception {
        try (Door door = new Door()) {
            FakeRuleService rules = FakeRuleService.on(door.bus);
            String most = "tcp:80 a.b 80 off off\n".repeat(200_000).substring(0, 4 << 20);

            assertThat(door.call("POST", IMPORT, TEXT, most).status()).isEqualTo(200);
            assertThat(rules.next().body()).isEqualTo(most);
            door.awaitMetric("skerry_limit_hits_total{name=\"api_body_bytes\"} 0.0");

            Wire.Answer refused = door.call("POST", IMPORT, TEXT, most + "\n");
            assertThat(refused.status()).isEqualTo(413);
            assertThat(refused.code()).isEqualTo("too_large");
            assertThat(rules.wasAsked()).isFalse();
            door.awaitMetric("skerry_limit_hits_total{name=\"api_body_bytes\"} 1.0");
        }
    }

    @Test
    void takesAnImportOfThreeMegabytesInBothForms() throws Exception {
        try (Door door = new Door()) {
            FakeRuleService rules = FakeRuleService.on(door.bus);
            String item = "{\"tag\":\"" + "x".repeat(1_000) + "\"}";
            String items = "{\"items\":[" + (item + ",").repeat(2_999) + item + "]}";

            assertThat(door.call("POST", IMPORT, items).status()).isEqualTo(200);

            assertThat(rules.next().body()).isEqualTo(new JsonObject(items));
        }
    }

    @Test
    void refusesAnOversizeBodyBeforeItIsSentWhereTheCallerAsks() throws Exception {
        try (Door door = new Door();
                Wire wire = new Wire(door.api)) {
            FakeRuleService.on(door.bus);
            String head =
                    "POST "
                            + IMPORT
                            + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                            + "Expect: 100-continue\r\n";

            wire.send(head + "Content-Length: 4\r\n\r\n");
            assertThat(wire.line()).contains("100");
            wire.headers();
            wire.send("tcp:");
            assertThat(wire.answer().status()).isEqualTo(200);

            wire.send(head + "Content-Length: 5000000\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(413);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void endsABodyThatNeverEnds() throws Exception {
        try (Door door = new Door();
                Wire wire = new Wire(door.api)) {
            FakeRuleService.on(door.bus);
            wire.send(
                    "POST "
                            + IMPORT
                            + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                            + "Transfer-Encoding: chunked\r\n\r\n");
            byte[] chunk = bytes("10000\r\n" + "x".repeat(0x10000) + "\r\n");

            assertThatThrownBy(
                            () -> {
                                for (int i = 0; i < 1_000; i++) {
                                    wire.send(chunk);
                                }
                            })
                    .isInstanceOf(IOException.class);

            assertThat(door.call("GET", "/health/live").status()).isEqualTo(200);
        }
    }

    @Test
    void refusesHeadsThatAreTooLarge() throws Exception {
        try (Door door = new Door()) {
            String filling = "x".repeat(10_000);

            assertThat(door.call("GET", "/health/live", "A: " + filling).status()).isEqualTo(200);
            assertThat(door.call("GET", "/health/live", "A: " + filling, "B: " + filling).status())
                    .isEqualTo(431);
            assertThat(door.call("GET", "/" + filling).status()).isEqualTo(414);
            door.awaitMetric("skerry_limit_hits_total{name=\"api_header_bytes\"} 1.0");
            door.awaitMetric("skerry_limit_hits_total{name=\"api_line_bytes\"} 1.0");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "api_connections 1024.0",
                "api_send_seconds 30.0",
                "api_idle_seconds 60.0",
                "api_line_bytes 4096.0",
                "api_header_bytes 16384.0",
                "api_body_bytes 4194304.0",
                "api_discarded_body_bytes 1.6777216E7",
                "api_json_levels 32.0",
                "api_json_digits 100.0",
                "api_json_name_characters 50000.0",
                "api_read_seconds 2.0",
                "api_write_seconds 5.0",
                "event_watchers 100.0",
                "event_backlog_bytes 262144.0"
            })
    void everyLimitIsShownByItsName(String limit) throws Exception {
        String[] parts = limit.split(" ", -1);
        try (Door door = new Door()) {
            assertThat(door.gateway.metricsText())
                    .contains("skerry_limit{name=\"" + parts[0] + "\"} " + parts[1]);
        }
    }

    @Test
    void endsAConnectionWhoseHeadDrips() throws Exception {
        try (Door door = new Door(QUICK);
                Wire wire = new Wire(door.api)) {
            assertEndsWhileDripping(wire, "GET /health/live HTTP/1.1\r\nX: ");
            door.awaitMetric("skerry_limit_hits_total{name=\"api_send_seconds\"} 1.0");
            door.awaitMetric("skerry_http_connections 0.0");
        }
    }

    @Test
    void endsAConnectionWhoseBodyDrips() throws Exception {
        try (Door door = new Door(QUICK);
                Wire wire = new Wire(door.api)) {
            assertEndsWhileDripping(
                    wire,
                    "POST "
                            + IMPORT
                            + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                            + "Content-Length: 1000000\r\n\r\n");
        }
    }

    /// Sends a byte every 20 ms; the far end has to close although bytes keep coming.
    private static void assertEndsWhileDripping(Wire wire, String head) throws Exception {
        wire.send(head);
        wire.waitAtMostMillis(20);
        for (int i = 0; i < 500; i++) {
            if (isClosed(wire)) {
                return;
            }
        }
        throw new AssertionError("still open after 10 s");
    }

    private static boolean isClosed(Wire wire) {
        try {
            wire.send("x");
            return wire.line() == null;
        } catch (SocketTimeoutException stillOpen) {
            return false;
        } catch (IOException closed) {
            return true;
        }
    }

    @Test
    void keepsAConnectionWhoseRequestsAreWhole() throws Exception {
        try (Door door = new Door(new GatewayVerticle.Times(3_000, 15_000));
                Wire wire = new Wire(door.api)) {
            for (int i = 0; i < 100; i++) {
                assertThat(wire.request("GET", "/health/live").status()).isEqualTo(200);
            }
        }
    }

    @Test
    void doesNotHurryACallerThatWaitsForTheRuleService() throws Exception {
        try (Door door = new Door(QUICK)) {
            FakeRuleService.on(door.bus).fallSilent();

            assertThat(door.call("GET", "/v1/nodes").status()).isEqualTo(503);
        }
    }

    @Test
    void countsReadsAndWritesThatGetNoAnswerInTime() throws Exception {
        try (Door door = new Door()) {
            FakeRuleService rules = FakeRuleService.on(door.bus);
            assertThat(door.call("GET", "/v1/nodes").status()).isEqualTo(200);
            assertThat(door.call("POST", "/v1/instances", "{}").status()).isEqualTo(200);
            assertHits(door, "api_read_seconds", 0);
            assertHits(door, "api_write_seconds", 0);

            rules.fallSilent();

            assertThat(door.call("GET", "/v1/nodes").status()).isEqualTo(503);
            assertHits(door, "api_read_seconds", 1);
            assertThat(door.call("POST", "/v1/instances", "{}").status()).isEqualTo(504);
            assertHits(door, "api_write_seconds", 1);
            assertHits(door, "api_read_seconds", 1);
        }
    }

    private static void assertHits(Door door, String limit, int hits) {
        assertThat(door.gateway.metricsText())
                .contains("skerry_limit_hits_total{name=\"" + limit + "\"} " + hits + ".0");
    }

    @Test
    void takesJsonAsFarAsItsLimitsAndCountsWhatGoesBeyond() throws Exception {
        try (Door door = new Door()) {
            FakeRuleService.on(door.bus);
            String items = "/v1/instances/sid-1/rules";
            List<JsonLimit> limits =
                    List.of(
                            new JsonLimit(
                                    "api_json_levels",
                                    JsonText.DEPTH_MAX,
                                    levels -> "[".repeat(levels) + "]".repeat(levels)),
                            new JsonLimit(
                                    "api_json_digits",
                                    JsonText.DIGITS_MAX,
                                    digits -> "{\"a\":" + "1".repeat(digits) + "}"),
                            new JsonLimit(
                                    "api_json_name_characters",
                                    JsonText.NAME_MAX,
                                    characters -> "{\"" + "a".repeat(characters) + "\":1}"));
            for (JsonLimit limit : limits) {
                String atMost = limit.body().apply(limit.most());
                assertThat(door.call("POST", items, atMost).status())
                        .as(limit.name())
                        .isEqualTo(200);
                assertHits(door, limit.name(), 0);
                String more = limit.body().apply(limit.most() + 1);
                Wire.Answer beyond = door.call("POST", items, more);
                assertThat(beyond.status()).as(limit.name()).isEqualTo(400);
                assertThat(beyond.code()).isEqualTo("unreadable");
                assertHits(door, limit.name(), 1);
            }
            assertThat(door.call("POST", items, "{").status()).isEqualTo(400);
            for (JsonLimit limit : limits) {
                assertHits(door, limit.name(), 1);
            }
        }
    }

    /// A limit of what JSON may look like.
    ///
    /// @param body one that is as far as the number says
    private record JsonLimit(String name, int most, IntFunction<String> body) {}

    @Test
    void answersPipelinedRequestsInOrder() throws Exception {
        try (Door door = new Door();
                Wire wire = new Wire(door.api)) {
            FakeRuleService.on(door.bus);
            wire.send(Wire.print("GET", "/v1/nodes"));
            wire.send(Wire.print("POST", IMPORT, TEXT, "tcp:80 a.b 80 off off"));
            wire.send(Wire.print("GET", "/nothing"));
            wire.send(Wire.print("GET", "/health/live"));

            assertThat(wire.answer().body()).isEqualTo("{}");
            assertThat(wire.answer().status()).isEqualTo(200);
            assertThat(wire.answer().status()).isEqualTo(404);
            assertThat(wire.answer().json().getString("status")).isEqualTo("up");
        }
    }

    @Test
    void boundsTheNumberOfConnections() throws Exception {
        try (Door door = new Door("api.connections-max", "2")) {
            try (Wire first = new Wire(door.api);
                    Wire second = new Wire(door.api)) {
                assertThat(first.request("GET", "/health/live").status()).isEqualTo(200);
                assertThat(second.request("GET", "/health/live").status()).isEqualTo(200);
                assertHits(door, "api_connections", 0);
                try (Wire third = new Wire(door.api)) {
                    assertThatThrownBy(() -> third.request("GET", "/health/live"))
                            .isInstanceOf(IOException.class);
                }
                assertThat(first.request("GET", "/health/live").status()).isEqualTo(200);
                assertHits(door, "api_connections", 1);
            }
            door.awaitMetric("skerry_http_connections 0.0");
            assertThat(door.call("GET", "/health/live").status()).isEqualTo(200);
        }
    }

    @Test
    void countsRequestsByRouteAndNotByPath() throws Exception {
        try (Door door = new Door()) {
            FakeRuleService.on(door.bus);
            door.call("GET", "/v1/instances/sid-1");
            door.call("GET", "/v1/instances/sid-2");
            door.call("BREW", "/v1/tea");

            door.awaitMetric(
                    "skerry_http_requests_total{method=\"GET\",path=\"/v1/instances/{instance}\","
                            + "status=\"200\"} 2.0");
            door.awaitMetric(
                    "skerry_http_requests_total{method=\"other\",path=\"other\",status=\"404\"}"
                            + " 1.0");
            door.awaitMetric(
                    "skerry_http_request_duration_seconds_count{method=\"GET\","
                            + "path=\"/v1/instances/{instance}\"} 2");
            door.awaitMetric("skerry_limit{name=\"api_connections\"} 1024.0");
            assertThat(door.gateway.metricsText()).contains("skerry_build_info{");
        }
    }
}
