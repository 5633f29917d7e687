package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.handover.OpenSocket;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InheritedSocketsTest {
    private static ListenerKey key(Protocol protocol, String address, int port) {
        return new ListenerKey(protocol, IpText.parse(address).orElseThrow(), port);
    }

    private static OpenSocket socket(String name, int descriptor) {
        return new OpenSocket(name, new JsonObject(), descriptor);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tcp:127.0.0.1:80/0",
                "udp:0.0.0.0:53/3",
                "tcp:[::]:64999/0",
                "udp:[2001:db8::1]:1/17"
            })
    void aPlaceIsReadAsItIsWritten(String name) {
        assertThat(InheritedSockets.Place.parse(name).orElseThrow()).hasToString(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lock",
                "tcp:127.0.0.1:80",
                "tcp:localhost:80/0",
                "tcp:127.0.0.1:80/x",
                "sctp:127.0.0.1:80/0",
                "TCP:127.0.0.1:80/0",
                "steering:tcp4/0"
            })
    void anythingElseIsNoPlaceOfAListener(String name) {
        assertThat(InheritedSockets.Place.parse(name)).isEmpty();
    }

    @Test
    void thePortsSocketsAreTakenOnceAndInOrder() {
        InheritedSockets sockets =
                new InheritedSockets(
                        List.of(
                                socket("tcp:127.0.0.1:80/1", 11),
                                socket("udp:127.0.0.1:80/0", 20),
                                socket("tcp:127.0.0.1:80/0", 10)));
        ListenerKey tcp = key(Protocol.TCP, "127.0.0.1", 80);
        assertThat(sockets.take(tcp)).containsExactly(10, 11);
        assertThat(sockets.take(tcp)).isEmpty();
        assertThat(sockets.take(key(Protocol.TCP, "127.0.0.2", 80))).isEmpty();
        assertThat(sockets.keys()).containsExactly(key(Protocol.UDP, "127.0.0.1", 80));
    }

    @Test
    void whatNobodyTakesIsLeftOver() {
        InheritedSockets sockets =
                new InheritedSockets(
                        List.of(
                                socket("steering:tcp4/0", 30),
                                socket("tcp:127.0.0.1:80/0", 10),
                                socket("tcp:127.0.0.1:81/0", 12)));
        sockets.take(key(Protocol.TCP, "127.0.0.1", 80));
        assertThat(sockets.takeRest()).containsExactlyInAnyOrder(12, 30);
        assertThat(sockets.takeRest()).isEmpty();
    }

    @Test
    void aServedPortThatIsRefusedIsTheReasonNotToTakeOver() {
        InheritedSockets sockets = new InheritedSockets(List.of(socket("tcp:127.0.0.1:80/0", 10)));
        Refusal refusal = new Refusal(Refusal.Code.DESCRIPTORS, "no room");
        sockets.refused(key(Protocol.TCP, "127.0.0.1", 81), refusal);
        assertThat(sockets.trouble()).isEmpty();

        sockets.refused(key(Protocol.TCP, "127.0.0.1", 80), refusal);
        assertThat(sockets.trouble().orElseThrow())
                .startsWith("tcp:127.0.0.1:80 is served now and would not be: ")
                .contains("no room");
    }
}
