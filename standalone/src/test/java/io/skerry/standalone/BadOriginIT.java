package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Answer;
import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.IdOrigins;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Rules;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Origins that cannot work: names without an address, nobody there, and the product itself.
final class BadOriginIT {
    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    @Test
    void aNameWithoutAnAddressEndsSessionsAndNotTheRule() {
        int port = Ports.free();
        Api api = product.api();
        String instance = api.createInstance("unresolved");
        String rule = api.serve(instance, Rules.tcp(port, "nothing.skerry.invalid", 80));

        endsWith("origin_unresolved", port);
        api.awaitStatus(instance, rule, "online");
    }

    @Test
    void anOriginWhereNobodyListensEndsSessionsWithItsReason() {
        int port = Ports.free();
        Api api = product.api();
        String instance = api.createInstance("refused");
        api.serve(instance, Rules.tcp(port, "127.0.0.1", Ports.free()));

        endsWith("origin_refused", port);
    }

    @Test
    void theRulesOwnListenerIsNoOrigin() {
        int port = Ports.free();
        refusesAsLoop("own-listener", Rules.tcp(port, "127.0.0.1", port));
    }

    @Test
    void theApisPortIsNoOrigin() {
        refusesAsLoop("own-api", Rules.tcp(Ports.free(), "127.0.0.1", product.api().port()));
    }

    @Test
    void aNameThatLeadsBackEndsSessionsAsALoop() {
        int port = Ports.free();
        Api api = product.api();
        String instance = api.createInstance("loop-by-name");
        api.serve(instance, Rules.tcp(port, "localhost", port));

        endsWith("loop", port);
    }

    /// Either the call refuses the rule or the node does, with the word; no session circles.
    private static void refusesAsLoop(String name, JsonObject rule) {
        Api api = product.api();
        String instance = api.createInstance(name);
        Answer answer = api.post("/v1/instances/" + instance + "/rules", rule);
        if (answer.status() == 422) {
            assertThat(answer.codes()).containsExactly("loop");
            assertThat(api.rules(instance)).isEmpty();
        } else {
            String id = Objects.requireNonNull(answer.expect(201).json().getString("id"));
            JsonObject failed = api.awaitStatus(instance, id, "fail");
            assertThat(failed.getString("statusReason")).contains("loop");
        }
    }

    private static void endsWith(String reason, int port) {
        double before = closed(reason);
        int read;
        try {
            read = IdOrigins.ask("127.0.0.9", "127.0.0.1", port);
        } catch (UncheckedIOException reset) {
            assertThat(reset.getCause()).isInstanceOf(IOException.class);
            read = -1;
        }
        assertThat(read).isEqualTo(-1);
        Await.until(
                "a session ends with " + reason,
                Duration.ofSeconds(20),
                () -> closed(reason) > before,
                () -> product.skerry().log());
    }

    private static double closed(String reason) {
        return product.metrics().sum("skerry_sessions_closed_total", "reason=\"" + reason + "\"");
    }
}
