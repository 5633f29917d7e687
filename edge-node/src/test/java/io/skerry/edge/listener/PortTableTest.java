package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.util.List;
import org.junit.jupiter.api.Test;

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
                        new PortTable.Held(IpText.parse("127.0.0.1").orElseThrow(), 4242),
                        new PortTable.Held(IpText.parse("::1").orElseThrow(), 4244));
        assertThat(table.at(Protocol.TCP, 8081)).isEmpty();
        assertThat(table.at(Protocol.UDP, 8080)).isEmpty();
    }
}
