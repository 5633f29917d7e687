package io.skerry.shared.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.skerry.shared.net.Protocol;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
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

    @Test
    void countsAsManyRulesAsAnInstanceHasAndNoMore() {
        NodeReport most = NodeReport.read(counting(NodeReport.COUNTED_RULES_MAX));
        NodeReport.Applied applied = Objects.requireNonNull(most.instances().get("sid-1"));
        assertThat(applied.counts()).hasSize(NodeReport.COUNTED_RULES_MAX);
        JsonObject more = counting(NodeReport.COUNTED_RULES_MAX + 1);
        assertThatThrownBy(() -> NodeReport.read(more)).hasMessageContaining("more rules");
    }

    private static JsonObject counting(int rules) {
        JsonObject counts = new JsonObject();
        for (int i = 0; i < rules; i++) {
            counts.put("rule-" + i, new RuleCounts(1, 0, 0).print());
        }
        JsonObject report = report();
        report.getJsonObject("instances").getJsonObject("sid-1").put("counts", counts);
        return report;
    }

    @Test
    void anAnswerToAProbeNamesAtMostSoManyPorts() {
        List<PortProbe.Taken> taken = new ArrayList<>();
        for (int port = 1; port <= PortProbe.Answer.TAKEN_MAX; port++) {
            taken.add(new PortProbe.Taken(Protocol.TCP, port, "port_in_use: x"));
        }
        assertThat(new PortProbe.Answer(taken).taken()).isEqualTo(taken);
        List<PortProbe.Taken> more = new ArrayList<>(taken);
        more.add(new PortProbe.Taken(Protocol.TCP, 9_999, "port_in_use: x"));
        assertThat(new PortProbe.Answer(more).taken()).isEqualTo(taken);
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
