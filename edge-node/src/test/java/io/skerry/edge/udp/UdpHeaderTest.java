package io.skerry.edge.udp;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.FreePort;
import io.skerry.edge.clientaddress.ProxyV2;
import io.skerry.edge.clientaddress.SecondDecoder;
import io.skerry.edge.clientaddress.Spp;
import io.skerry.edge.listener.Route;
import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.steering.Way;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.HeaderDestination;
import io.skerry.shared.rule.ProxyV2Udp;
import io.skerry.shared.rule.RuleSpec;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
@ParameterizedClass
@EnumSource(
        value = Way.class,
        names = {"EPOLL", "NIO", "STEERED"})
class UdpHeaderTest {
    private final Way way;
    private TestNode node;
    private Peer origin;
    private Peer client;
    private InetSocketAddress port;

    UdpHeaderTest(Way way) throws Exception {
        this.way = way;
        node = new TestNode(way);
        origin = new Peer("127.0.0.1");
        client = new Peer("127.0.0.9");
        port = new InetSocketAddress("127.0.0.1", FreePort.udp());
    }

    @BeforeEach
    void hasNoSessions() {
        assertThat(node.limits.open()).isZero();
    }

    @AfterEach
    void close() {
        client.close();
        origin.close();
        node.close();
    }

    @Test
    void putsTheProxyHeaderIntoTheFirstDatagramOnly() {
        open(ProxyV2Udp.FIRST, HeaderDestination.DIALLED);
        client.send("one", port);
        Peer.Datagram one = origin.receive();
        assertThat(header(one, ProxyV2.V4_LENGTH, port)).isEqualTo("one");
        client.send("two", port);
        assertThat(origin.receive().text()).isEqualTo("two");
        if (way != Way.NIO) {
            client.send("", port);
            assertThat(origin.receive().bytes()).isEmpty();
        }
        origin.send("bare", one.from());
        assertThat(client.receive().text()).isEqualTo("bare");
        TestNode.eventually("bytes", () -> node.counters.bytesToOrigin.sum() == 6);
    }

    @Test
    void putsTheProxyHeaderIntoEveryDatagramWhereAsked() {
        open(ProxyV2Udp.EVERY, HeaderDestination.DIALLED);
        for (String text : new String[] {"one", "", "three"}) {
            client.send(text, port);
            assertThat(header(origin.receive(), ProxyV2.V4_LENGTH, port)).isEqualTo(text);
        }
    }

    @Test
    void sendsTheHeaderAloneForAnEmptyFirstDatagram() {
        open(ProxyV2Udp.FIRST, HeaderDestination.DIALLED);
        client.send("", port);
        assertThat(header(origin.receive(), ProxyV2.V4_LENGTH, port)).isEmpty();
        client.send("two", port);
        assertThat(origin.receive().text()).isEqualTo("two");
    }

    @Test
    void namesTheOriginWhereAsked() {
        open(ProxyV2Udp.FIRST, HeaderDestination.ORIGIN);
        client.send("one", port);
        assertThat(header(origin.receive(), ProxyV2.V4_LENGTH, origin.address())).isEqualTo("one");
    }

    @Test
    void aClientCannotPretendToBeAnother() throws Exception {
        open(ProxyV2Udp.FIRST, HeaderDestination.DIALLED);
        client.send("one", port);
        origin.receive();
        ByteArrayOutputStream forged = new ByteArrayOutputStream();
        forged.write(ProxyV2.encode(Protocol.UDP, new InetSocketAddress("192.0.2.1", 7), port));
        forged.write("forged".getBytes(StandardCharsets.UTF_8));
        for (byte[] payload : new byte[][] {forged.toByteArray(), ProxyV2.signature()}) {
            client.send(payload, port);
            byte[] got = origin.receive().bytes();
            assertThat(SecondDecoder.v2(got)).isEqualTo(named(ProxyV2.V4_LENGTH, port));
            assertThat(Arrays.copyOfRange(got, ProxyV2.V4_LENGTH, got.length)).isEqualTo(payload);
        }
        client.send(Arrays.copyOf(ProxyV2.signature(), 11), port);
        assertThat(origin.receive().bytes()).hasSize(11);
    }

    @Test
    void dropsWhatGetsTooLongWithItsHeader() {
        open(ProxyV2Udp.FIRST, HeaderDestination.DIALLED);
        client.send(new byte[UdpSession.PAYLOAD_MAX - ProxyV2.V4_LENGTH + 1], port);
        TestNode.eventually("drop", () -> node.metrics.droppedBy(DropReason.TOO_LONG) == 1);
        client.send(new byte[UdpSession.PAYLOAD_MAX - ProxyV2.V4_LENGTH], port);
        assertThat(origin.receive().bytes()).hasSize(UdpSession.PAYLOAD_MAX);
        client.send(new byte[UdpSession.PAYLOAD_MAX], port);
        assertThat(origin.receive().bytes()).hasSize(UdpSession.PAYLOAD_MAX);
    }

    @Test
    void carriesIpv6ClientsInTheHeader() throws Exception {
        port = new InetSocketAddress("::1", port.getPort());
        client.close();
        client = new Peer("::1");
        open(ProxyV2Udp.FIRST, HeaderDestination.DIALLED);
        client.send("six", port);
        assertThat(header(origin.receive(), ProxyV2.V6_LENGTH, port)).isEqualTo("six");
    }

    @Test
    void carriesSppBothWays() {
        open(spp());
        for (String text : new String[] {"one", "", "three"}) {
            client.send(text, port);
            Peer.Datagram got = origin.receive();
            assertThat(SecondDecoder.spp(got.bytes())).isEqualTo(named(Spp.LENGTH, port));
            assertThat(got.text()).endsWith(text);
            assertThat(got.bytes()).hasSize(Spp.LENGTH + text.length());
            origin.send(got.bytes(), got.from());
            assertThat(client.receive()).isEqualTo(answer(text));
        }
        TestNode.eventually("bytes", () -> node.counters.bytesToClient.sum() == 8);
    }

    @Test
    void dropsAnswersWithoutTheClientsSppHeader() {
        open(spp());
        client.send("one", port);
        Peer.Datagram got = origin.receive();
        byte[] otherClient = got.bytes();
        otherClient[17]++;
        byte[] otherPort = got.bytes();
        otherPort[35]++;
        byte[] noMagic = got.bytes();
        noMagic[0] = 0;
        byte[] good = got.bytes();
        good[good.length - 1] = '!';
        origin.send(otherClient, got.from());
        origin.send(otherPort, got.from());
        origin.send(noMagic, got.from());
        origin.send(Arrays.copyOf(got.bytes(), Spp.LENGTH - 1), got.from());
        origin.send("", got.from());
        origin.send(good, got.from());
        assertThat(client.receive()).isEqualTo(answer("on!"));
        assertThat(node.metrics.droppedBy(DropReason.BAD_REPLY)).isEqualTo(5);
    }

    private Peer.Datagram answer(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Peer.Datagram(port, HexFormat.of().formatHex(bytes));
    }

    private void open(ProxyV2Udp which, HeaderDestination named) {
        open(TestNode.spec(ClientIp.PPV2, which, named, 60, 0));
    }

    private static RuleSpec spp() {
        return TestNode.spec(ClientIp.SPP);
    }

    private void open(RuleSpec spec) {
        Route route = node.route(new FakeOrigins("127.0.0.1"), origin.port(), spec);
        node.open(port.getAddress().getHostAddress(), port.getPort(), route);
    }

    /// Checks the header with the second decoder and answers the payload behind it.
    private String header(Peer.Datagram datagram, int length, InetSocketAddress named) {
        byte[] bytes = datagram.bytes();
        assertThat(SecondDecoder.v2(bytes)).isEqualTo(named(length, named));
        return new String(bytes, length, bytes.length - length, StandardCharsets.UTF_8);
    }

    private String named(int length, InetSocketAddress named) {
        return "UDP %s %d %s %d %d"
                .formatted(
                        HexFormat.of().formatHex(client.address().getAddress().getAddress()),
                        client.port(),
                        HexFormat.of().formatHex(named.getAddress().getAddress()),
                        named.getPort(),
                        length);
    }
}
