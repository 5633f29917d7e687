package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.ProblemException;
import io.vertx.config.ConfigStoreOptions;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The sources and their order. The true environment is read in {@link ServiceMainTest}.
final class SettingsTest {
    @TempDir private Path folder = Path.of("");

    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void close() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    private SettingsReader load(Map<String, String> environment, Map<String, String> line) {
        JsonObject variables = new JsonObject();
        environment.forEach(variables::put);
        ConfigStoreOptions store = new ConfigStoreOptions().setType("json").setConfig(variables);
        try {
            return new SettingsReader(
                    Settings.load(vertx, line, store).await(10, TimeUnit.SECONDS));
        } catch (java.util.concurrent.TimeoutException late) {
            throw new AssertionError("the settings were not read in time", late);
        }
    }

    private String write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    private static List<Mistake> mistakes(SettingsReader reader) {
        ProblemException refused =
                catchThrowableOfType(ProblemException.class, () -> reader.finish());
        assertThat(refused).as("something must be wrong").isNotNull();
        return refused.problem().mistakes();
    }

    @Test
    void laterSourcesWin() throws IOException {
        String file = write("s.yaml", "b: file\nc: file\nd: file\n");
        SettingsReader reader =
                load(
                        Map.of("SKERRY_C", "environment", "SKERRY_D", "environment", "HOME", "x"),
                        Map.of("config", file, "d", "command line"));
        assertThat(reader.string("a", "default")).isEqualTo("default");
        assertThat(reader.string("b", "default")).isEqualTo("file");
        assertThat(reader.string("c", "default")).isEqualTo("environment");
        assertThat(reader.string("d", "default")).isEqualTo("command line");
        reader.finish();
    }

    @Test
    void aYamlFileMayNest() throws IOException {
        String file =
                write(
                        "s.yml",
                        """
                        rules-bind: 127.0.0.1:8081
                        tcp:
                          connect-timeout: 5s
                          idle: 60
                        metrics.rules-max: 10
                        insecure: true
                        listen: [127.0.0.2, 127.0.0.3]
                        nothing: ~
                        """);
        SettingsReader reader = load(Map.of(), Map.of("config", file));
        assertThat(reader.hostPort("rules-bind", "127.0.0.1:1").port()).isEqualTo(8081);
        assertThat(reader.string("tcp.connect-timeout", "")).isEqualTo("5s");
        assertThat(reader.integer("tcp.idle", 1, 1, 100)).isEqualTo(60);
        assertThat(reader.integer("metrics.rules-max", 1, 1, 100)).isEqualTo(10);
        assertThat(reader.flag("insecure", false)).isTrue();
        assertThat(reader.list("listen", "")).containsExactly("127.0.0.2", "127.0.0.3");
        reader.finish();
    }

    @Test
    void aJsonFileMayNest() throws IOException {
        String file =
                write("s.json", "{\"tcp\":{\"idle\":61,\"deep\":{\"er\":\"x\"}},\"l\":[1,2]}");
        SettingsReader reader = load(Map.of(), Map.of("config", file));
        assertThat(reader.integer("tcp.idle", 1, 1, 100)).isEqualTo(61);
        assertThat(reader.string("tcp.deep.er", "")).isEqualTo("x");
        assertThat(reader.list("l", "")).containsExactly("1", "2");
        reader.finish();
    }

    @Test
    void aFileThatIsMissingOrUnreadableIsNamed() throws IOException {
        String broken = write("broken.json", "{\"a\":");
        String yaml = write("broken.yaml", "a: [1, 2\nb: }");
        for (String path : List.of(folder.resolve("none.yaml").toString(), broken, yaml)) {
            ProblemException refused =
                    catchThrowableOfType(
                            ProblemException.class, () -> load(Map.of(), Map.of("config", path)));
            Mistake mistake = refused.problem().mistakes().get(0);
            assertThat(mistake.field()).isEqualTo("config");
            assertThat(mistake.code()).isEqualTo(Code.UNREADABLE);
            assertThat(mistake.message()).contains(path);
        }
    }

    @Test
    void aVariableMayNameAFileThatHoldsTheValue() throws IOException {
        String secret = write("token", "  hunter2\n");
        SettingsReader reader = load(Map.of("SKERRY_NODE_TOKEN_FILE", secret), Map.of());
        assertThat(reader.secret("node-token", null)).isEqualTo("hunter2");
        reader.finish();
    }

    @Test
    void filesThatCannotBeReadComeWithAllOtherMistakes() throws IOException {
        Path binary = folder.resolve("binary");
        Files.write(binary, new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        String gone = folder.resolve("gone").toString();
        SettingsReader reader =
                load(
                        Map.of(
                                "SKERRY_NODE_TOKEN_FILE",
                                gone,
                                "SKERRY_POSTGRES_FILE",
                                binary.toString(),
                                "SKERRY_N",
                                "x"),
                        Map.of());
        reader.secret("node-token", null);
        reader.secret("postgres", null);
        reader.integer("n", 1, 1, 2);
        List<Mistake> found = mistakes(reader);
        assertThat(found)
                .extracting(Mistake::field)
                .containsExactlyInAnyOrder("SKERRY_NODE_TOKEN_FILE", "SKERRY_POSTGRES_FILE", "n");
        assertThat(found.toString())
                .contains("cannot read the file '" + gone + "': there is no such file")
                .contains("it is not UTF-8 text");
    }

    @Test
    void aValueAndAFileForItAreTooMuch() throws IOException {
        String file = write("token", "other");
        SettingsReader reader =
                load(
                        Map.of("SKERRY_NODE_TOKEN", "hunter2", "SKERRY_NODE_TOKEN_FILE", file),
                        Map.of());
        reader.secret("node-token", null);
        List<Mistake> found = mistakes(reader);
        assertThat(found).extracting(Mistake::code).containsExactly(Code.INCOMPATIBLE);
        assertThat(found.toString()).doesNotContain("hunter2").doesNotContain("other");
    }

    @Test
    void unknownNamesAreShownAsTheyWereWritten() throws IOException {
        String file = write("s.yaml", "tcp:\n  connect-timeoot: 1s\n");
        SettingsReader reader =
                load(
                        Map.of("SKERRY_CLUSTER_BINT", "x", "SKERRY_SLOTS", "of another process"),
                        Map.of("config", file, "rulez-bind", "x"));
        reader.string("tcp.connect-timeout", "");
        reader.string("cluster-bind", "");
        reader.string("rules-bind", "");
        assertThat(mistakes(reader))
                .extracting(mistake -> mistake.field() + ": " + mistake.message())
                .containsExactlyInAnyOrder(
                        "tcp.connect-timeoot: unknown setting; did you mean"
                                + " 'tcp.connect-timeout'?",
                        "SKERRY_CLUSTER_BINT: unknown setting; did you mean"
                                + " 'SKERRY_CLUSTER_BIND'?",
                        "--rulez-bind: unknown setting; did you mean '--rules-bind'?");
    }

    @Test
    void settingsOfOtherProcessesAreForeignInTheEnvironmentOnly() {
        SettingsReader reader = load(Map.of("SKERRY_SLOTS", "2"), Map.of("slots", "2"));
        assertThat(mistakes(reader)).extracting(Mistake::field).containsExactly("--slots");
    }
}
