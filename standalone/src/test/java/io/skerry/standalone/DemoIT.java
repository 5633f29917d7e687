package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Skerry;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What `--demo` prints works when it is pasted into a shell.
final class DemoIT {
    @Test
    void everyPrintedLineWorksAndOneShowsTheClientsAddress() throws Exception {
        try (Workspace work = new Workspace()) {
            Skerry skerry =
                    work.keep(
                            Skerry.in(
                                    work.path("data"),
                                    "--listen",
                                    "127.0.0.13",
                                    "--drain",
                                    "1",
                                    "--demo"));
            skerry.start();
            Await.until(
                    "lines to try are printed",
                    Duration.ofSeconds(20),
                    () -> skerry.output().stream().anyMatch(DemoIT::isCommand));
            String instance = onlyInstance(skerry);
            for (JsonObject rule : skerry.api().rules(instance)) {
                assertThat(rule.getString("status")).isEqualTo("online");
            }

            List<String> commands = skerry.output().stream().filter(DemoIT::isCommand).toList();

            assertThat(commands).hasSizeGreaterThanOrEqualTo(3);
            for (String command : commands) {
                Program.Ended ended =
                        work.start(Tool.path("bash", "bash"), "-c", command)
                                .await(Duration.ofSeconds(20));
                assertThat(ended.status()).as(command + " said " + ended.text()).isZero();
                assertThat(ended.text()).as(command).contains("127.0.0.");
            }
            if (canToa(skerry)) {
                tryToa(work, skerry);
            }
        }
    }

    private static boolean canToa(Skerry skerry) {
        JsonObject nodes = skerry.api().get("/v1/nodes").expect(200).json();
        return nodes.getJsonArray("items")
                .getJsonObject(0)
                .getJsonArray("capabilities")
                .contains("toa");
    }

    /// Its line, from an address that the edge node has not.
    private static void tryToa(Workspace work, Skerry skerry) {
        String line =
                skerry.output().stream()
                        .filter(each -> each.contains(":17004/"))
                        .findFirst()
                        .orElseThrow();
        Program.Ended ended =
                work.start(
                                Tool.path("bash", "bash"),
                                "-c",
                                line.replace("curl", "curl --interface 127.0.0.9"))
                        .await(Duration.ofSeconds(20));
        assertThat(ended.text()).startsWith("you are 127.0.0.9:").endsWith(" (TCP, toa)\n");
    }

    private static String onlyInstance(Skerry skerry) {
        JsonObject list = skerry.api().get("/v1/instances").expect(200).json();
        assertThat(list.getInteger("total")).isEqualTo(1);
        JsonObject demo = list.getJsonArray("items").getJsonObject(0);
        assertThat(demo.getString("name")).isEqualTo("demo");
        return demo.getString("id");
    }

    private static boolean isCommand(String line) {
        String text = line.strip();
        return !text.isEmpty() && !text.startsWith("ready ") && !text.startsWith("#");
    }
}
