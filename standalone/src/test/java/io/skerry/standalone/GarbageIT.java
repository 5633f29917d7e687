package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Answer;
import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Product;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Bytes that mean nothing, sent to the API of the whole product.
final class GarbageIT {
    private static final int CONNECTIONS = 200;

    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    @Test
    void randomBytesOnTheApisPortLeaveItWorking() throws Exception {
        long seed = Long.getLong("skerry.seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        Api api = product.api();
        String instance = api.createInstance("after-garbage");

        for (int i = 0; i < CONNECTIONS; i++) {
            byte[] bytes = new byte[1 + random.nextInt(4_000)];
            random.nextBytes(bytes);
            throwAt(api.port(), bytes, i % 2 == 0);
        }

        assertThat(api.get("/v1/instances/" + instance).status()).isEqualTo(200);
        assertThat(api.get("/health/ready").status()).isEqualTo(200);
        assertThat(product.skerry().output()).hasSize(1);
    }

    @Test
    void bodiesOfRandomBytesAreRefusedAndNothingIsStored() {
        long seed = Long.getLong("skerry.seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        Api api = product.api();
        String instance = api.createInstance("binary");
        String rules = "/v1/instances/" + instance + "/rules";

        for (int i = 0; i < 50; i++) {
            byte[] bytes = new byte[1 + random.nextInt(4_000)];
            random.nextBytes(bytes);
            Answer json = api.post(rules, "application/json", bytes);
            assertThat(json.status()).isEqualTo(400);
            assertThat(json.json().getString("code")).isEqualTo("unreadable");
            Answer text = api.post(rules + "/import", "text/plain", bytes);
            assertThat(text.status()).as(text.shortText()).isIn(400, 422);
        }

        assertThat(api.rules(instance)).isEmpty();
    }

    private static void throwAt(int port, byte[] bytes, boolean likeHttp) throws IOException {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(200);
            socket.connect(new InetSocketAddress("127.0.0.1", port), 5_000);
            if (likeHttp) {
                socket.getOutputStream()
                        .write("POST /v1/instances HTTP/1.1\r\n".getBytes(StandardCharsets.UTF_8));
            }
            socket.getOutputStream().write(bytes);
            socket.shutdownOutput();
            int _ = socket.getInputStream().read(new byte[4_000]);
        } catch (SocketException | SocketTimeoutException closed) {
            // Closing on us, or waiting for more, are both fine answers to nonsense.
            return;
        }
    }
}
