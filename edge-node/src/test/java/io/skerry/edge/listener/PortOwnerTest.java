package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@EnabledOnOs(OS.LINUX)
final class PortOwnerTest {
    private final OwnPorts own = new OwnPorts();
    private final PortOwner owner = new PortOwner(own);

    private static InetAddress ip(String text) {
        return IpText.parse(text).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "tcp, 127.0.0.1, 127.0.0.1, false",
        "tcp, 127.0.0.1, 127.0.0.1, true",
        "tcp, 127.0.0.1, 0.0.0.0, true",
        "tcp, 0.0.0.0, 127.0.0.1, true",
        "tcp, ::, 127.0.0.1, false",
        "udp, 127.0.0.1, 127.0.0.1, false",
        "udp, 127.0.0.1, 0.0.0.0, true"
    })
    void namesTheProgramThatHoldsAPort(String protocol, String held, String wanted, boolean sharing)
            throws Exception {
        try (PortHolder holder = PortHolder.start(protocol, held, sharing)) {
            ListenerKey key =
                    new ListenerKey(
                            Protocol.valueOf(protocol.toUpperCase(java.util.Locale.ROOT)),
                            ip(wanted),
                            holder.port());

            Map<ListenerKey, Refusal> refusals = owner.refusals(List.of(key), none -> false);

            assertThat(refusals).containsOnlyKeys(key);
            assertThat(String.valueOf(refusals.get(key)))
                    .startsWith("port_in_use: " + key + " is held by java (pid " + holder.pid());
        }
    }

    @Test
    void leavesAnotherAddressAlone() throws Exception {
        try (PortHolder holder = PortHolder.start("tcp", "127.0.0.1", false)) {
            ListenerKey other = new ListenerKey(Protocol.TCP, ip("127.0.0.2"), holder.port());
            ListenerKey v6 = new ListenerKey(Protocol.TCP, ip("::"), holder.port());
            ListenerKey udp = new ListenerKey(Protocol.UDP, ip("127.0.0.1"), holder.port());

            assertThat(owner.refusals(List.of(other, v6, udp), none -> false)).isEmpty();
        }
    }

    @Test
    void namesSkerryItselfForAControlPortAndNobodyForItsListeners() throws Exception {
        try (ServerSocket control = new ServerSocket(0, 1, ip("127.0.0.1"))) {
            own.add(Protocol.TCP, ip("127.0.0.1"), control.getLocalPort());
            ListenerKey wild = new ListenerKey(Protocol.TCP, ip("0.0.0.0"), control.getLocalPort());
            ListenerKey same =
                    new ListenerKey(Protocol.TCP, ip("127.0.0.1"), control.getLocalPort());

            assertThat(String.valueOf(owner.refusals(List.of(wild), none -> false).get(wild)))
                    .contains("held by Skerry itself");
            assertThat(owner.refusals(List.of(same), Set.of(same)::contains)).isEmpty();
        }
    }
}
