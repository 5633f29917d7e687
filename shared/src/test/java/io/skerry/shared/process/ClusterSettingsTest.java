package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.ProblemException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ClusterSettingsTest {
    private static ClusterSettings read(Map<String, String> values) {
        SettingsReader reader = SettingsReader.of(values);
        ClusterSettings settings = ClusterSettings.read(reader, true);
        reader.finish();
        return settings;
    }

    private static Mistake mistake(Map<String, String> values) {
        ProblemException refused = catchThrowableOfType(ProblemException.class, () -> read(values));
        assertThat(refused).as("something must be wrong").isNotNull();
        assertThat(refused.problem().mistakes()).hasSize(1);
        return refused.problem().mistakes().get(0);
    }

    @Test
    void hasDefaults() {
        ClusterSettings settings = read(Map.of());
        assertThat(settings.clusterBind()).hasToString("127.0.0.1:15701");
        assertThat(settings.busBind()).hasToString("127.0.0.1:15801");
        assertThat(settings.members()).isEmpty();
        assertThat(settings.lite()).isTrue();
    }

    @Test
    void theEventBusFollowsTheMember() {
        assertThat(read(Map.of("cluster-bind", "[::1]:20000")).busBind())
                .hasToString("[::1]:20100");
        assertThat(read(Map.of("bus-bind", "127.0.0.1:9")).busBind()).hasToString("127.0.0.1:9");
    }

    @Test
    void takesMembersByAddressOrName() {
        assertThat(read(Map.of("cluster-members", "127.0.0.1:1, rules-1:65535,[::1]:5")).members())
                .containsExactly("127.0.0.1:1", "rules-1:65535", "[::1]:5");
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1:5", "rules 1:5", "a:b", "a:0", "a:65536"})
    void refusesOtherMembers(String member) {
        assertThat(mistake(Map.of("cluster-members", member)).field()).isEqualTo("cluster-members");
    }

    @ParameterizedTest
    @CsvSource({"cluster-bind, 10.0.0.1:15701", "bus-bind, 10.0.0.1:15801"})
    void offLoopbackIsRefusedUnlessInsecure(String key, String value) {
        assertThat(mistake(Map.of(key, value)).message()).contains("cluster-insecure");
        assertThat(read(Map.of(key, value, "cluster-insecure", "true"))).isNotNull();
    }

    @ParameterizedTest
    @CsvSource({
        "cluster-bind, 127.0.0.1:0",
        "bus-bind, 127.0.0.1:0",
        "bus-bind, 127.0.0.1:15701",
        "bus-bind, 0.0.0.0:5",
        "bus-bind, [::]:5"
    })
    void refusesWhatOthersCannotConnectTo(String key, String value) {
        Map<String, String> values = Map.of(key, value, "cluster-insecure", "true");
        assertThat(mistake(values).field()).isEqualTo(key);
    }
}
