package io.skerry.edge.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.transport.Transport;
import io.skerry.shared.rule.ClientIp;
import java.net.InetSocketAddress;
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

    private static InetSocketAddress open(TestNode node, Peer origin, String address)
            throws Exception {
        int port = TestNode.freePort();
        FakeOrigins origins = new FakeOrigins("127.0.0.1");
        node.open(address, port, node.route(origins, origin.port(), TestNode.spec(ClientIp.OFF)));
        return new InetSocketAddress(address, port);
    }
}
