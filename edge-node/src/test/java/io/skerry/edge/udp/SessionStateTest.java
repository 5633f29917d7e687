package io.skerry.edge.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.skerry.shared.net.IpText;
import io.vertx.core.json.JsonObject;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

class SessionStateTest {
    private static InetAddress ip(String text) {
        return IpText.parse(text).orElseThrow();
    }

    private static SessionState state(InetAddress client, InetAddress dialled) {
        return new SessionState(
                client,
                40_000,
                dialled,
                ip("10.0.0.5"),
                new Manner(new byte[] {1, 2, -1}, Manner.Headers.FIRST, false, 120_000),
                true,
                1_500);
    }

    private static void staysTheSame(SessionState state) {
        SessionState read = SessionState.read(new JsonObject(state.print().encode()));
        assertThat(read).usingRecursiveComparison().isEqualTo(state);
        assertThat(read.key(7).same(state.key(7))).isTrue();
        assertThat(read.key(7).same(state.key(8))).isFalse();
    }

    @Test
    void isTheSameInTheOtherProcess() {
        staysTheSame(state(ip("192.0.2.1"), ip("198.51.100.7")));
        staysTheSame(state(ip("2001:db8::1"), ip("2001:db8::2")));
    }

    @Test
    void aLinkLocalClientKeepsItsInterface() throws UnknownHostException {
        InetAddress linkLocal = Inet6Address.getByAddress(null, ip("fe80::1").getAddress(), 3);
        SessionState state = state(linkLocal, ip("2001:db8::2"));
        SessionState read = SessionState.read(state.print());
        assertThat(SessionState.scope(read.client())).isEqualTo(3);
        assertThat(read.key(1).clientPort).isEqualTo(40_000L | 3L << 16);
    }

    @Test
    void garbageIsRefused() {
        JsonObject good = state(ip("192.0.2.1"), ip("198.51.100.7")).print();
        for (String field : good.fieldNames()) {
            JsonObject without = good.copy();
            without.remove(field);
            assertThatThrownBy(() -> SessionState.read(without))
                    .as(field)
                    .isInstanceOf(RuntimeException.class);
        }
        assertThatThrownBy(() -> SessionState.read(good.copy().put("clientPort", 65_536)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SessionState.read(good.copy().put("client", "nobody")))
                .isInstanceOf(RuntimeException.class);
    }
}
