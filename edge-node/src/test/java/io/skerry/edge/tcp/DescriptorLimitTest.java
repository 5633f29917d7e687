package io.skerry.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.skerry.edge.Child;
import io.skerry.edge.bpf.Kernel;
import io.skerry.edge.steering.Way;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A node that has no descriptor left.
@Timeout(60)
final class DescriptorLimitTest {
    private static final int DESCRIPTORS = 300;
    private static final int SECONDS_WATCHED = 8;
    private static final long CALM_NANOS = TimeUnit.MILLISECONDS.toNanos(400);
    private static final int CLIENTS = 400;

    private record State(long open, long pauses, long turnedAway, long cpuNanos) {
        static State of(Child node) {
            String[] words = node.ask("state").split(" ");
            return new State(
                    Long.parseLong(words[0]),
                    Long.parseLong(words[1]),
                    Long.parseLong(words[2]),
                    Long.parseLong(words[3]));
        }
    }

    private static void required(Way way) {
        assumeTrue(way.transport().isAvailable());
        if (way == Way.STEERED) {
            Kernel.required();
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void pausesWithoutSpinningAndServesAgainWhenDescriptorsAreBack(Way way) throws Exception {
        required(way);
        List<Socket> clients = new ArrayList<>();
        try (Child node = Child.start(StarvedNode.class, DESCRIPTORS);
                ServerSocket origin = new ServerSocket(0, 500, TcpRig.HOME)) {
            Thread.ofVirtual().start(() -> echo(origin));
            int port = Integer.parseInt(node.ask("open " + way + " " + origin.getLocalPort()));
            assertThat(echoes(dial(port, clients))).isTrue();
            for (int i = 0; i < CLIENTS; i++) {
                dial(port, clients);
            }
            TcpRig.await("starved", () -> State.of(node).pauses() > 0);
            long used = cpuOfTheCalmestSecond(node);
            State starved = State.of(node);
            System.out.println(
                    way + ": " + starved + ", " + used / 1_000_000 + " ms of CPU in 1 s");
            assertThat(starved.open()).isBetween(1L, (long) DESCRIPTORS);
            // Twice per pause and loop would be a few milliseconds; a spin is all of a core.
            assertThat(used).isLessThan(CALM_NANOS);
            assertThat(starved.turnedAway()).as("most wait").isLessThan(CLIENTS / 2);
            assertThat(echoes(clients.getFirst())).as("a session it has goes on").isTrue();

            for (Socket each : clients) {
                each.close();
            }
            TcpRig.await("all gone", () -> State.of(node).open() == 0);
            for (int i = 0; i < 50; i++) {
                assertThat(echoes(dial(port, clients))).as("client " + i).isTrue();
            }
            assertThat(State.of(node).turnedAway()).isGreaterThanOrEqualTo(starved.turnedAway());
        } finally {
            for (Socket each : clients) {
                each.close();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aPortThatClosesMeanwhileTakesNoOtherWithIt(Way way) throws Exception {
        required(way);
        List<Socket> clients = new ArrayList<>();
        try (Child node = Child.start(StarvedNode.class, DESCRIPTORS);
                ServerSocket origin = new ServerSocket(0, 500, TcpRig.HOME)) {
            Thread.ofVirtual().start(() -> echo(origin));
            int closing = Integer.parseInt(node.ask("open " + way + " " + origin.getLocalPort()));
            int staying = Integer.parseInt(node.ask("another"));
            assertThat(echoes(dial(staying, clients))).isTrue();
            Socket early = dial(closing, clients);
            assertThat(echoes(early)).isTrue();
            for (int i = 0; i < CLIENTS; i++) {
                dial(closing, clients);
            }
            TcpRig.await("starved", () -> State.of(node).pauses() > 0);
            assertThat(node.ask("close")).isEqualTo("closed");
            assertThat(echoes(early)).as("its session goes on").isTrue();

            for (Socket each : clients) {
                each.close();
            }
            TcpRig.await("all gone", () -> State.of(node).open() == 0);
            for (int i = 0; i < 50; i++) {
                assertThat(echoes(dial(staying, clients))).as("client " + i).isTrue();
            }
        } finally {
            for (Socket each : clients) {
                each.close();
            }
        }
    }

    /// The first second that is calm, or the least of them: the compiler works in the same process,
    /// while a loop that spins leaves no second calm.
    private static long cpuOfTheCalmestSecond(Child node) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < SECONDS_WATCHED && least >= CALM_NANOS; i++) {
            least = Math.min(least, cpuOfASecond(node));
        }
        return least;
    }

    private static long cpuOfASecond(Child node) {
        long before = State.of(node).cpuNanos();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
        return State.of(node).cpuNanos() - before;
    }

    private static Socket dial(int port, List<Socket> all) throws IOException {
        Socket client = new Socket();
        client.setSoTimeout(10_000);
        client.connect(new InetSocketAddress(TcpRig.HOME, port), 5_000);
        all.add(client);
        return client;
    }

    private static boolean echoes(Socket client) throws IOException {
        client.getOutputStream().write(7);
        return client.getInputStream().read() == 7;
    }

    private static void echo(ServerSocket origin) {
        while (!origin.isClosed()) {
            try {
                Socket socket = origin.accept();
                Thread.ofVirtual()
                        .start(() -> {
                            try (socket) {
                                socket.getInputStream().transferTo(socket.getOutputStream());
                            } catch (IOException over) {
                                // The client has gone.
                            }
                        });
            } catch (IOException closed) {
                return;
            }
        }
    }
}
