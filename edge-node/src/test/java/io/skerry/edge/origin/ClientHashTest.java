package io.skerry.edge.origin;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.net.IpText;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;

class ClientHashTest {
    private static InetAddress ip(String text) {
        return IpText.parse(text).orElseThrow();
    }

    @Test
    void addressesHaveTheHashesOfThePage() {
        assertThat(Long.toHexString(ClientHash.of(ip("127.0.0.9")))).isEqualTo("a313aced382c315e");
        assertThat(Long.toHexString(ClientHash.of(ip("192.0.2.1")))).isEqualTo("7fd51fef4ae45cc2");
        assertThat(Long.toHexString(ClientHash.of(ip("2001:db8::1"))))
                .isEqualTo("239f1780a86e917e");
    }

    @Test
    void drawsAreThoseOfThePage() {
        long client = ClientHash.of(ip("192.0.2.1"));
        long origin = ClientHash.of(ip("10.0.0.5"));
        assertThat(ClientHash.draw(client, origin, 1)).isEqualTo(0.23621257742701166);
        assertThat(ClientHash.draw(client, origin, 50)).isEqualTo(0.23621257742701166 / 50);
    }

    @Test
    void prefixesMakeNeighboursOneClientOnIpv6Alone() {
        assertThat(ClientHash.masked(ip("2001:db8:1:2:3:4:5:6"), 64))
                .isEqualTo(ip("2001:db8:1:2::"));
        assertThat(ClientHash.masked(ip("2001:db8:1:2ff::"), 60)).isEqualTo(ip("2001:db8:1:2f0::"));
        assertThat(ClientHash.masked(ip("2001:db8::1"), 128)).isEqualTo(ip("2001:db8::1"));
        assertThat(ClientHash.masked(ip("192.0.2.1"), 64)).isEqualTo(ip("192.0.2.1"));
    }
}
