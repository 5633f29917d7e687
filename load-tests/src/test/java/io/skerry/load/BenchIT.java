package io.skerry.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BenchIT {
    private static final Path ROOT = Path.of(System.getProperty("skerry.root"));

    @TempDir Path folder;

    @BeforeEach
    void needsPrograms() throws IOException {
        assumeTrue(Programs.missing().isEmpty(), String.join("; ", Programs.missing()));
        assumeTrue(
                Programs.installed("haproxy") && Programs.installed("nginx"),
                "peers are missing: install haproxy, nginx-light, libnginx-mod-stream");
        assumeTrue(Machine.here().cores().size() >= 2, "two cores are needed");
    }

    @Test
    void theGeneratorKeepsItsSchedule() throws Exception {
        Programs programs = Programs.build(ROOT, folder);

        Process check =
                new ProcessBuilder(programs.generator().toString(), "check").inheritIO().start();

        assertThat(check.waitFor()).isZero();
    }

    @Test
    void comparesThePeersAndTheDirectPath() throws Exception {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        Options options =
                Options.parse(
                        List.of(
                                "--quick",
                                "--warm-up",
                                "0",
                                "--only",
                                "direct,haproxy,haproxy-splice,nginx"));

        Results results =
                new Bench(
                                options,
                                ROOT,
                                folder,
                                new PrintStream(output, true, StandardCharsets.UTF_8))
                        .run();

        for (Scenario scenario : Scenario.ALL) {
            for (Metric metric : scenario.metrics()) {
                Results.Line line =
                        new Results.Line(scenario.name(), metric.name(), metric.higherIsBetter());
                assertThat(results.spread(line, "nginx")).as("%s", line).isPresent();
                assertThat(results.spread(line, "haproxy").isPresent())
                        .as("%s", line)
                        .isEqualTo(!scenario.port().udp());
            }
        }
        // Half a second on a busy machine may pass without one answer; not for all of them.
        Map<String, Long> counted =
                results.runs().stream()
                        .filter(run -> !run.scenario().startsWith("bulk"))
                        .collect(
                                Collectors.groupingBy(
                                        run -> run.scenario(),
                                        Collectors.summingLong(run -> run.measured().count())));
        assertThat(counted)
                .isNotEmpty()
                .allSatisfy((name, count) -> assertThat(count).isPositive());
        assertThat(output.toString(StandardCharsets.UTF_8)).contains("idle-memory 1");
        assertThat(Files.readString(folder.resolve("results.csv"))).contains("udp-64-echo-loss");
        assertThat(folder.resolve("results.json")).isNotEmptyFile();
    }
}
