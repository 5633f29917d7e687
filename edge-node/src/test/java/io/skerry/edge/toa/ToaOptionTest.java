package io.skerry.edge.toa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.skerry.shared.net.IpText;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.ProblemException;
import io.skerry.shared.process.SettingsReader;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ToaOptionTest {
    @ParameterizedTest
    @CsvSource({
        "toa-v4-kind200, 200, 253",
        "toa-v6-kind253, 200, 253",
        "toa-v4-kind254, 254, 253",
        "toa-v6-kind254, 200, 254"
    })
    void theBytesAreThoseOfTheVector(String id, int ipv4, int ipv6) throws IOException {
        JsonObject vector = vector(id);
        JsonObject input = vector.getJsonObject("input");
        InetSocketAddress client =
                new InetSocketAddress(
                        IpText.parse(input.getString("client")).orElseThrow(),
                        input.getInteger("port"));

        byte[] option = ToaOption.of(client, new ToaKinds(ipv4, ipv6));

        assertThat(HexFormat.of().formatHex(option)).isEqualTo(vector.getString("hex"));
    }

    private static JsonObject vector(String id) throws IOException {
        try (InputStream in =
                Objects.requireNonNull(
                        ToaOptionTest.class.getResourceAsStream("/client-address/vectors.json"))) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return new JsonObject(text)
                    .getJsonArray("vectors").stream()
                            .map(JsonObject.class::cast)
                            .filter(each -> id.equals(each.getString("id")))
                            .findFirst()
                            .orElseThrow();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1, 2, 3, 4, 5, 8, 19, 29, 30, 34, 256})
    void aKindThatTcpItselfUsesIsRefused(int kind) {
        assertThatThrownBy(() -> new ToaKinds(kind, 253))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ToaKinds(200, kind))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void kindsAndCgroupAreSettings() {
        SettingsReader none = SettingsReader.of(Map.of());
        assertThat(ToaSettings.read(none).kinds()).isEqualTo(new ToaKinds(200, 253));
        none.finish();

        SettingsReader given =
                SettingsReader.of(
                        Map.of(
                                "toa.kind-ipv4", "254",
                                "toa.kind-ipv6", "254",
                                "toa.cgroup", "/sys/fs/cgroup/edge"));
        ToaSettings settings = ToaSettings.read(given);
        given.finish();
        assertThat(settings.kinds()).isEqualTo(new ToaKinds(254, 254));
        assertThat(settings.cgroup()).isPresent();
    }

    @Test
    void wrongKindsAreToldTogether() {
        SettingsReader wrong =
                SettingsReader.of(Map.of("toa.kind-ipv4", "8", "toa.kind-ipv6", "256"));
        ToaSettings.read(wrong);
        assertThatThrownBy(wrong::finish)
                .isInstanceOfSatisfying(
                        ProblemException.class,
                        refused ->
                                assertThat(refused.problem().mistakes())
                                        .extracting(Mistake::field)
                                        .containsExactly("toa.kind-ipv4", "toa.kind-ipv6"));
    }
}
