package io.skerry.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.skerry.edge.Child;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.steering.Way;
import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Very many clients at once.
@ExtendWith(Leaks.class)
@Timeout(120)
final class CrowdTest {
    private static final int HELD = 9_000;
    private static final int VISITS = 10_000;
    private static final long BYTES_PER_SESSION_MAX = 10 * 1024;

    private static final TcpSettings SETTINGS =
            new TcpSettings(Duration.ofSeconds(30), 4096, 65_536, 32_768);

    @ParameterizedTest
    @EnumSource(
            value = Way.class,
            names = {"EPOLL", "STEERED"})
    void holdsNineThousandIdleConnectionsAtTenKilobytesEach(Way way) throws Exception {
        long before;
        try (Child crowd = Child.start(Crowd.class, 0);
                TcpRig rig = new TcpRig(way, SETTINGS, HELD + 1_000)) {
            Listener listener = open(rig, crowd);
            // What only the first sessions cost: classes, threads' buffers.
            done(crowd, "join " + listener.key().port() + " 200");
            done(crowd, "talk 2000");
            done(crowd, "leave");
            TcpRig.await("left", () -> rig.metrics.open(Protocol.TCP) == 0);
            before = memory();
            int descriptors = sockets();

            done(crowd, "join " + listener.key().port() + " " + HELD);
            done(crowd, "talk 2000");
            assertThat(rig.metrics.open(Protocol.TCP)).isEqualTo(HELD);
            assertThat(sockets() - descriptors).isGreaterThanOrEqualTo(2 * HELD);
            long each = (memory() - before) / HELD;
            System.out.println(way + ": an idle session costs " + each + " bytes: " + inUse());
            assertThat(each).isLessThanOrEqualTo(BYTES_PER_SESSION_MAX);

            done(crowd, "leave");
            TcpRig.await("left", () -> rig.metrics.open(Protocol.TCP) == 0);
            TcpRig.await("descriptors", () -> sockets() <= descriptors);
            long kept = memory() - before;
            System.out.println("afterwards " + kept + " bytes more than before: " + inUse());
            assertThat(kept).isLessThan(HELD * BYTES_PER_SESSION_MAX / 10);
            assertThat(rig.counters.sessions.sum()).isEqualTo(HELD + 200);
            assertThat(rig.counters.bytesToClient.sum()).isEqualTo((HELD + 200) * 2000L);
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void outlivesTenThousandClientsThatLeaveAtOnce(Way way) throws Exception {
        try (Child crowd = Child.start(Crowd.class, 0);
                TcpRig rig = new TcpRig(way, SETTINGS, VISITS)) {
            Listener listener = open(rig, crowd);
            done(crowd, "visit " + listener.key().port() + " 10");
            TcpRig.await("left", () -> rig.metrics.ended(Protocol.TCP) == 10);
            int descriptors = sockets();

            done(crowd, "visit " + listener.key().port() + " " + VISITS);
            // A client whose reset overtakes it in the backlog may never be seen.
            done(crowd, "join " + listener.key().port() + " 1");
            done(crowd, "talk 100");
            done(crowd, "leave");
            TcpRig.await("left", () -> rig.metrics.open(Protocol.TCP) == 0);
            TcpRig.await("descriptors", () -> sockets() <= descriptors);
            long closed = rig.metrics.endedBy(Protocol.TCP, EndReason.CLIENT_CLOSED);
            long reset = rig.metrics.endedBy(Protocol.TCP, EndReason.CLIENT_RESET);
            System.out.println(way + ": " + closed + " closed, " + reset + " reset");
            assertThat(closed).isEqualTo(VISITS / 2 + 6);
            assertThat(closed + reset).isEqualTo(rig.metrics.ended(Protocol.TCP));
            assertThat(rig.listeners.acceptPauses()).isZero();
        }
    }

    private static Listener open(TcpRig rig, Child crowd) throws Exception {
        int origin = Integer.parseInt(crowd.ask("origin"));
        return rig.open(rig.route(new FixedOrigins(TcpRig.HOME), origin));
    }

    private static void done(Child crowd, String command) {
        assertThat(crowd.ask(command)).isEqualTo("done");
    }

    /// Bytes live on the heap, and direct memory that buffers stand in.
    private static long memory() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() + direct();
    }

    private static long direct() {
        return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT)
                .metric()
                .usedDirectMemory();
    }

    private static String inUse() {
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed()
                + " on the heap, "
                + direct()
                + " direct";
    }

    private static int sockets() {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return (int) files.count();
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }
}
