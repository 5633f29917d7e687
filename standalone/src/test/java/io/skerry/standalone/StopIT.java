package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.EchoOrigin;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Skerry;
import io.skerry.standalone.fixture.Workspace;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The ordered end of the process.
final class StopIT {
    private static final String ADDRESS = "127.0.0.12";

    @Test
    void refusesNewConnectionsDrainsTheOpenOneAndExitsWithZero() throws Exception {
        int port = Ports.free();
        try (Workspace work = new Workspace();
                EchoOrigin origin = new EchoOrigin()) {
            Skerry skerry = serve(work, port, origin.port(), "4");
            try (Socket session = new Socket(ADDRESS, port)) {
                EchoOrigin.exchange(session, "before");

                final long terminated = System.nanoTime();
                skerry.terminate();

                Await.until(
                        "new connections are refused",
                        Duration.ofSeconds(2),
                        () -> !Ports.accepts(ADDRESS, port));
                EchoOrigin.exchange(session, "while draining");
                assertThat(skerry.metrics().ready()).isFalse();
                assertThat(skerry.awaitExit(Duration.ofSeconds(15))).isZero();
                Duration took = Duration.ofNanos(System.nanoTime() - terminated);
                assertThat(took).isBetween(Duration.ofMillis(3_500), Duration.ofSeconds(12));
            }
            assertThat(skerry.output()).hasSize(1);
            assertThat(skerry.output().get(0)).matches("ready http://127\\.0\\.0\\.1:\\d+");
            assertThat(skerry.children()).isEmpty();
        }
    }

    @Test
    void doesNotWaitWhenTheLastSessionEnds() throws Exception {
        int port = Ports.free();
        try (Workspace work = new Workspace();
                EchoOrigin origin = new EchoOrigin()) {
            Skerry skerry = serve(work, port, origin.port(), "60");
            try (Socket session = new Socket(ADDRESS, port)) {
                EchoOrigin.exchange(session, "before");
                skerry.terminate();
                Await.until(
                        "new connections are refused",
                        Duration.ofSeconds(2),
                        () -> !Ports.accepts(ADDRESS, port));
                EchoOrigin.exchange(session, "while draining");
            }

            assertThat(skerry.awaitExit(Duration.ofSeconds(10))).isZero();
        }
    }

    @Test
    void aSecondSignalEndsTheDrainAtOnce() throws Exception {
        int port = Ports.free();
        try (Workspace work = new Workspace();
                EchoOrigin origin = new EchoOrigin()) {
            Skerry skerry = serve(work, port, origin.port(), "60");
            try (Socket session = new Socket(ADDRESS, port)) {
                EchoOrigin.exchange(session, "before");
                skerry.terminate();
                Await.until(
                        "new connections are refused",
                        Duration.ofSeconds(2),
                        () -> !Ports.accepts(ADDRESS, port));
                EchoOrigin.exchange(session, "between the signals");

                skerry.terminate();

                assertThat(skerry.awaitExit(Duration.ofSeconds(8))).isZero();
            }
        }
    }

    @Test
    void refusesAnUnknownOptionWithOneLineAndStatusTwo() throws Exception {
        try (Workspace work = new Workspace()) {
            Skerry skerry = work.keep(Skerry.in(work.path("data"), "--lisen", "127.0.0.1"));
            skerry.launch();

            assertThat(skerry.awaitExit(Duration.ofSeconds(20))).isEqualTo(2);
            assertThat(skerry.log().strip().lines()).hasSize(1);
            assertThat(skerry.log()).contains("--lisen");
            assertThat(skerry.output()).isEqualTo(List.of());
        }
    }

    private static Skerry serve(Workspace work, int port, int origin, String drain) {
        Skerry skerry =
                work.keep(Skerry.in(work.path("data"), "--listen", ADDRESS, "--drain", drain));
        Api api = skerry.start().api();
        api.serve(api.createInstance("stop"), Rules.tcp(port, "127.0.0.1", origin));
        return skerry;
    }
}
