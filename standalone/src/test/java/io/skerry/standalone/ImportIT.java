package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Answer;
import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.IdOrigins;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Whole files of rules.
final class ImportIT {
    private static final int RULES = 2_000;
    private static final int FIRST_PORT = 14_000;
    private static final Duration ALL_ONLINE = Duration.ofSeconds(60);

    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.8");

    @Test
    void twoThousandRulesInThreeMegabytesComeOutAsTheyWentInAndAreServed() throws Exception {
        Api api = product.api();
        try (IdOrigins origins = new IdOrigins(Ports.free(), List.of("127.0.6.2"))) {
            String instance = api.createInstance("full");
            String canonical = lines(origins.port());
            String wide = canonical.replace(" 127.0.6.2 ", " ".repeat(1_500) + "127.0.6.2 ");
            assertThat(wide.length()).isGreaterThan(3_000_000);

            Answer dry = importText(instance + "/rules/import?dryRun=true", wide).expect(200);
            assertThat(dry.json().getInteger("imported")).isEqualTo(RULES);
            assertThat(api.rules(instance)).isEmpty();

            Answer done = importText(instance + "/rules/import", wide).expect(200);
            assertThat(done.json().getInteger("imported")).isEqualTo(RULES);
            Answer export = api.get(path(instance) + "/rules/export").expect(200);
            assertThat(export.text().strip()).isEqualTo(canonical.strip());

            List<JsonObject> rules = api.rules(instance);
            assertThat(rules).hasSize(RULES);
            String last = Objects.requireNonNull(rules.get(RULES - 1).getString("id"));
            api.awaitStatus(instance, last, "online", ALL_ONLINE);
            int port = FIRST_PORT + RULES - 1;
            assertThat(IdOrigins.ask("127.0.0.9", "127.0.0.8", port)).isZero();

            Answer again = importText(instance + "/rules/import", "tcp:1 127.0.6.2 1 off off");
            assertThat(again.status()).as(again.shortText()).isEqualTo(422);
            assertThat(again.codes()).containsExactly("too_many");
            assertThat(api.rules(instance)).hasSize(RULES);
        }
    }

    @Test
    void threeMegabytesOfTooManyRulesAreRefusedWhole() {
        Api api = product.api();
        String instance = api.createInstance("too-many");
        String line = "tcp:13000 127.0.6.2 80 on ppv1 a tag of a rule\n";
        String text = line.repeat(3_000_000 / line.length());

        Answer answer = importText(instance + "/rules/import", text);

        assertThat(answer.status()).as(answer.shortText()).isEqualTo(422);
        assertThat(answer.codes()).contains("too_many");
        assertThat(api.rules(instance)).isEmpty();
    }

    @Test
    void namesEveryBrokenLineAndImportsNone() {
        Api api = product.api();
        String instance = api.createInstance("broken-lines");
        String text =
                """
                tcp:13100 127.0.6.2 80 off off good
                tcp:13101 127.0.6.2 80 maybe off

                udp:13102 127.0.6.2 80 off toa
                tcp:70000 127.0.6.2 80 off off
                nonsense
                """;

        Answer answer = importText(instance + "/rules/import", text).expect(422);

        assertThat(answer.errors().stream().map(error -> error.getString("field")))
                .containsExactly("line 2", "line 4", "line 5", "line 6");
        assertThat(api.rules(instance)).isEmpty();
    }

    @Test
    void aBodyOfMoreThanFourMebibytesIsTooLarge() {
        Api api = product.api();
        String instance = api.createInstance("too-large");
        String text = "tcp:13200 127.0.6.2 80 off off" + " ".repeat(4 << 20);

        Answer answer = importText(instance + "/rules/import", text);

        assertThat(answer.status()).isEqualTo(413);
        assertThat(api.rules(instance)).isEmpty();
    }

    private static String lines(int originPort) {
        return IntStream.range(0, RULES)
                .mapToObj(i ->
                        "tcp:%d 127.0.6.2 %d %s %s rule number %d ünïcode"
                                .formatted(
                                        FIRST_PORT + i,
                                        originPort,
                                        i % 2 == 0 ? "on" : "off",
                                        i % 3 == 0 ? "ppv2" : "off",
                                        i))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static String path(String instance) {
        return "/v1/instances/" + instance;
    }

    private static Answer importText(String rest, String text) {
        return product.api()
                .post(
                        "/v1/instances/" + rest,
                        "text/plain; charset=utf-8",
                        text.getBytes(StandardCharsets.UTF_8));
    }
}
