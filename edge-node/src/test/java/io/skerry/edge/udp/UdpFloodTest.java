package io.skerry.edge.udp;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.FreePort;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.steering.Way;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.HeaderDestination;
import io.skerry.shared.rule.ProxyV2Udp;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// A flood from very many sources.
@Timeout(120)
@ParameterizedClass
@EnumSource(
        value = Way.class,
        names = {"EPOLL", "NIO", "STEERED"})
class UdpFloodTest {
    private static final int SOURCES = 100_000;
    private static final int SESSIONS = 2_000;

    /// Datagrams in flight: what a socket's receive buffer surely holds.
    private static final int AT_ONCE = 200;

    private static final int IDLE_SECONDS = 5;

    /// What code that ran for the first time may have left; the sessions alone had as much.
    private static final long HEAP_LEFT_BYTES = 2 << 20;

    private final Way way;

    UdpFloodTest(Way way) {
        this.way = way;
    }

    @Test
    void turnsAFloodAwayCountedAndKeepsServingTheSessionsItHas() throws Exception {
        try (Peer first = new Peer("127.0.0.1")) {
            // The first channel of the JDK opens pollers that stay.
            sendFrom(0, first.address());
            first.receive();
        }
        List<String> before = TestNode.descriptors();
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        try (TestNode node = new TestNode(way, SESSIONS, 1_000);
                Peer origin = new Peer("127.0.0.1");
                Peer client = new Peer("127.0.0.1")) {
            Thread.ofPlatform().daemon().start(() -> echo(origin));
            int number = FreePort.udp();
            var spec =
                    TestNode.spec(
                            ClientIp.OFF,
                            ProxyV2Udp.FIRST,
                            HeaderDestination.DIALLED,
                            IDLE_SECONDS,
                            0);
            Listener listener =
                    node.open("127.0.0.1", number, node.route(origins, origin.port(), spec));
            InetSocketAddress port = new InetSocketAddress("127.0.0.1", number);
            ask(client, port, 0);
            long heap = heapInUse();
            long began = System.nanoTime();
            for (int sent = 0; sent < SOURCES; ) {
                for (int i = 0; i < AT_ONCE; i++) {
                    sendFrom(sent++, port);
                }
                long all = sent + 1L;
                TestNode.eventually("answered for all", () -> seen(node) == all);
                if (sent % 10_000 == 0) {
                    ask(client, port, sent);
                }
                assertThat(node.metrics.open(Protocol.UDP)).isLessThanOrEqualTo(SESSIONS);
            }
            System.out.println(
                    way
                            + ": "
                            + (System.nanoTime() - began) / 1_000_000
                            + " ms, sessions "
                            + node.counters.sessions.sum()
                            + ", dropped "
                            + node.metrics.droppedBy(DropReason.SESSION_LIMIT));
            assertThat(node.counters.sessions.sum()).isGreaterThanOrEqualTo(SESSIONS);
            assertThat(node.dropped()).isEqualTo(node.metrics.droppedBy(DropReason.SESSION_LIMIT));
            assertThat(node.limits.hits()).isEqualTo(node.dropped());

            TestNode.eventually("all idle", () -> node.metrics.open(Protocol.UDP) == 0);
            assertThat(node.metrics.ended(Protocol.UDP))
                    .isEqualTo(node.metrics.endedBy(Protocol.UDP, EndReason.IDLE));
            assertThat(node.limits.open()).isZero();
            assertThat(node.counters.open).hasValue(0);
            assertThat(origins.open).hasValue(0);
            assertThat(listener.sessions()).isZero();
            TestNode.eventually("memory is back", () -> heapInUse() - heap < HEAP_LEFT_BYTES);
            ask(client, port, SOURCES);
        }
        TestNode.hasOpen(before);
    }

    private static long heapInUse() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long seen(TestNode node) {
        return node.counters.sessions.sum() + node.metrics.droppedBy(DropReason.SESSION_LIMIT);
    }

    private static void ask(Peer client, InetSocketAddress port, int number) {
        client.send("still there? " + number, port);
        assertThat(client.receive().text()).isEqualTo("still there? " + number);
    }

    /// One datagram from an address and port that send no other.
    private static void sendFrom(int number, InetSocketAddress to) throws IOException {
        byte[] address = {127, (byte) (1 + number / 40_000), (byte) (number / 200), 1};
        address[3] = (byte) (1 + number % 200);
        try (DatagramChannel source = DatagramChannel.open()) {
            source.bind(new InetSocketAddress(InetAddress.getByAddress(address), 0));
            source.send(ByteBuffer.wrap(new byte[] {1, 2, 3}), to);
        }
    }

    private static void echo(Peer origin) {
        try {
            while (true) {
                Peer.Datagram datagram = origin.receive();
                origin.send(datagram.bytes(), datagram.from());
            }
        } catch (java.io.UncheckedIOException closed) {
            // The test is over.
        }
    }
}
