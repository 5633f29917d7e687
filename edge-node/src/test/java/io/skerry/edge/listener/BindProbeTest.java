package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.net.Protocol;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class BindProbeTest {
    private static final String HOST = "127.0.0.9";

    private static ListenerKey key(Protocol protocol, int port) throws IOException {
        return new ListenerKey(protocol, InetAddress.getByName(HOST), port);
    }

    @Test
    void tellsHeldPortsFromFreeOnesAndLeavesBothAlone() throws IOException {
        ListenerKey free;
        try (ServerSocket tcp = new ServerSocket(0, 1, InetAddress.getByName(HOST));
                DatagramSocket udp = new DatagramSocket(new InetSocketAddress(HOST, 0))) {
            ListenerKey heldTcp = key(Protocol.TCP, tcp.getLocalPort());
            ListenerKey heldUdp = key(Protocol.UDP, udp.getLocalPort());
            try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
                free = key(Protocol.TCP, probe.getLocalPort());
            }
            assertThat(BindProbe.refusals(List.of(heldTcp, free, heldUdp)))
                    .containsOnlyKeys(heldTcp, heldUdp)
                    .allSatisfy((port, refusal) ->
                            assertThat(refusal.code()).isEqualTo(Refusal.Code.BIND_FAILED));
        }
        assertThat(BindProbe.refusals(List.of(free))).isEmpty();
        new ServerSocket(free.port(), 1, free.address()).close();
    }

    @Test
    void bindsSoManyPortsAndNoMore() throws IOException {
        try (ServerSocket tcp = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            ListenerKey held = key(Protocol.TCP, tcp.getLocalPort());
            List<ListenerKey> keys =
                    new ArrayList<>(
                            Collections.nCopies(BindProbe.PORTS_MAX - 1, key(Protocol.UDP, 0)));
            keys.add(held);
            assertThat(BindProbe.refusals(keys)).containsOnlyKeys(held);
            keys.addFirst(key(Protocol.UDP, 0));
            assertThat(BindProbe.refusals(keys)).isEmpty();
        }
    }
}
