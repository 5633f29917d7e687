package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

final class PortTableTest {
    @Test
    void readsListeningSocketsOfBothFamilies() {
        PortTable table =
                PortTable.parse(
                        Protocol.TCP,
                        List.of(
                                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when"
                                        + " retrnsmt   uid  timeout inode",
                                "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000"
                                        + " 00000000  1000 0 4242 1 0 100 0 0 10 0",
                                "   1: 0100007F:1F91 0100007F:0050 01 00000000:00000000 00:00000000"
                                        + " 00000000  1000 0 4243 1 0 100 0 0 10 0",
                                "   2: 00000000000000000000000001000000:1F90"
                                        + " 00000000000000000000000000000000:0000 0A"
                                        + " 00000000:00000000 00:00000000 00000000 0 0 4244 1"));

        assertThat(table.at(Protocol.TCP, 8080))
                .containsExactly(
                        held("127.0.0.1", 4242, Optional.of(true)),
                        held("::1", 4244, Optional.empty()));
        assertThat(table.at(Protocol.TCP, 8081)).isEmpty();
        assertThat(table.at(Protocol.UDP, 8080)).isEmpty();
    }

    private static PortTable.Held held(
            String address, long inode, Optional<Boolean> sameFamilyOnly) {
        return new PortTable.Held(
                IpText.parse(address).orElseThrow(), inode, false, sameFamilyOnly);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void theKernelListsTheSameByNetlinkAndInItsFiles() throws Exception {
        try (ServerSocket tcp = new ServerSocket(0, 1, InetAddress.getByName("::1"));
                DatagramSocket udp = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"))) {
            PortTable listed = PortTable.read();
            PortTable files = PortTable.readFiles();

            assertThat(listed.at(Protocol.UDP, udp.getLocalPort()))
                    .hasSize(1)
                    .isEqualTo(files.at(Protocol.UDP, udp.getLocalPort()));
            assertThat(listed.at(Protocol.TCP, tcp.getLocalPort()))
                    .extracting(PortTable.Held::address, PortTable.Held::inode)
                    .hasSize(1)
                    .isEqualTo(
                            files.at(Protocol.TCP, tcp.getLocalPort()).stream()
                                    .map(each -> tuple(each.address(), each.inode()))
                                    .toList());
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void tellsWhoTalksToOnePeerAloneAndWhoTakesIpv4Too() throws Exception {
        try (ServerSocketChannel both = ServerSocketChannel.open();
                DatagramChannel alone = DatagramChannel.open(StandardProtocolFamily.INET)) {
            both.bind(new InetSocketAddress("::", 0));
            alone.connect(new InetSocketAddress("127.0.0.1", 9));
            PortTable table = PortTable.read();

            assertThat(table.at(Protocol.TCP, both.socket().getLocalPort()))
                    .extracting(PortTable.Held::sameFamilyOnly)
                    .containsExactly(Optional.of(false));
            assertThat(table.at(Protocol.UDP, alone.socket().getLocalPort()))
                    .extracting(PortTable.Held::connected)
                    .containsExactly(true);
        }
    }
}
