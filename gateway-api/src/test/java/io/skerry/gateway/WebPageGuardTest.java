package io.skerry.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WebPageGuardTest {
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

    @Test
    void answersToLoopbackNames() throws Exception {
        for (String host :
                new String[] {
                    "localhost",
                    "LocalHost:8080",
                    "127.0.0.1",
                    "127.0.0.1:8080",
                    "127.8.9.1",
                    "[::1]",
                    "[::1]:8080"
                }) {
            assertThat(door.call("GET", "/v1/instances", "Host: " + host).status())
                    .as(host)
                    .isEqualTo(200);
        }
    }

    @Test
    void refusesEveryOtherHostOnALoopbackApi() throws Exception {
        for (String host :
                new String[] {
                    "evil.example",
                    "localhost.evil.example",
                    "127.0.0.1.evil.example",
                    "10.0.0.1:8080",
                    "[::2]",
                    "localhost:",
                    "::1",
                    "a@localhost",
                    ""
                }) {
            Wire.Answer answer = door.call("GET", "/v1/instances", "Host: " + host);
            assertThat(answer.status()).as(host).isIn(400, 403);
            assertThat(rules.wasAsked()).as(host).isFalse();
        }
        Wire.Answer answer = door.call("GET", "/v1/instances", "Host: evil.example:8080");
        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.mistake()).isEqualTo("Host forbidden");
        assertThat(door.call("GET", "/nothing", "Host: evil.example").status()).isEqualTo(403);
        assertThat(door.call("GET", "/openapi.yaml", "Host: evil.example").status()).isEqualTo(403);
    }

    @Test
    void refusesTwoHosts() throws Exception {
        Wire.Answer answer =
                door.call("GET", "/v1/instances", "Host: localhost", "Host: localhost");

        assertThat(answer.status()).isIn(400, 403);
    }

    @Test
    void refusesAForeignPageThatReads() throws Exception {
        for (String origin :
                new String[] {
                    "http://evil.example",
                    "null",
                    "http://localhost:3000",
                    "http://127.0.0.1:8080",
                    "http://localhost:8080.evil.example",
                    "file://",
                    "chrome-extension://abc"
                }) {
            Wire.Answer answer =
                    door.call("GET", "/v1/instances", "Host: localhost:8080", "Origin: " + origin);
            assertThat(answer.status()).as(origin).isEqualTo(403);
            assertThat(answer.mistake()).isEqualTo("Origin forbidden");
        }
        assertThat(rules.wasAsked()).isFalse();
    }

    @Test
    void refusesAForeignPageThatSendsASimpleImport() throws Exception {
        String target = "/v1/instances/sid-1/rules/import";
        String text = "tcp:80 10.0.0.1 80 off off";

        Wire.Answer foreign =
                door.call(
                        "POST",
                        target,
                        "Origin: https://evil.example",
                        "Content-Type: text/plain",
                        text);
        assertThat(foreign.status()).isEqualTo(403);
        assertThat(rules.wasAsked()).isFalse();

        Wire.Answer own =
                door.call(
                        "POST",
                        target,
                        "Host: localhost:8080",
                        "Origin: http://localhost:8080",
                        "Content-Type: text/plain",
                        text);
        assertThat(own.status()).isEqualTo(200);
    }

    @Test
    void takesAnOriginThatIsTheApiItself() throws Exception {
        String[][] pairs = {
            {"localhost:8080", "http://localhost:8080"},
            {"127.0.0.1:8080", "http://127.0.0.1:8080"},
            {"[::1]:8080", "http://[::1]:8080"},
            {"localhost", "http://localhost"},
            {"localhost:80", "http://localhost"},
            {"localhost", "https://localhost"},
            {"LOCALHOST:8080", "http://localhost:8080"},
        };
        for (String[] pair : pairs) {
            Wire.Answer answer =
                    door.call("GET", "/v1/instances", "Host: " + pair[0], "Origin: " + pair[1]);
            assertThat(answer.status()).as(pair[1]).isEqualTo(200);
        }
    }

    @Test
    void answersToAnyHostOffLoopbackButNotToForeignPages() throws Exception {
        try (Door open = new Door("api", "0.0.0.0:0", "api.insecure", "true")) {
            FakeRuleService.on(open.bus);
            var api = io.skerry.shared.net.HostPort.parse("127.0.0.1:" + open.api.port());

            Wire.Answer named =
                    Wire.call(api.orElseThrow(), "GET", "/v1/instances", "Host: skerry.example");
            Wire.Answer own =
                    Wire.call(
                            api.orElseThrow(),
                            "GET",
                            "/v1/instances",
                            "Host: skerry.example",
                            "Origin: https://skerry.example");
            Wire.Answer foreign =
                    Wire.call(
                            api.orElseThrow(),
                            "GET",
                            "/v1/instances",
                            "Host: skerry.example",
                            "Origin: https://evil.example");

            assertThat(named.status()).isEqualTo(200);
            assertThat(own.status()).isEqualTo(200);
            assertThat(foreign.status()).isEqualTo(403);
        }
    }
}
