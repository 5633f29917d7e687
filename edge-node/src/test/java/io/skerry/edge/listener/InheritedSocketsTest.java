package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.handover.OpenSocket;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InheritedSocketsTest {
    private static ListenerKey key(Protocol protocol, String address, int port) {
        return new ListenerKey(protocol, address(address), port);
    }

    private static InetAddress address(String text) {
        return IpText.parse(text).orElseThrow();
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
        assertThat(sockets.before().sockets()).containsExactly(key(Protocol.UDP, "127.0.0.1", 80));
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
    void aServedRuleThatWouldNotBeServedIsTheReasonNotToTakeOver() {
        RuleKey rule = new RuleKey("sid-1", "rule-1");
        InheritedSockets sockets =
                new InheritedSockets(List.of(new ServedRule(rule, Set.of()).word()));
        Refusal refusal = new Refusal(Refusal.Code.NO_SLOT, "no address");
        RuleKey other = new RuleKey("sid-1", "rule-2");

        assertThat(sockets.lost(Set.of(rule), Map.of(other, refusal))).isEmpty();
        assertThat(sockets.lost(Set.of(), Map.of(rule, refusal)).orElseThrow())
                .isEqualTo(
                        "rule rule-1 of sid-1 is served now and would not be: no_slot: no address");
        assertThat(sockets.lost(Set.of(rule), Map.of(rule, refusal))).isPresent();
        assertThat(sockets.lost(Set.of(other), Map.of()).orElseThrow())
                .contains("rule-1")
                .endsWith("it is not in the data folder");
        sockets.takeRest();
        assertThat(sockets.lost(Set.of(), Map.of(rule, refusal))).isEmpty();
    }

    @Test
    void theSteeredPortsOfARuleAreReadAsTheyAreWritten() {
        Set<ListenerKey> steered = new HashSet<>();
        for (int port : new int[] {1, 2, 3, 20_000, 64_999}) {
            steered.add(key(Protocol.TCP, "0.0.0.0", port));
            steered.add(key(Protocol.UDP, "[2001:db8::1]", port));
        }
        ServedRule rule = new ServedRule(new RuleKey("sid-1", "rule-1"), steered);

        assertThat(rule.word().about().getJsonArray("steered")).hasSize(6);
        assertThat(ServedRule.read(rule.word())).contains(rule);
        assertThat(ServedRule.read(socket("rule", 10))).isEmpty();
        InheritedSockets sockets = new InheritedSockets(List.of(rule.word()));
        assertThat(sockets.isSteered()).isTrue();
        assertThat(sockets.before().steered()).isEqualTo(steered);
    }

    @Test
    void frontsAreTakenByProtocolAndTellTheNumberOfTheirNode() {
        Front tcp = new Front(Protocol.TCP, 1, address("127.0.0.1"), 40_001, 7);
        Front udp = new Front(Protocol.UDP, 0, address("[::1]"), 40_002, 8);
        InheritedSockets sockets =
                new InheritedSockets(
                        List.of(InheritedSockets.front(tcp, -5), InheritedSockets.front(udp, -5)));

        assertThat(sockets.node()).hasValue(-5);
        assertThat(sockets.takeFronts(Protocol.TCP)).containsExactly(tcp);
        assertThat(sockets.takeFronts(Protocol.TCP)).isEmpty();
        assertThat(sockets.takeRest()).containsExactly(8);
        assertThat(new InheritedSockets(List.of()).node()).isEmpty();
    }
}
