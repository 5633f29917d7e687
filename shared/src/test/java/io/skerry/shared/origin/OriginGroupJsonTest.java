package io.skerry.shared.origin;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.fixture.RandomRules;
import io.skerry.shared.fixture.Said;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OriginGroupJsonTest {
    private static JsonObject group(String... addresses) {
        JsonArray origins = new JsonArray();
        for (String address : addresses) {
            origins.add(new JsonObject().put("address", address));
        }
        return new JsonObject().put("name", "main").put("origins", origins);
    }

    private static JsonObject weighted(Object... weights) {
        JsonArray origins = new JsonArray();
        for (int i = 0; i < weights.length; i++) {
            origins.add(new JsonObject().put("address", "10.0.0." + i).put("weight", weights[i]));
        }
        return group().put("origins", origins);
    }

    private static List<String> said(JsonObject body) {
        return Said.by(OriginGroupJson.read("og-1", body));
    }

    private static JsonObject partlyWeighted() {
        JsonObject body = weighted(1, 1);
        body.getJsonArray("origins").getJsonObject(1).remove("weight");
        return body;
    }

    @Test
    void givesTheDefaultHealthCheck() {
        assertThat(OriginGroupJson.print(OriginGroupJson.read("og-1", group("a.test")).orThrow()))
                .isEqualTo(
                        new JsonObject(
                                """
                                {"id":"og-1","name":"main","origins":[{"address":"a.test"}],
                                 "healthCheck":{"type":"tcp","port":null,"intervalSeconds":1,
                                 "timeoutSeconds":1,"failures":2,"successes":2}}
                                """));
    }

    @Test
    void readsBackWhatItPrints() {
        RandomRules random = new RandomRules(new Random(7));
        for (int i = 0; i < 200; i++) {
            OriginGroup group = random.group("og-" + i);
            JsonObject wire = new JsonObject(OriginGroupJson.print(group).encode());
            assertThat(OriginGroupJson.read(group.id(), wire).orThrow()).isEqualTo(group);
            assertThat(OriginGroupJson.readPeer(wire).orThrow()).isEqualTo(group);
        }
    }

    @Test
    void takesNamesOf1To200Letters() {
        assertThat(said(group("::1").put("name", "aZ09_-"))).isEmpty();
        assertThat(said(group("::1").put("name", "a".repeat(200)))).isEmpty();
        assertThat(said(group("::1").put("name", "a".repeat(201))))
                .containsExactly("name OUT_OF_RANGE");
        assertThat(said(group("::1").put("name", ""))).containsExactly("name OUT_OF_RANGE");
        assertThat(said(group("::1").put("name", "a b"))).containsExactly("name BAD_FORMAT");
        assertThat(said(group("::1").put("name", 1))).containsExactly("name WRONG_TYPE");
        assertThat(said(group("::1").putNull("name"))).containsExactly("name MISSING");
    }

    @Test
    void takes1To20Origins() {
        assertThat(said(weighted((Object[]) fill(20)))).isEmpty();
        assertThat(said(weighted((Object[]) fill(21)))).containsExactly("origins OUT_OF_RANGE");
        assertThat(said(group())).containsExactly("origins OUT_OF_RANGE");
    }

    private static Integer[] fill(int count) {
        Integer[] weights = new Integer[count];
        java.util.Arrays.fill(weights, 50);
        return weights;
    }

    @Test
    void takesOneDomainOrAddresses() {
        assertThat(said(group("a.test"))).isEmpty();
        assertThat(said(group("10.0.0.1", "::1"))).isEmpty();
        assertThat(said(group("a.test", "b.test"))).containsExactly("origins INCOMPATIBLE");
        assertThat(said(group("a.test", "::1"))).containsExactly("origins INCOMPATIBLE");
        assertThat(said(group("::1", "0::1"))).containsExactly("origins[1].address NOT_ALLOWED");
    }

    @Test
    void takesWeightsOnAllOrNone() {
        assertThat(said(weighted(0, 100))).isEmpty();
        assertThat(said(weighted(0, 0))).containsExactly("origins INCOMPATIBLE");
        assertThat(said(partlyWeighted())).containsExactly("origins INCOMPATIBLE");
        assertThat(said(weighted(-1, 101)))
                .containsExactly(
                        "origins[0].weight OUT_OF_RANGE", "origins[1].weight OUT_OF_RANGE");
        assertThat(said(weighted("1", 1))).containsExactly("origins[0].weight WRONG_TYPE");
    }

    @ParameterizedTest
    @CsvSource({
        "port, 1, 65535",
        "intervalSeconds, 1, 60",
        "timeoutSeconds, 1, 60",
        "failures, 1, 10",
        "successes, 1, 10"
    })
    void holdsTheHealthCheckToItsRanges(String field, int min, int max) {
        for (int inside : List.of(min, max)) {
            assertThat(said(checked(field, inside))).isEmpty();
        }
        for (int outside : List.of(min - 1, max + 1)) {
            assertThat(said(checked(field, outside)))
                    .containsExactly("healthCheck." + field + " OUT_OF_RANGE");
        }
    }

    @Test
    void takesACapForEachOrigin() {
        assertThat(said(capped(0))).isEmpty();
        assertThat(said(capped(1_000_000))).isEmpty();
        assertThat(said(capped(-1))).containsExactly("origins[0].maxConnections OUT_OF_RANGE");
        assertThat(said(capped(1_000_001)))
                .containsExactly("origins[0].maxConnections OUT_OF_RANGE");
        assertThat(said(capped("5"))).containsExactly("origins[0].maxConnections WRONG_TYPE");
    }

    private static JsonObject capped(Object cap) {
        JsonObject body = group("::1");
        body.getJsonArray("origins").getJsonObject(0).put("maxConnections", cap);
        return body;
    }

    @Test
    void printsWhatCameLaterOnlyWhereItSaysSomething() {
        JsonObject plain = OriginGroupJson.print(OriginGroupJson.read("og-1", capped(0)).orThrow());
        assertThat(plain.encode()).doesNotContain("maxConnections", "send", "expect");
        JsonObject body = capped(7);
        body.put("healthCheck", new JsonObject().put("type", "udp").put("send", "FFfe"));
        assertThat(OriginGroupJson.print(OriginGroupJson.read("og-1", body).orThrow()).encode())
                .contains("\"maxConnections\":7", "\"send\":\"fffe\"")
                .doesNotContain("expect");
    }

    @ParameterizedTest
    @CsvSource({
        "udp, send, 0, BAD_FORMAT",
        "udp, expect, xy, BAD_FORMAT",
        "tcp, send, 00, INCOMPATIBLE",
        "none, expect, 00, INCOMPATIBLE"
    })
    void refusesBytesThatNobodyCanSend(String type, String field, String bytes, String code) {
        JsonObject body = checked(field, bytes);
        body.getJsonObject("healthCheck").put("type", type);
        assertThat(said(body)).containsExactly("healthCheck." + field + " " + code);
    }

    @Test
    void takes512BytesToSend() {
        JsonObject body = checked("send", "00".repeat(512));
        body.getJsonObject("healthCheck").put("type", "udp");
        assertThat(said(body)).isEmpty();
        body.getJsonObject("healthCheck").put("send", "00".repeat(513));
        assertThat(said(body)).containsExactly("healthCheck.send BAD_FORMAT");
    }

    private static JsonObject checked(String field, Object value) {
        return group("::1").put("healthCheck", new JsonObject().put(field, value));
    }

    @Test
    void saysEverythingThatIsWrongAtOnce() {
        JsonObject body =
                new JsonObject(
                        """
                        {"name":"?","origins":[5,{"adress":"x"},{"address":"a b"}],
                         "healthCheck":{"type":"http","prt":1},"weight":1}
                        """);
        assertThat(said(body))
                .containsExactlyInAnyOrder(
                        "name BAD_FORMAT",
                        "origins[0] WRONG_TYPE",
                        "origins[1].address MISSING",
                        "origins[1].adress UNKNOWN_FIELD",
                        "origins[2].address BAD_FORMAT",
                        "healthCheck.type NOT_ALLOWED",
                        "healthCheck.prt UNKNOWN_FIELD",
                        "weight UNKNOWN_FIELD");
    }

    @Test
    void ignoresFieldsOfANewerPeer() {
        OriginGroup group = new RandomRules(new Random(3)).group("og-1");
        JsonObject newer = OriginGroupJson.print(group).put("colour", "red");
        newer.getJsonObject("healthCheck").put("path", "/");
        newer.getJsonArray("origins").getJsonObject(0).put("zone", "a");
        assertThat(OriginGroupJson.readPeer(newer).orThrow()).isEqualTo(group);
        newer.remove("id");
        assertThat(Said.by(OriginGroupJson.readPeer(newer))).containsExactly("id MISSING");
    }
}
