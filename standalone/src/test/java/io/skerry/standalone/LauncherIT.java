package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the script says without building anything.
final class LauncherIT {
    private static final Path ROOT =
            Path.of(System.getProperty("skerry.root", "..")).toAbsolutePath().normalize();

    private static final Pattern PAGE = Pattern.compile("docs/[a-z/-]+\\.md");

    @TempDir Path folder;

    private record Result(int status, String output, String errors) {}

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "--nonsense",
                "up --nonsense",
                "up extra",
                "up --api",
                "test extra",
                "fmt extra",
                "bench nonsense",
                "bpf extra",
                "toa-origin",
                "soak nonsense",
                "soak toa --minutes",
                "soak toa --minutes 0",
                "soak chaos --seed x"
            })
    void refusesWhatItDoesNotKnowWithOneLineAndStatusTwo(String line) throws Exception {
        Result result = run(ROOT.resolve("skerry"), Map.of(), line.split(" "));

        assertThat(result.status).isEqualTo(2);
        assertThat(result.output).isEmpty();
        assertThat(result.errors).startsWith("skerry: ").hasLineCount(1);
    }

    @Test
    void refusesToGuessACommand() throws Exception {
        Result result = run(ROOT.resolve("skerry"), Map.of());

        assertThat(result.status).isEqualTo(2);
        assertThat(result.errors).hasLineCount(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "up",
                "test",
                "fmt",
                "bpf",
                "toa-origin",
                "bench",
                "soak",
                "rule-service",
                "gateway",
                "edge",
                "--help"
            })
    void explainsEveryCommand(String command) throws Exception {
        Result result = run(ROOT.resolve("skerry"), Map.of(), command, "--help");

        assertThat(result.status).isZero();
        assertThat(result.output).startsWith("usage: ./skerry");
        assertThat(result.errors).isEmpty();
        assertThat(PAGE.matcher(result.output).results().map(MatchResult::group))
                .allSatisfy(page -> assertThat(ROOT.resolve(page)).exists());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rule-service", "gateway", "edge", "toa-origin"})
    void namesThePageThatSaysMore(String command) throws Exception {
        assertThat(run(ROOT.resolve("skerry"), Map.of(), command, "--help").output)
                .containsPattern(PAGE);
    }

    @Test
    void saysWhatToInstallWhenThereIsNoNewJdk() throws Exception {
        Path old = Files.createDirectories(folder.resolve("jdk 17"));
        Files.writeString(old.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");
        Path script = scriptWithoutMachine();

        Result result = run(script, Map.of("JAVA_HOME", old.toString()), "fmt");

        assertThat(result.status).isEqualTo(1);
        assertThat(result.errors).contains("no JDK 25").contains("install").hasLineCount(1);
    }

    /// The script in a folder with a space, looking for JDKs where there are none.
    private Path scriptWithoutMachine() throws IOException {
        Path home = Files.createDirectories(folder.resolve("a checkout"));
        String text = Files.readString(ROOT.resolve("skerry"));
        String blind =
                text.replace("/usr/lib/jvm/*", "/nonexistent/*")
                        .replace("java=$(command -v java)", "false");
        assertThat(blind).isNotEqualTo(text);
        Path script = home.resolve("skerry");
        Files.writeString(script, blind);
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return script;
    }

    private Result run(Path script, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(script.toString()));
        line.addAll(List.of(arguments));
        Path output = folder.resolve("output");
        Path errors = folder.resolve("errors");
        ProcessBuilder builder =
                new ProcessBuilder(line)
                        .directory(folder.toFile())
                        .redirectOutput(output.toFile())
                        .redirectError(errors.toFile());
        builder.environment().put("SDKMAN_DIR", folder.toString());
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Result(process.exitValue(), read(output), read(errors));
    }

    private static String read(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.UTF_8);
    }
}
