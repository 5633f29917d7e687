package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.net.IpText;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;

final class SteeredPortsTest {
    private final SteeredPorts<String> ports = new SteeredPorts<>();

    private static InetAddress ip(String text) {
        return IpText.parse(text).orElseThrow();
    }

    @Test
    void findsTheVeryAddressBeforeEveryAddress() {
        ports.put(ip("0.0.0.0"), 80, "everywhere");
        ports.put(ip("192.0.2.1"), 80, "there");

        assertThat(ports.find(ip("192.0.2.1"), 80)).isEqualTo("there");
        assertThat(ports.find(ip("192.0.2.2"), 80)).isEqualTo("everywhere");
        assertThat(ports.find(ip("192.0.2.1"), 81)).isNull();
    }

    @Test
    void whoTookOverIsNotRemovedByTheOneBefore() {
        String old = "old";
        String young = "young";
        ports.put(ip("192.0.2.1"), 80, old);
        ports.put(ip("192.0.2.2"), 80, "other");
        ports.put(ip("192.0.2.1"), 80, young);

        ports.remove(ip("192.0.2.1"), 80, old);
        assertThat(ports.find(ip("192.0.2.1"), 80)).isEqualTo("young");
        ports.remove(ip("192.0.2.1"), 80, young);
        assertThat(ports.find(ip("192.0.2.1"), 80)).isNull();
        assertThat(ports.find(ip("192.0.2.2"), 80)).isEqualTo("other");
    }
}
