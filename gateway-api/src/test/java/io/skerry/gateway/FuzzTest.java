package io.skerry.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Random bytes at the door; `-Dskerry.seed=N` repeats a run.
class FuzzTest {
    private static final int REQUESTS = 2_000;

    private static final String[] PIECES = {
        "/v1/instances",
        "/v1/origin-groups",
        "/rules",
        "/import",
        "/export",
        "/sid-1",
        "/rule-1",
        "/enable",
        "/rollout",
        "/v1/nodes",
        "/%2e%2e",
        "/%00",
        "/%",
        "//",
        "/v1/revisions/",
        "?limit=",
        "&",
        "=",
        "%zz",
        "?",
        "#",
        "?dryRun=true",
        "\u00e9",
        "/health/ready"
    };
    private static final String[] METHODS = {"GET", "POST", "PATCH", "PUT", "DELETE", "G\u0001T"};
    private static final String[] HEADERS = {
        "Content-Type: application/json",
        "Content-Type: text/plain",
        "Content-Type: ;;",
        "If-Match: \"",
        "Idempotency-Key: \u00ff",
        "Origin: ",
        "Expect: 100-continue",
        "Connection: close",
        "Connection: upgrade",
        "Upgrade: h2c",
        "Accept: */*",
        "Content-Encoding: gzip",
        "Transfer-Encoding: chunked",
        "Content-Type: text/plain; charset"
    };

    @Test
    void noBytesMakeItFail() throws Exception {
        long seed = Long.getLong("skerry.seed", new Random().nextLong());
        System.out.println("seed " + seed);
        try (Door door = new Door();
                ExecutorService pool = Executors.newFixedThreadPool(8)) {
            FakeRuleService.on(door.bus);
            List<Future<String>> failures = new ArrayList<>();
            for (int i = 0; i < REQUESTS; i++) {
                Random random = new Random(seed + i);
                byte[] bytes = random.nextBoolean() ? noise(random) : framed(random);
                failures.add(pool.submit(() -> failure(door, bytes)));
            }
            for (int i = 0; i < REQUESTS; i++) {
                assertThat(failures.get(i).get(60, TimeUnit.SECONDS))
                        .as("seed " + (seed + i))
                        .isEmpty();
            }

            assertThat(door.call("GET", "/health/ready").status()).isEqualTo(200);
            assertThat(door.call("POST", "/v1/instances", "{}").status()).isEqualTo(200);
            assertThat(door.gateway.metricsText()).doesNotContain("status=\"500\"");
        }
    }

    /// What went wrong; empty where nothing did. No answer at all is fine for half a request.
    private static String failure(Door door, byte[] bytes) throws IOException {
        try (Wire wire = new Wire(door.api)) {
            wire.waitAtMostMillis(50);
            wire.send(bytes);
            String status = wire.line();
            boolean fine = status == null || status.matches("HTTP/1\\.[01] [1-4]\\d\\d .*");
            return fine ? "" : status + " for " + new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (IOException closedOrWaiting) {
            return "";
        }
    }

    private static byte[] noise(Random random) {
        byte[] bytes = new byte[1 + random.nextInt(400)];
        random.nextBytes(bytes);
        byte[] end = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (random.nextBoolean()) {
            out.writeBytes("POST /v1/instances HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII));
        }
        out.writeBytes(bytes);
        out.writeBytes(end);
        return out.toByteArray();
    }

    /// A request whose framing is right and whose rest is anything.
    private static byte[] framed(Random random) {
        StringBuilder head = new StringBuilder(one(random, METHODS)).append(" ");
        for (int i = 0; i < 1 + random.nextInt(6); i++) {
            head.append(one(random, PIECES));
        }
        head.append(" HTTP/1.1\r\nHost: localhost\r\n");
        for (int i = 0; i < random.nextInt(4); i++) {
            head.append(one(random, HEADERS)).append("\r\n");
        }
        byte[] body = new byte[random.nextInt(300)];
        random.nextBytes(body);
        if (random.nextBoolean()) {
            for (int i = 0; i < body.length; i++) {
                body[i] =
                        (byte)
                                "{}[]\":,0123.eE-truefalsnl\\u \n"
                                        .charAt(Math.floorMod(body[i], 29));
            }
        }
        head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(head.toString().getBytes(StandardCharsets.UTF_8));
        out.writeBytes(body);
        return out.toByteArray();
    }

    private static String one(Random random, String[] choices) {
        return choices[random.nextInt(choices.length)];
    }
}
