package io.skerry.shared.rule;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.fixture.Said;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RuleReaderTest {
    private static JsonObject body() {
        return new JsonObject(
                """
                {"protocol":"TCP","ports":["80"],"origin":{"type":"single","address":"10.0.0.5"},
                 "originPort":"8080"}
                """);
    }

    private static JsonObject udp() {
        return body().put("protocol", "UDP");
    }

    private static List<String> said(JsonObject body) {
        return Said.by(RuleReader.read(body));
    }

    private static RuleSpec read(JsonObject body) {
        return RuleReader.read(body).orThrow();
    }

    @Test
    void givesTheDefaultsOfTcp() {
        assertThat(RuleJson.print(read(body())))
                .isEqualTo(
                        new JsonObject(
                                """
                                {"protocol":"TCP","ports":["80"],
                                 "origin":{"type":"single","address":"10.0.0.5"},
                                 "originPort":"8080","sessionPersistence":false,
                                 "sessionPersistenceSeconds":3600,"clientIp":"off","tag":"",
                                 "idleSeconds":3600,"drainSeconds":30,"ppv2Udp":"first",
                                 "headerDestination":"dialled","maxConnections":0}
                                """));
    }

    @Test
    void givesTheIdleDefaultOfUdp() {
        assertThat(read(udp()).idleSeconds()).isEqualTo(120);
    }

    @Test
    void readsEveryFieldThatIsNotTheDefault() {
        JsonObject full =
                new JsonObject(
                        """
                        {"protocol":"UDP","ports":["443","8000-8010"],
                         "origin":{"type":"group","id":"og-000000000001"},"originPort":"9000",
                         "sessionPersistence":true,"sessionPersistenceSeconds":30,
                         "clientIp":"ppv2","tag":"ab","idleSeconds":5,"drainSeconds":0,
                         "ppv2Udp":"every","headerDestination":"origin","maxConnections":7}
                        """);
        assertThat(RuleJson.print(read(full))).isEqualTo(full);
    }

    @Test
    void takesBackWhatTheApiAnswered() {
        JsonObject answered =
                body().put("id", "rule-000000000001")
                        .put("status", "online")
                        .put("statusReason", "no_node")
                        .put("revision", 17)
                        .put("createdAt", "x")
                        .put("updatedAt", "x");
        assertThat(said(answered)).isEmpty();
    }

    @Test
    void countsNullAsNotGiven() {
        assertThat(read(body().putNull("tag").putNull("clientIp").putNull("idleSeconds")))
                .isEqualTo(read(body()));
        assertThat(said(body().putNull("ports"))).containsExactly("ports MISSING");
    }

    @ParameterizedTest
    @CsvSource({
        "idleSeconds, 60, 86400",
        "drainSeconds, 0, 3600",
        "sessionPersistenceSeconds, 30, 3600",
        "maxConnections, 0, 1000000"
    })
    void holdsEachNumberToItsRange(String field, int min, int max) {
        for (int inside : List.of(min, min + 1, max - 1, max)) {
            assertThat(said(body().put(field, inside))).isEmpty();
            assertThat(RuleJson.print(read(body().put(field, inside))).getInteger(field))
                    .isEqualTo(inside);
        }
        for (Object outside : List.of(min - 1, max + 1, Long.MAX_VALUE, Integer.MIN_VALUE, 1e300)) {
            assertThat(said(body().put(field, outside))).containsExactly(field + " OUT_OF_RANGE");
        }
        for (Object wrong : List.of("60", true, 60.5, new JsonArray(), new JsonObject())) {
            assertThat(said(body().put(field, wrong))).containsExactly(field + " WRONG_TYPE");
        }
    }

    @Test
    void letsUdpIdleForFiveSeconds() {
        assertThat(said(udp().put("idleSeconds", 5))).isEmpty();
        assertThat(said(udp().put("idleSeconds", 86_400))).isEmpty();
        assertThat(said(udp().put("idleSeconds", 4))).containsExactly("idleSeconds OUT_OF_RANGE");
        assertThat(said(udp().put("idleSeconds", 86_401)))
                .containsExactly("idleSeconds OUT_OF_RANGE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "64999", "1-64", "64000-64999"})
    void takesForwardingPortsOfTheManualsRange(String port) {
        assertThat(said(body().put("ports", new JsonArray().add(port)))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "0, BAD_FORMAT",
        "65000, OUT_OF_RANGE",
        "64999-65000, OUT_OF_RANGE",
        "65535, OUT_OF_RANGE",
        "65536, BAD_FORMAT",
        "90-80, BAD_FORMAT",
        "080, BAD_FORMAT",
        "+80, BAD_FORMAT",
        "80-, BAD_FORMAT",
        "'', BAD_FORMAT",
        "' 80', BAD_FORMAT",
        "80;90, BAD_FORMAT"
    })
    void refusesForwardingPortsOutsideIt(String port, String code) {
        JsonArray ports = new JsonArray().add("1").add(port);
        assertThat(said(body().put("ports", ports))).containsExactly("ports[1] " + code);
    }

    @ParameterizedTest
    @CsvSource({
        "TCP, 3943",
        "TCP, 3944",
        "TCP, 6088",
        "TCP, 36000",
        "TCP, 56000",
        "UDP, 4789",
        "UDP, 4790",
        "UDP, 6080",
        "UDP, 61708"
    })
    void keepsTheReservedPortsOfEachProtocol(String protocol, int port) {
        String other = protocol.equals("TCP") ? "UDP" : "TCP";
        for (String entry : List.of("" + port, (port - 3) + "-" + port, port + "-" + (port + 3))) {
            JsonObject body = body().put("ports", new JsonArray().add(entry));
            assertThat(said(body.put("protocol", protocol))).contains("ports[0] RESERVED_PORT");
            assertThat(said(body.put("protocol", other))).isEmpty();
        }
    }

    @Test
    void namesEachReservedPortOfARange() {
        JsonArray ports = new JsonArray().add("3900-4000");
        assertThat(RuleReader.read(body().put("ports", ports)).mistakes())
                .extracting(mistake -> mistake.message().replaceAll("[^0-9]", ""))
                .containsExactly("3943", "3944");
    }

    @Test
    void takesOneToTwentyEntries() {
        assertThat(said(body().put("ports", entries(20)))).isEmpty();
        assertThat(said(body().put("ports", entries(21)))).containsExactly("ports OUT_OF_RANGE");
        assertThat(said(body().put("ports", entries(0)))).containsExactly("ports OUT_OF_RANGE");
    }

    private static JsonArray entries(int count) {
        return new JsonArray(IntStream.range(0, count).mapToObj(i -> "" + (100 + i)).toList());
    }

    @Test
    void refusesThePortsOfOneRuleTwice() {
        JsonArray ports = new JsonArray().add("80").add("70-90").add("80").add("91");
        assertThat(said(body().put("ports", ports)))
                .containsExactly("ports[1] DUPLICATE_PORT", "ports[2] DUPLICATE_PORT");
    }

    @Test
    void takesPortsAsTextOnly() {
        JsonArray ports = new JsonArray().add(80).addNull().add(new JsonObject());
        assertThat(said(body().put("ports", ports)))
                .containsExactly(
                        "ports[0] WRONG_TYPE", "ports[1] WRONG_TYPE", "ports[2] WRONG_TYPE");
        assertThat(said(body().put("ports", "80"))).containsExactly("ports WRONG_TYPE");
    }

    @ParameterizedTest
    @CsvSource({
        "80-90, 80-90, ''",
        "80-90, 90-100, ''",
        "80-90, 443, ''",
        "80, 65535, ''",
        "80-90, 90-99, originPort INCOMPATIBLE",
        "80-90, 90-101, originPort INCOMPATIBLE",
        "80, 80-81, originPort INCOMPATIBLE",
        "80-90, 0, originPort BAD_FORMAT",
        "80-90, 65536, originPort BAD_FORMAT",
        "80-90, 65530-65540, originPort BAD_FORMAT"
    })
    void wantsAnOriginRangeAsLongAsTheForwardingRange(String port, String origin, String wanted) {
        JsonObject body = body().put("ports", new JsonArray().add(port)).put("originPort", origin);
        assertThat(String.join(",", said(body))).isEqualTo(wanted);
    }

    @Test
    void takesAnOriginRangeForOneEntryOnly() {
        JsonArray ports = new JsonArray().add("80-81").add("90-91");
        assertThat(said(body().put("ports", ports).put("originPort", "80-81")))
                .containsExactly("originPort INCOMPATIBLE");
        assertThat(said(body().put("ports", ports).put("originPort", "80"))).isEmpty();
        assertThat(said(body().put("originPort", 80))).containsExactly("originPort WRONG_TYPE");
    }

    @ParameterizedTest
    @CsvSource({
        "off, true, true",
        "toa, true, false",
        "ppv1, true, false",
        "ppv2, true, true",
        "spp, false, true"
    })
    void fitsEachModeToItsProtocols(String mode, boolean tcp, boolean udp) {
        List<String> refused = List.of("clientIp INCOMPATIBLE");
        assertThat(said(body().put("clientIp", mode))).isEqualTo(tcp ? List.of() : refused);
        assertThat(said(udp().put("clientIp", mode))).isEqualTo(udp ? List.of() : refused);
    }

    @ParameterizedTest
    @CsvSource({
        "protocol, tcp",
        "protocol, SCTP",
        "clientIp, TOA",
        "clientIp, ''",
        "ppv2Udp, all",
        "headerDestination, client"
    })
    void refusesWordsThatAFieldDoesNotHave(String field, String word) {
        assertThat(said(body().put(field, word))).containsExactly(field + " NOT_ALLOWED");
        assertThat(said(body().put(field, 1))).contains(field + " WRONG_TYPE");
    }

    @Test
    void takesTagsOfFiftyCodePoints() {
        for (String letter : List.of("x", "é", "漢", "😀")) {
            assertThat(read(body().put("tag", letter.repeat(50))).tag()).hasSizeBetween(50, 100);
            assertThat(said(body().put("tag", letter.repeat(51))))
                    .containsExactly("tag OUT_OF_RANGE");
        }
        assertThat(said(body().put("tag", ""))).isEmpty();
        assertThat(said(body().put("tag", "a  b"))).isEmpty();
        assertThat(said(body().put("tag", 5))).containsExactly("tag WRONG_TYPE");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a\tb",
                "a\nb",
                "a\0b",
                "a\u007fb",
                "a\u0085b",
                "\ud83d",
                "x\ude00",
                " a",
                "a ",
                " ",
                "a\u3000"
            })
    void refusesTagsThatBreakALine(String tag) {
        assertThat(said(body().put("tag", tag))).containsOnly("tag BAD_FORMAT").hasSize(1);
    }

    @Test
    void readsOriginsByTypeAndNamesWhatIsMissing() {
        assertThat(origin("{}")).containsExactly("origin.type MISSING");
        assertThat(origin("{\"address\":\"10.0.0.1\"}")).containsExactly("origin.type MISSING");
        assertThat(origin("{\"type\":\"pool\",\"name\":\"a\"}"))
                .containsExactly("origin.type NOT_ALLOWED");
        assertThat(origin("{\"type\":\"single\"}")).containsExactly("origin.address MISSING");
        assertThat(origin("{\"type\":\"single\",\"address\":\"10.0.0.1:80\"}"))
                .containsExactly("origin.address BAD_FORMAT");
        assertThat(origin("{\"type\":\"single\",\"address\":\"a.test\",\"name\":\"x\"}"))
                .containsExactly("origin.name UNKNOWN_FIELD");
        assertThat(origin("{\"type\":\"group\"}")).containsExactly("origin.name MISSING");
        assertThat(origin("{\"type\":\"group\",\"id\":5}")).containsExactly("origin.id WRONG_TYPE");
        assertThat(origin("{\"type\":\"group\",\"name\":\"a b\"}"))
                .containsExactly("origin.name BAD_FORMAT");
        assertThat(said(body().put("origin", "10.0.0.1"))).containsExactly("origin WRONG_TYPE");
    }

    private static List<String> origin(String json) {
        return said(body().put("origin", new JsonObject(json)));
    }

    @Test
    void keepsTheIdOfAGroupThatIsGivenBothWays() {
        JsonObject both =
                new JsonObject().put("type", "group").put("name", "main").put("id", "og-1");
        assertThat(read(body().put("origin", both)).origin())
                .isEqualTo(new OriginRef.Group("og-1"));
        both.remove("id");
        assertThat(read(body().put("origin", both)).origin())
                .isEqualTo(new OriginRef.GroupNamed("main"));
    }

    @Test
    void saysEverythingThatIsWrongAtOnce() {
        JsonObject body =
                new JsonObject(
                        """
                        {"protocol":"UDP","ports":["0","80","80","4789"],
                         "origin":{"type":"single","adress":"x"},"originPort":"x",
                         "sessionPersistence":"on","sessionPersistenceSeconds":29,
                         "clientIp":"toa","tag":" ","idleSeconds":4,"drainSeconds":-1,
                         "ppv2Udp":"x","headerDestination":"x","maxConnections":-1,"colour":1}
                        """);
        assertThat(said(body))
                .containsExactlyInAnyOrder(
                        "ports[0] BAD_FORMAT",
                        "ports[2] DUPLICATE_PORT",
                        "ports[3] RESERVED_PORT",
                        "origin.address MISSING",
                        "origin.adress UNKNOWN_FIELD",
                        "originPort BAD_FORMAT",
                        "sessionPersistence WRONG_TYPE",
                        "sessionPersistenceSeconds OUT_OF_RANGE",
                        "clientIp INCOMPATIBLE",
                        "tag BAD_FORMAT",
                        "idleSeconds OUT_OF_RANGE",
                        "drainSeconds OUT_OF_RANGE",
                        "ppv2Udp NOT_ALLOWED",
                        "headerDestination NOT_ALLOWED",
                        "maxConnections OUT_OF_RANGE",
                        "colour UNKNOWN_FIELD");
    }

    @Test
    void namesAllFieldsThatMustBeGiven() {
        assertThat(said(new JsonObject()))
                .containsExactly(
                        "protocol MISSING",
                        "ports MISSING",
                        "origin MISSING",
                        "originPort MISSING");
    }

    @Test
    void suggestsTheNearestNameOfAnUnknownField() {
        assertThat(RuleReader.read(body().put("clientIP", "off")).mistakes().get(0).message())
                .contains("'clientIp'");
        assertThat(RuleReader.read(body().put("originport", "1")).mistakes().get(0).message())
                .contains("'originPort'");
    }
}
