package io.skerry.edge.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.IoEventLoop;
import io.skerry.edge.FreePort;
import io.skerry.edge.bpf.Kernel;
import io.skerry.edge.listener.Front;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.Steering;
import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.steering.KernelSteering;
import io.skerry.edge.steering.ReservedPorts;
import io.skerry.edge.steering.SteeringSettings;
import io.skerry.edge.transport.EventLoops;
import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.edge.transport.Transport;
import io.skerry.shared.rule.ClientIp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What is particular to one way of waiting for sockets.
@Timeout(60)
class UdpTransportsTest {
    @ParameterizedTest
    @EnumSource
    void servesUdpBesideEveryTransport(Transport transport) throws Exception {
        assumeTrue(transport.isAvailable());
        try (TestNode node = new TestNode(transport);
                Peer origin = new Peer("127.0.0.1");
                Peer client = new Peer("127.0.0.1")) {
            InetSocketAddress port = open(node, origin, "127.0.0.1");
            client.send("hello", port);
            origin.send("welcome", origin.receive().from());
            assertThat(client.receive().from()).isEqualTo(port);
        }
    }

    @Test
    void aWildcardWithoutEpollFollowsTheAddressesOfTheNode() throws Exception {
        try (TestNode node = new TestNode(Transport.NIO);
                Peer origin = new Peer("127.0.0.1");
                Peer client = new Peer("127.0.0.1")) {
            node.addresses = TestNode.addresses("127.0.0.1");
            int number = open(node, origin, "0.0.0.0").getPort();
            InetSocketAddress first = new InetSocketAddress("127.0.0.1", number);
            client.send("first", first);
            InetSocketAddress session = origin.receive().from();

            node.addresses = TestNode.addresses("127.0.0.2", "::1");
            InetSocketAddress second = new InetSocketAddress("127.0.0.2", number);
            TestNode.eventually(
                    "the new address is served",
                    () -> {
                        client.send("second", second);
                        return !origin.hearsNothing(200);
                    });
            origin.send("too late", session);
            TestNode.eventually(
                    "no answer leaves from an address that is gone",
                    () -> node.metrics.droppedBy(DropReason.SEND_FAILED) == 1);
        }
    }

    /// With NIO a port has one loop, and none that closes later.
    @Test
    void countsWhatComesToAPortThatIsBeingClosed() throws Exception {
        try (TestNode node = new TestNode(Transport.EPOLL);
                Peer origin = new Peer("127.0.0.1")) {
            int number = FreePort.udp();
            FakeOrigins origins = new FakeOrigins("127.0.0.1");
            Listener listener =
                    node.open(
                            "127.0.0.1",
                            number,
                            node.route(origins, origin.port(), TestNode.spec(ClientIp.OFF)));
            AtomicInteger drained = new AtomicInteger();
            Runnable release = node.hold(1);
            listener.drain(drained::incrementAndGet);
            TestNode.eventually(
                    "a stranger is turned away",
                    () -> {
                        try (Peer stranger = new Peer("127.0.0.1")) {
                            stranger.send("hello", new InetSocketAddress("127.0.0.1", number));
                        } catch (IOException failed) {
                            throw new UncheckedIOException(failed);
                        }
                        return node.metrics.droppedBy(DropReason.PORT_CLOSED) > 0;
                    });
            release.run();
            // Of those who came to the other loop while it was held.
            listener.endSessions(EndReason.SHUTDOWN);
            TestNode.eventually("drained", () -> drained.get() == 1);
        }
    }

    /// The kernel leads here what was sent before it was told that the port is closed.
    @Test
    void countsWhatComesToASteeredPortThatHasBeenClosed() throws Exception {
        Kernel.required();
        ListenerKey closed = TestNode.key("127.0.0.1", FreePort.udp());
        try (TestNode node = new TestNode(Transport.EPOLL);
                Peer client = new Peer("127.0.0.1")) {
            Steering steering =
                    KernelSteering.of(
                            new SteeringSettings(Steering.Mode.ON, 10),
                            new ReservedPorts(Path.of("nowhere")),
                            new OutgoingPorts());
            try {
                List<Front> fronts =
                        TestNode.await(node.listeners.fronts(List.of(closed.address()), List.of()));
                steering.change(fronts, List.of(), List.of(closed));
                client.send("late", new InetSocketAddress(closed.address(), closed.port()));
                TestNode.eventually("counted", () -> node.dropped() == 1);
                assertThat(node.metrics.droppedBy(DropReason.PORT_CLOSED)).isEqualTo(1);
            } finally {
                steering.close();
            }
        }
    }

    /// Also not by the next process, which has the same socket.
    @Test
    void countsNothingTwiceThatTheSystemHadNoRoomFor() throws Exception {
        ListenerKey key = TestNode.key("127.0.0.1", FreePort.udp());
        EventLoops loops = EventLoops.start(Transport.EPOLL, 1);
        UdpLoop loop =
                new UdpLoop(
                        (IoEventLoop) loops.all().getFirst(),
                        new SessionMetrics(),
                        UdpSettings.RECEIVE_BUFFER_MIN,
                        new OutgoingPorts(),
                        List::of);
        UdpSocket before =
                loop.sockets.listening(
                        key.address(), key.port(), UdpSockets.Sharing.FROM_THE_START);
        try (Peer client = new Peer("127.0.0.1")) {
            for (int i = 0; i < 2_000; i++) {
                client.send("x", new InetSocketAddress(key.address(), key.port()));
            }
            UdpSocket after = loop.sockets.of(before.descriptor());
            assertThat(after.overflow()).isZero();
            assertThat(before.overflow()).isPositive();
            client.send("x", new InetSocketAddress(key.address(), key.port()));
            assertThat(after.overflow()).isEqualTo(1);
        } finally {
            before.release();
            var _ = loops.group().shutdownGracefully(1, 5_000, TimeUnit.MILLISECONDS);
        }
    }

    /// The JDK does not say what the system dropped.
    @Test
    void countsWhatTheSystemHadNoRoomFor() throws Exception {
        UdpSettings small = new UdpSettings(1_000, UdpSettings.RECEIVE_BUFFER_MIN);
        try (TestNode node = new TestNode(Transport.EPOLL, 1_000, small);
                Peer origin = new Peer("127.0.0.1");
                Peer client = new Peer("127.0.0.1")) {
            InetSocketAddress port = open(node, origin, "127.0.0.1");
            Runnable one = node.hold(0);
            Runnable other = node.hold(1);
            for (int i = 0; i < 2_000; i++) {
                client.send("x", port);
            }
            one.run();
            other.run();
            TestNode.eventually(
                    "each is forwarded or counted",
                    () ->
                            node.counters.datagramsToOrigin.sum()
                                            + node.metrics.droppedBy(DropReason.RECEIVE_BUFFER_FULL)
                                    == 2_000);
            assertThat(node.metrics.droppedBy(DropReason.RECEIVE_BUFFER_FULL)).isPositive();
            assertThat(node.counters.datagramsToOrigin.sum()).isGreaterThan(ReceiveBatch.SLOTS);
        }
    }

    private static InetSocketAddress open(TestNode node, Peer origin, String address)
            throws Exception {
        int port = FreePort.udp();
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        node.open(address, port, node.route(origins, origin.port(), TestNode.spec(ClientIp.OFF)));
        return new InetSocketAddress(address, port);
    }
}
