package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The units of `docs/examples/systemd`.
final class SystemdUnitsTest {
    private static final String JAVA = "/opt/skerry/java/bin/java";
    private static final Map<String, String> UNITS =
            Map.of(
                    "skerry-rule-service.service", "io.skerry.rules.RuleServiceMain",
                    "skerry-gateway.service", "io.skerry.gateway.GatewayMain",
                    "skerry-edge@.service", "io.skerry.edge.EdgeMain");

    private final Path root = Path.of(System.getProperty("skerry.root"));

    private String unit(String name) throws IOException {
        return Files.readString(root.resolve("docs/examples/systemd/" + name));
    }

    /// Values of a directive, in their order.
    private static List<String> values(String unit, String directive) {
        return Pattern.compile("(?m)^" + directive + "=(.*)$")
                .matcher(unit)
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
    }

    /// What systemd says of a unit, the path of Java aside, which is not on every machine.
    private static String verify(Path folder, String name, String text) throws IOException {
        Path file = folder.resolve(name.replace("@.", "@blue."));
        Files.writeString(file, text.replace(JAVA, "/bin/true"));
        return Program.start(
                        folder.resolve("said"),
                        Tool.path("systemd-analyze", "systemd"),
                        "verify",
                        file.toString())
                .await(Duration.ofSeconds(60))
                .text();
    }

    @Test
    void systemdUnderstandsEveryLine(@TempDir Path folder) throws IOException {
        for (String name : UNITS.keySet()) {
            assertThat(verify(folder, name, unit(name))).as(name).isEmpty();
            assertThat(verify(folder, name, unit(name).replace("LimitNOFILE", "LimitNOFILES")))
                    .as(name)
                    .contains("'LimitNOFILES'");
        }
    }

    @Test
    void eachStartsAProcessOfTheProductAsNobodyWithRights() throws IOException {
        for (Map.Entry<String, String> each : UNITS.entrySet()) {
            String name = each.getKey();
            String main = each.getValue();
            String unit = unit(name);
            assertThat(values(unit, "ExecStart")).as(name).hasSize(1);
            assertThat(values(unit, "ExecStart").getFirst())
                    .startsWith(
                            JAVA + " @/opt/skerry/jvm.options -cp /opt/skerry/lib/* " + main + " ");
            assertThatCode(() -> Class.forName(main)).doesNotThrowAnyException();
            assertThat(values(unit, "User")).as(name).containsExactly("skerry");
            assertThat(values(unit, "NoNewPrivileges")).as(name).containsExactly("yes");
            assertThat(values(unit, "ProtectSystem")).as(name).containsExactly("strict");
            String rights =
                    name.contains("edge") ? "CAP_NET_BIND_SERVICE CAP_BPF CAP_NET_ADMIN" : "";
            assertThat(values(unit, "CapabilityBoundingSet")).as(name).containsExactly(rights);
        }
        assertThat(values(unit("skerry-edge@.service"), "AmbientCapabilities"))
                .containsExactly("CAP_NET_BIND_SERVICE CAP_BPF CAP_NET_ADMIN");
    }

    @Test
    void aNodeGetsItsTimeItsDescriptorsAndASuccessor() throws IOException {
        String edge = unit("skerry-edge@.service");
        long stop = Long.parseLong(values(edge, "TimeoutStopSec").getFirst());
        String page = Files.readString(root.resolve("docs/operations/systemd.md"));
        List<String> drain =
                Pattern.compile("(?m)^ +drain: (\\d+)s$")
                        .matcher(page)
                        .results()
                        .map((MatchResult found) -> found.group(1))
                        .toList();
        assertThat(drain).hasSize(1);
        assertThat(stop).isGreaterThanOrEqualTo(Long.parseLong(drain.getFirst()) + 10);
        assertThat(values(edge, "LimitNOFILE")).containsExactly("1048576");
        assertThat(values(edge, "ExecStart").getFirst()).contains(" --take-over ");
        assertThat(values(edge, "ExecReload").getFirst()).contains("systemctl start");
    }

    @Test
    void secretsAreCredentialsAndNeverInTheUnit() throws IOException {
        for (String name : UNITS.keySet()) {
            String unit = unit(name);
            for (String value : values(unit, "Environment")) {
                for (String assignment : value.split(" ")) {
                    assertThat(assignment)
                            .as(name)
                            .matches("SKERRY_([A-Z_]+_FILE=%d/.+|DATA=%S/.+)");
                }
            }
        }
        assertThat(values(unit("skerry-gateway.service"), "LoadCredential")).isEmpty();
        assertThat(values(unit("skerry-edge@.service"), "LoadCredential"))
                .containsExactly("node-token:/etc/skerry/node-token");
    }
}
