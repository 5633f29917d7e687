package io.skerry.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RefusalsTest {
    private static final String RULES = "/v1/instances/sid-1/rules";

    private Door door;
    private FakeRuleService rules;

    @BeforeEach
    void open() throws Exception {
        door = new Door();
        rules = FakeRuleService.on(door.bus);
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    private void refuses(int status, String mistake, Wire.Answer answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(answer.mistake()).isEqualTo(mistake);
        assertThat(answer.json().getInteger("status")).isEqualTo(status);
        assertThat(rules.wasAsked()).isFalse();
    }

    @Test
    void refusesAnUnknownPath() throws Exception {
        refuses(404, " not_found", door.call("GET", "/v1/instance"));
        refuses(404, " not_found", door.call("GET", "/"));
        refuses(404, " not_found", door.call("GET", "/v1/instances/a%00b"));
    }

    @Test
    void refusesAnotherMethodAndNamesThoseThatAreTaken() throws Exception {
        Wire.Answer answer = door.call("PUT", "/v1/instances");

        refuses(405, " method_not_allowed", answer);
        assertThat(answer.header("Allow")).isEqualTo("POST, GET, HEAD");
        assertThat(door.call("GET", RULES + "/import").header("Allow")).isEqualTo("POST");
        assertThat(door.call("BREW", "/v1/events").header("Allow")).isEqualTo("GET, HEAD");
    }

    @Test
    void refusesAnotherMediaType() throws Exception {
        refuses(
                415,
                " unsupported_media_type",
                door.call("POST", RULES, "Content-Type: text/plain", "tcp:80 a.b 80 off off"));
        refuses(
                415,
                " unsupported_media_type",
                door.call("POST", RULES, "Content-Type: application/merge-patch+json", "{}"));
        refuses(
                415,
                " unsupported_media_type",
                door.call("POST", RULES, "Content-Type: application/json; charset=latin1", "{}"));
        refuses(
                415,
                " unsupported_media_type",
                door.call("POST", RULES, "Content-Encoding: gzip", "{}"));
        refuses(
                415,
                " unsupported_media_type",
                door.call("POST", RULES + "/import", "Content-Type: text/html", "x"));
        refuses(415, " unsupported_media_type", door.call("POST", RULES, "Content-Type:", "{}"));
    }

    @Test
    void refusesWhatIsNotJson() throws Exception {
        refuses(400, " unreadable", door.call("POST", RULES, "{\"a\":"));
        refuses(400, " unreadable", door.call("POST", RULES, "{} {}"));
        refuses(400, " unreadable", door.call("POST", RULES, "{'a':1}"));
        refuses(400, " unreadable", door.call("POST", RULES, "[1,]"));
        refuses(400, " unreadable", door.call("POST", RULES, "NaN"));
        refuses(400, " unreadable", door.call("POST", RULES, "[1e999]"));
        refuses(400, " unreadable", door.call("POST", RULES, "   "));
        refuses(400, " unreadable", door.call("POST", RULES, "Content-Length: 0"));
    }

    @Test
    void saysWhereTheJsonEnds() throws Exception {
        Wire.Answer answer = door.call("POST", RULES, "{\n  \"a\": tru\n}");

        assertThat(answer.json().getString("detail")).contains("line 2");
    }

    @Test
    void refusesANameThatStandsTwice() throws Exception {
        Wire.Answer answer = door.call("POST", RULES, "{\"a\":1,\"b\":{\"c\":1,\"c\":2}}");

        refuses(400, " unreadable", answer);
        assertThat(answer.json().getString("detail")).contains("'c'");
        assertThat(door.call("POST", RULES, "{\"c\":1,\"b\":{\"c\":1}}").status()).isEqualTo(200);
    }

    @Test
    void refusesAnotherJsonTypeAsAWhole() throws Exception {
        refuses(400, " wrong_type", door.call("POST", RULES, "\"tcp:80\""));
        refuses(400, " wrong_type", door.call("POST", RULES, "null"));
        refuses(400, " wrong_type", door.call("POST", "/v1/instances", "[]"));
    }

    @Test
    void boundsHowDeepJsonGoes() throws Exception {
        int max = JsonText.DEPTH_MAX;

        assertThat(door.call("POST", RULES, "[".repeat(max) + "]".repeat(max)).status())
                .isEqualTo(200);
        rules.next();
        refuses(
                400,
                " unreadable",
                door.call("POST", RULES, "[".repeat(max + 1) + "]".repeat(max + 1)));
        refuses(400, " unreadable", door.call("POST", RULES, "[".repeat(500_000)));
    }

    @Test
    void refusesBytesThatAreNotText() throws Exception {
        for (String type : new String[] {"application/json", "text/plain"}) {
            byte[] head =
                    ("POST "
                                    + RULES
                                    + "/import HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                                    + type
                                    + "\r\nContent-Length: 4\r\n\r\n")
                            .getBytes(StandardCharsets.UTF_8);
            try (Wire wire = new Wire(door.api)) {
                wire.send(head);
                wire.send(new byte[] {'"', (byte) 0xc3, 0x28, '"'});
                refuses(400, " unreadable", wire.answer());
                wire.send(head);
                wire.send(new byte[] {'"', 0, 1, '"'});
                refuses(400, " unreadable", wire.answer());
            }
        }
        refuses(400, " unreadable", door.call("POST", RULES, "{\"a\":\"\\ud800\"}"));
        refuses(400, " unreadable", door.call("POST", RULES, "{\"\\u0000\":1}"));
        assertThat(door.call("POST", RULES, "{\"a\":\"\\ud83d\\ude00 \u00e9\"}").status())
                .isEqualTo(200);
    }

    @Test
    void refusesUnknownQueryParametersByName() throws Exception {
        Wire.Answer answer = door.call("GET", "/v1/instances?limt=3&x=1");

        refuses(422, "limt unknown_field", answer);
        assertThat(answer.json().getJsonArray("errors")).hasSize(2);
        assertThat(answer.json().getString("detail")).contains("did you mean 'limit'?");
        refuses(422, "limit not_allowed", door.call("GET", "/v1/instances?limit=3&limit=4"));
        refuses(422, "limit bad_format", door.call("GET", "/v1/instances?limit=%00"));
        refuses(422, "a unknown_field", door.call("GET", "/health/live?a=1"));
        assertThat(door.call("GET", "/v1/instances?limit=3").status()).isEqualTo(200);
    }

    @Test
    void refusesABadIdempotencyKey() throws Exception {
        String longest = "k".repeat(200);
        String name = "Idempotency-Key";

        assertThat(door.call("POST", RULES, name + ": " + longest, "{}").status()).isEqualTo(200);
        rules.next();
        refuses(
                422,
                name + " bad_format",
                door.call("POST", RULES, name + ": " + longest + "k", "{}"));
        refuses(422, name + " bad_format", door.call("POST", RULES, name + ": ", "{}"));
        refuses(422, name + " bad_format", door.call("POST", RULES, name + ": \u00e9", "{}"));
        refuses(
                422,
                name + " not_allowed",
                door.call("POST", RULES, name + ": a", name + ": b", "{}"));
    }

    @Test
    void refusesAnIfMatchThatIsNoTagOfOurs() throws Exception {
        String target = "/v1/instances/sid-1";

        refuses(422, "If-Match bad_format", door.call("DELETE", target, "If-Match: W/\"17\""));
        refuses(422, "If-Match bad_format", door.call("DELETE", target, "If-Match: \"a\""));
        assertThat(door.call("DELETE", target, "If-Match: *").status()).isEqualTo(200);
        assertThat(rules.next().ifMatch()).isNull();
    }

    @Test
    void refusesABodyWhereNoneIsTaken() throws Exception {
        refuses(422, " not_allowed", door.call("POST", RULES + "/rule-1/enable", "{\"a\":1}"));
        assertThat(door.call("POST", RULES + "/rule-1/enable", "Content-Length: 0").status())
                .isEqualTo(200);
    }

    @Test
    void refusesPathsAndQueriesThatCannotBeDecoded() throws Exception {
        assertThat(door.call("GET", "/v1/instances?limit=%zz").status()).isEqualTo(400);
        assertThat(door.call("GET", "/v1/instances/%zz").status()).isBetween(400, 499);
        assertThat(door.call("OPTIONS", "*").status()).isBetween(400, 499);
    }
}
