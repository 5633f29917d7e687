package io.skerry.shared.content;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonObject;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NodeReportTest {
    private static JsonObject report() {
        return new JsonObject(
                """
                {"v":1,"node":"edge-1","boot":"b","area":"every","state":"up","slots":[["::1"]],
                 "instances":{"sid-1":{"revision":1,"digest":"ab"}}}
                """);
    }

    @ParameterizedTest
    @ValueSource(strings = {"node", "boot", "area", "state"})
    void needsItsIdentity(String field) {
        NodeReport.read(report());
        JsonObject without = report();
        without.remove(field);
        assertThatThrownBy(() -> NodeReport.read(without)).isInstanceOf(RuntimeException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"revision", "digest"})
    void needsWhatItApplied(String field) {
        JsonObject report = report();
        JsonObject applied = report.getJsonObject("instances").getJsonObject("sid-1");
        applied.remove(field);
        assertThatThrownBy(() -> NodeReport.read(report)).isInstanceOf(RuntimeException.class);
    }
}
