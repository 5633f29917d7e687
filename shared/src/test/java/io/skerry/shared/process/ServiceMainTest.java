package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Life and exit status of a process, with the environment as the system gives it.
final class ServiceMainTest {
    private static final Map<String, String> TOKEN = Map.of("SKERRY_NODE_TOKEN", "hunter2");

    @TempDir private Path folder = Path.of("");

    @Test
    void readsAllSourcesAndStopsOnTheSecondSignalAtOnce() throws Exception {
        Path secret = Files.writeString(folder.resolve("token"), "hunter2\n");
        Path file = Files.writeString(folder.resolve("sample.yaml"), "number: 2\ndemo: true\n");
        Map<String, String> environment =
                Map.of("SKERRY_NODE_TOKEN_FILE", secret.toString(), "SKERRY_NUMBER", "3");
        try (ChildJvm child =
                ChildJvm.start(SampleMain.class, environment, "--config", file.toString())) {
            assertThat(child.line()).isEqualTo("hunter2 3 true");
            child.signal("TERM");
            assertThat(child.line()).isEqualTo("stopping");
            child.signal("INT");
            assertThat(child.exitStatus()).isZero();
        }
    }

    @Test
    void badSettingsEndItWithAllMistakesAndNoSecret() throws Exception {
        Map<String, String> environment =
                Map.of("SKERRY_NODE_TOKEN", "hunter2", "SKERRY_NUMBER", "10", "SKERRY_DEMOO", "x");
        try (ChildJvm child = ChildJvm.start(SampleMain.class, environment)) {
            assertThat(child.exitStatus()).isEqualTo(2);
            assertThat(child.errorLines())
                    .containsExactlyInAnyOrder(
                            "sample: number: '10' must be a whole number from 1 to 9",
                            "sample: SKERRY_DEMOO: unknown setting; did you mean 'SKERRY_DEMO'?");
        }
    }

    @Test
    void anUnknownArgumentIsOneLineAndStatus2() throws Exception {
        try (ChildJvm child = ChildJvm.start(SampleMain.class, TOKEN, "now")) {
            assertThat(child.exitStatus()).isEqualTo(2);
            assertThat(child.errorLines())
                    .containsExactly("sample: unknown argument 'now'; try --help");
        }
    }

    @Test
    void helpGoesToStandardOutput() throws Exception {
        try (ChildJvm child = ChildJvm.start(SampleMain.class, Map.of(), "--help")) {
            assertThat(child.line()).isEqualTo("usage: sample");
            assertThat(child.exitStatus()).isZero();
        }
    }

    @Test
    void aStartThatFailsIsStatus1() throws Exception {
        try (ChildJvm child = ChildJvm.start(SampleMain.class, TOKEN, "--number", "8")) {
            assertThat(child.exitStatus()).isEqualTo(1);
            assertThat(child.errorLines())
                    .containsExactly("sample: cannot start: the port is taken");
        }
    }

    @Test
    void twoSignalsEndAStartThatHangs() throws Exception {
        try (ChildJvm child = ChildJvm.start(SampleMain.class, TOKEN, "--number", "9")) {
            assertThat(child.line()).isEqualTo("hunter2 9 false");
            child.signal("TERM");
            child.signal("INT");
            assertThat(child.exitStatus()).isEqualTo(1);
        }
    }
}
