package io.skerry.edge.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.skerry.edge.FreePort;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.Route;
import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.metrics.Limit;
import io.skerry.edge.origin.Choice;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.steering.Way;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.HeaderDestination;
import io.skerry.shared.rule.ProxyV2Udp;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
@ParameterizedClass
@EnumSource(
        value = Way.class,
        names = {"EPOLL", "NIO", "STEERED"})
class UdpForwardingTest {
    private final Way way;
    private final List<AutoCloseable> opened = new ArrayList<>();

    UdpForwardingTest(Way way) {
        this.way = way;
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
    }

    @Test
    void answersFindTheirClient() throws Exception {
        TestNode node = node();
        Peer origin = peer("127.0.0.1");
        InetSocketAddress port = open(node, new FakeOrigins("127.0.0.1"), origin, ClientIp.OFF);
        Peer first = peer("127.0.0.1");
        Peer second = peer("127.0.0.1");
        first.send("one", port);
        Peer.Datagram one = origin.receive();
        second.send("two", port);
        Peer.Datagram two = origin.receive();

        assertThat(one.text()).isEqualTo("one");
        assertThat(two.text()).isEqualTo("two");
        assertThat(one.from()).isNotEqualTo(two.from());
        origin.send("for two", two.from());
        origin.send("for one", one.from());
        assertThat(first.receive()).isEqualTo(datagram(port, "for one"));
        assertThat(second.receive()).isEqualTo(datagram(port, "for two"));
        first.send("again", port);
        assertThat(origin.receive()).isEqualTo(datagram(one.from(), "again"));
        assertThat(node.metrics.open(Protocol.UDP)).isEqualTo(2);
        TestNode.eventually("counters", () -> node.counters.bytesToClient.sum() == 14);
        TestNode.eventually("counters", () -> node.counters.bytesToOrigin.sum() == 11);
        assertThat(node.counters.datagramsToOrigin.sum()).isEqualTo(3);
        assertThat(node.counters.datagramsToClient.sum()).isEqualTo(2);
        assertThat(node.dropped()).isZero();
    }

    @Test
    void servesAThousandClients() throws Exception {
        TestNode node = node();
        Peer origin = peer("127.0.0.1");
        InetSocketAddress port = open(node, new FakeOrigins("127.0.0.1"), origin, ClientIp.OFF);
        List<Peer> clients = new ArrayList<>();
        Set<InetSocketAddress> seen = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            clients.add(peer("127.0.0.1"));
            clients.get(i).send("client " + i, port);
            Peer.Datagram datagram = origin.receive();
            seen.add(datagram.from());
            origin.send("echo of " + datagram.text(), datagram.from());
        }
        for (int i = 0; i < 1_000; i++) {
            assertThat(clients.get(i).receive()).isEqualTo(datagram(port, "echo of client " + i));
        }
        assertThat(seen).hasSize(1_000);
        assertThat(node.metrics.open(Protocol.UDP)).isEqualTo(1_000);
    }

    @Test
    void answersLeaveFromTheAddressDialledOnAWildcard() throws Exception {
        TestNode node = node();
        Peer origin = peer("127.0.0.1");
        int number = FreePort.udp();
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        Route route = node.route(origins, origin.port(), TestNode.spec(ClientIp.OFF));
        node.open("0.0.0.0", number, route);
        node.open("::", number, route);
        Peer v4 = peer("127.0.0.1");
        Peer v6 = peer("::1");
        Set<InetSocketAddress> sessions = new HashSet<>();
        for (String dialled : List.of("127.0.0.7", "127.0.0.1", "::1")) {
            Peer client = dialled.equals("::1") ? v6 : v4;
            InetSocketAddress to = new InetSocketAddress(dialled, number);
            client.send("hello", to);
            Peer.Datagram hello = origin.receive();
            sessions.add(hello.from());
            origin.send("welcome", hello.from());
            assertThat(client.receive()).isEqualTo(datagram(to, "welcome"));
        }
        assertThat(sessions).hasSize(3);
    }

    @Test
    void reachesAnOriginOfTheOtherFamily() throws Exception {
        TestNode node = node();
        Peer origin = peer("::1");
        InetSocketAddress port = open(node, new FakeOrigins("::1"), origin, ClientIp.OFF);
        Peer client = peer("127.0.0.1");
        client.send("hello", port);
        Peer.Datagram hello = origin.receive();
        origin.send("welcome", hello.from());
        assertThat(client.receive()).isEqualTo(datagram(port, "welcome"));
    }

    @Test
    void carriesFiveHundredDatagramsInBatches() throws Exception {
        TestNode node = node();
        Peer origin = peer("127.0.0.1");
        InetSocketAddress port = open(node, new FakeOrigins("127.0.0.1"), origin, ClientIp.OFF);
        Peer client = peer("127.0.0.1");
        client.send("first", port);
        InetSocketAddress session = origin.receive().from();
        for (int i = 0; i < 500; i++) {
            client.send("number %04d %s".formatted(i, "x".repeat(200)), port);
        }
        for (int i = 0; i < 500; i++) {
            assertThat(origin.receive().text())
                    .startsWith("number %04d ".formatted(i))
                    .hasSize(212);
        }
        for (int i = 0; i < 500; i++) {
            origin.send("answer %04d %s".formatted(i, "y".repeat(i % 50 == 49 ? 9 : 800)), session);
        }
        for (int i = 0; i < 500; i++) {
            assertThat(client.receive().text()).startsWith("answer %04d ".formatted(i));
        }
        assertThat(node.dropped()).isZero();
    }

    @Test
    void carriesEmptyAndLongestDatagrams() throws Exception {
        TestNode node = node();
        Peer origin = peer("127.0.0.1");
        InetSocketAddress port = open(node, new FakeOrigins("127.0.0.1"), origin, ClientIp.OFF);
        Peer client = peer("127.0.0.1");
        client.send(new byte[UdpSession.PAYLOAD_MAX], port);
        Peer.Datagram longest = origin.receive();
        assertThat(longest.bytes()).hasSize(UdpSession.PAYLOAD_MAX);
        origin.send(new byte[UdpSession.PAYLOAD_MAX], longest.from());
        assertThat(client.receive().bytes()).hasSize(UdpSession.PAYLOAD_MAX);
        origin.send("", longest.from());
        assertThat(client.receive().bytes()).isEmpty();
        client.send("", port);
        if (way == Way.NIO) {
            // The JDK sends no empty datagram through a connected socket.
            drops(node, DropReason.SEND_FAILED, 1);
        } else {
            assertThat(origin.receive().bytes()).isEmpty();
        }
    }

    @Test
    void endsASessionThatIsIdle() throws Exception {
        TestNode node = node();
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        Peer origin = peer("127.0.0.1");
        int number = FreePort.udp();
        var spec = TestNode.spec(ClientIp.OFF, ProxyV2Udp.FIRST, HeaderDestination.DIALLED, 1, 0);
        node.open("127.0.0.1", number, node.route(origins, origin.port(), spec));
        Peer client = peer("127.0.0.1");
        client.send("hello", new InetSocketAddress("127.0.0.1", number));
        origin.receive();
        TestNode.eventually("idle", () -> node.metrics.endedBy(Protocol.UDP, EndReason.IDLE) == 1);
        TestNode.eventually(
                "given back",
                () ->
                        origins.open.get() == 0
                                && node.counters.open.get() == 0
                                && node.limits.open() == 0);
    }

    @Test
    void aSessionThatABugEndsTakesTheIdleTimeFromNoOther() throws Exception {
        TestNode node = node();
        FakeOrigins bad = new FakeOrigins("127.0.0.1");
        Peer origin = peer("127.0.0.1");
        InetSocketAddress broken = open(node, bad, origin, ClientIp.OFF);
        int number = FreePort.udp();
        var spec = TestNode.spec(ClientIp.OFF, ProxyV2Udp.FIRST, HeaderDestination.DIALLED, 2, 0);
        FakeOrigins good = new FakeOrigins("127.0.0.1");
        node.open("127.0.0.1", number, node.route(good, origin.port(), spec));
        bad.broken = true;
        // Enough for each of both loops to have some of both.
        for (int i = 0; i < 20; i++) {
            Peer client = peer("127.0.0.1");
            client.send("hello", broken);
            client.send("hello", new InetSocketAddress("127.0.0.1", number));
        }
        TestNode.eventually(
                "broken", () -> node.metrics.endedBy(Protocol.UDP, EndReason.INTERNAL) == 20);
        TestNode.eventually("idle", () -> node.metrics.endedBy(Protocol.UDP, EndReason.IDLE) == 20);
    }

    @Test
    void leavesAnOriginThatIsGone() throws Exception {
        TestNode node = node();
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        Peer origin = peer("127.0.0.1");
        Peer other = peer("127.0.0.2", origin.port());
        InetSocketAddress port = open(node, origins, origin, ClientIp.PPV2);
        Peer client = peer("127.0.0.1");
        client.send("one", port);
        assertThat(origin.receive().bytes()).hasSize(31);
        origins.replace("127.0.0.2");
        TestNode.eventually(
                "the session's end",
                () -> node.metrics.endedBy(Protocol.UDP, EndReason.ORIGIN_CHANGED) == 1);
        client.send("two", port);
        assertThat(other.receive().bytes()).hasSize(31);
        assertThat(origins.open).hasValue(1);
    }

    @Test
    void endsTheSessionWhenNobodyListensAtTheOrigin() throws Exception {
        TestNode node = node();
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        Peer origin = peer("127.0.0.1");
        InetSocketAddress port = open(node, origins, origin, ClientIp.OFF);
        int number = origin.port();
        origin.close();
        Peer client = peer("127.0.0.1");
        client.send("lost", port);
        TestNode.eventually(
                "refused", () -> node.metrics.endedBy(Protocol.UDP, EndReason.ORIGIN_REFUSED) == 1);
        assertThat(origins.failures).hasValue(1);
        Peer back = peer("127.0.0.1", number);
        client.send("found", port);
        assertThat(back.receive().text()).isEqualTo("found");
    }

    @Test
    void dropsWhatHasNoOrigin() throws Exception {
        TestNode node = node();
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        Peer origin = peer("127.0.0.1");
        InetSocketAddress port = open(node, origins, origin, ClientIp.OFF);
        Peer client = peer("127.0.0.1");
        origins.answer(new Choice.None());
        client.send("x", port);
        drops(node, DropReason.NO_ORIGIN, 1);
        origins.answer(new Choice.Unresolved());
        client.send("x", port);
        drops(node, DropReason.ORIGIN_UNRESOLVED, 1);
        origins.answer(new Choice.Resolving());
        client.send("x", port);
        drops(node, DropReason.ORIGIN_UNRESOLVED, 2);
        origins.answer(new Choice.Chosen(FakeOrigins.origin("127.0.0.1")));
        node.ownPorts.add(Protocol.UDP, IpText.parse("0.0.0.0").orElseThrow(), origin.port());
        client.send("x", port);
        drops(node, DropReason.LOOP, 1);
        TestNode.eventually("places given back", () -> node.limits.open() == 0);
        assertThat(node.counters.open).hasValue(0);
    }

    @Test
    void holdsEveryLimit() throws Exception {
        TestNode node = new TestNode(way, 4, 2);
        opened.add(node);
        Peer origin = peer("127.0.0.1");
        int number = FreePort.udp();
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        var spec = TestNode.spec(ClientIp.OFF, ProxyV2Udp.FIRST, HeaderDestination.DIALLED, 60, 3);
        Listener listener =
                node.open("127.0.0.1", number, node.route(origins, origin.port(), spec));
        InetSocketAddress port = new InetSocketAddress("127.0.0.1", number);
        accepted(port, origin, "127.0.0.1");
        accepted(port, origin, "127.0.0.1");
        Limit perClient = node.listeners.sessionsPerClient();
        assertThat(perClient.value().getAsLong()).isEqualTo(2);
        assertThat(perClient.hits().getAsLong()).isZero();
        refused(port, "127.0.0.1");
        drops(node, DropReason.CLIENT_LIMIT, 1);
        assertThat(perClient.hits().getAsLong()).isEqualTo(1);
        accepted(port, origin, "127.0.0.2");
        refused(port, "127.0.0.2");
        drops(node, DropReason.MAX_CONNECTIONS, 1);
        listener.reroute(node.route(origins, origin.port(), TestNode.spec(ClientIp.OFF)));
        accepted(port, origin, "127.0.0.3");
        assertThat(node.limits.hits()).isZero();
        refused(port, "127.0.0.3");
        drops(node, DropReason.SESSION_LIMIT, 1);
        assertThat(node.limits.hits()).isEqualTo(1);
        assertThat(node.limits.open()).isEqualTo(4);
        assertThat(listener.sessions()).isEqualTo(4);
    }

    @Test
    void sessionsOutliveTheirPortUntilTheyAreEnded() throws Exception {
        TestNode node = node();
        List<String> before = TestNode.descriptors();
        Peer origin = peer("127.0.0.1");
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        int number = FreePort.udp();
        Route route = node.route(origins, origin.port(), TestNode.spec(ClientIp.OFF));
        Listener listener = node.open("0.0.0.0", number, route);
        List<Peer> clients = new ArrayList<>();
        List<InetSocketAddress> sessions = new ArrayList<>();
        InetSocketAddress port = new InetSocketAddress("127.0.0.5", number);
        for (int i = 0; i < 300; i++) {
            clients.add(peer("127.0.0.1"));
            clients.get(i).send("hello", port);
            sessions.add(origin.receive().from());
        }
        AtomicInteger drained = new AtomicInteger();
        listener.drain(drained::incrementAndGet);
        TestNode.eventually("the port is closed", () -> listener.descriptors() == 0);

        Peer otherOrigin = peer("127.0.0.3", origin.port());
        FakeOrigins others = new FakeOrigins("127.0.0.3");
        Listener again =
                node.open(
                        "0.0.0.0",
                        number,
                        node.route(others, origin.port(), TestNode.spec(ClientIp.OFF)));
        for (int i = 0; i < 300; i++) {
            clients.get(i).send("still " + i, port);
            assertThat(origin.receive()).isEqualTo(datagram(sessions.get(i), "still " + i));
            origin.send("yes " + i, sessions.get(i));
            assertThat(clients.get(i).receive()).isEqualTo(datagram(port, "yes " + i));
        }
        for (int i = 0; i < 50; i++) {
            Peer stranger = peer("127.0.0.1");
            stranger.send("new", port);
            assertThat(otherOrigin.receive().text()).isEqualTo("new");
        }
        assertThat(drained).hasValue(0);
        listener.endSessions(EndReason.DRAIN_DEADLINE);
        TestNode.eventually("drained", () -> drained.get() == 1);
        assertThat(node.metrics.endedBy(Protocol.UDP, EndReason.DRAIN_DEADLINE)).isEqualTo(300);
        again.drain(drained::incrementAndGet);
        again.endSessions(EndReason.SHUTDOWN);
        TestNode.eventually("drained", () -> drained.get() == 2);
        closePeers();
        TestNode.hasOpen(before);
    }

    @Test
    void aSessionKnowsNothingOfOtherPortsThatOpenAndClose() throws Exception {
        TestNode node = node();
        Peer origin = peer("127.0.0.1");
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        Route route = node.route(origins, origin.port(), TestNode.spec(ClientIp.OFF));
        int number = FreePort.udp();
        node.open("0.0.0.0", number, route);
        InetSocketAddress port = new InetSocketAddress("127.0.0.5", number);
        Peer client = peer("127.0.0.1");
        client.send("first", port);
        InetSocketAddress session = origin.receive().from();
        AtomicInteger drained = new AtomicInteger();
        for (int i = 0; i < 20; i++) {
            Listener other = node.open("127.0.0.1", FreePort.udp(), route);
            talks(client, port, origin, session);
            other.drain(drained::incrementAndGet);
            talks(client, port, origin, session);
        }
        TestNode.eventually("all drained", () -> drained.get() == 20);
        talks(client, port, origin, session);
        assertThat(node.metrics.open(Protocol.UDP)).isEqualTo(1);
    }

    /// Asserts that a client keeps its session, and that answers leave from what it has dialled.
    private static void talks(
            Peer client, InetSocketAddress port, Peer origin, InetSocketAddress session) {
        client.send("still here", port);
        assertThat(origin.receive()).isEqualTo(datagram(session, "still here"));
        origin.send("still there", session);
        assertThat(client.receive()).isEqualTo(datagram(port, "still there"));
    }

    @Test
    void aNodeThatStopsWaitsForTheSessionsOnlyThatAreNotQuiet() throws Exception {
        TestNode node = node();
        Peer origin = peer("127.0.0.1");
        int number = FreePort.udp();
        Route route =
                node.route(
                        new FakeOrigins("127.0.0.1"), origin.port(), TestNode.spec(ClientIp.OFF));
        Listener listener = node.open("127.0.0.1", number, route);
        InetSocketAddress port = new InetSocketAddress("127.0.0.1", number);
        Peer quiet = peer("127.0.0.1");
        Peer busy = peer("127.0.0.1");
        quiet.send("hello", port);
        origin.receive();
        busy.send("hello", port);
        InetSocketAddress session = origin.receive().from();

        AtomicInteger drained = new AtomicInteger();
        listener.endWhenQuiet();
        listener.drain(drained::incrementAndGet);
        TestNode.eventually("the port is closed", () -> listener.descriptors() == 0);
        TestNode.eventually(
                "the end of the quiet one",
                () -> {
                    busy.send("still there", port);
                    assertThat(origin.receive().from()).isEqualTo(session);
                    return listener.sessions() < 2;
                });
        assertThat(node.metrics.endedBy(Protocol.UDP, EndReason.SHUTDOWN)).isEqualTo(1);
        assertThat(drained).hasValue(0);
        TestNode.eventually("drained", () -> drained.get() == 1);
        assertThat(node.metrics.endedBy(Protocol.UDP, EndReason.SHUTDOWN)).isEqualTo(2);
    }

    @Test
    void aPortCanBeOpenedAgainAtOnce() throws Exception {
        TestNode node = node();
        Peer origin = peer("127.0.0.1");
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        int number = FreePort.udp();
        Route route = node.route(origins, origin.port(), TestNode.spec(ClientIp.OFF));
        AtomicInteger drained = new AtomicInteger();
        for (int i = 0; i < 50; i++) {
            node.open("127.0.0.1", number, route).drain(drained::incrementAndGet);
        }
        TestNode.eventually("all drained", () -> drained.get() == 50);
    }

    @Test
    void refusesAPortThatAnotherSocketHoldsEvenASharedOne() throws Exception {
        assumeFalse(way == Way.STEERED, "who holds a port is asked before it is steered");
        TestNode node = node();
        Peer holder = peer("127.0.0.1");
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        Route route = node.route(origins, 9, TestNode.spec(ClientIp.OFF));
        assertRefused(node, holder.port(), route);
        try (DatagramSocket sharing = new DatagramSocket(null)) {
            sharing.setOption(StandardSocketOptions.SO_REUSEPORT, true);
            sharing.bind(new InetSocketAddress("127.0.0.1", 0));
            assertRefused(node, sharing.getLocalPort(), route);
        }
    }

    @Test
    void leavesNoDescriptorBehindWhenTheLoopsEnd() throws Exception {
        useANode();
        List<String> before = TestNode.descriptors();
        for (int i = 0; i < 50; i++) {
            useANode();
        }
        TestNode.hasOpen(before);
    }

    private void useANode() throws Exception {
        try (TestNode node = new TestNode(way);
                Peer origin = new Peer("127.0.0.1");
                Peer client = new Peer("127.0.0.1")) {
            InetSocketAddress port = open(node, new FakeOrigins("127.0.0.1"), origin, ClientIp.OFF);
            client.send("hello", port);
            origin.receive();
        }
    }

    private static void assertRefused(TestNode node, int port, Route route) {
        var opening = node.listeners.open(TestNode.key("127.0.0.1", port), route, 2);
        TestNode.eventually("refusal", opening::isComplete);
        assertThat(opening.cause())
                .isInstanceOf(BindException.class)
                .hasMessage("udp 127.0.0.1 port " + port + ": Address already in use");
    }

    private void accepted(InetSocketAddress port, Peer origin, String client) throws Exception {
        peer(client).send("hello", port);
        assertThat(origin.receive().text()).isEqualTo("hello");
    }

    private void refused(InetSocketAddress port, String client) throws Exception {
        peer(client).send("refused", port);
    }

    private static void drops(TestNode node, DropReason reason, long count) {
        TestNode.eventually(reason.word(), () -> node.metrics.droppedBy(reason) == count);
    }

    private TestNode node() {
        TestNode node = new TestNode(way);
        opened.add(node);
        return node;
    }

    private Peer peer(String address) throws Exception {
        return peer(address, 0);
    }

    private Peer peer(String address, int port) throws Exception {
        Peer peer = new Peer(address, port);
        opened.add(peer);
        return peer;
    }

    private void closePeers() throws Exception {
        for (AutoCloseable each : opened) {
            if (each instanceof Peer) {
                each.close();
            }
        }
    }

    private static InetSocketAddress open(
            TestNode node, FakeOrigins origins, Peer origin, ClientIp mode) throws Exception {
        int port = FreePort.udp();
        node.open("127.0.0.1", port, node.route(origins, origin.port(), TestNode.spec(mode)));
        return new InetSocketAddress("127.0.0.1", port);
    }

    private static Peer.Datagram datagram(InetSocketAddress from, String text) {
        return new Peer.Datagram(
                from, HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8)));
    }
}
