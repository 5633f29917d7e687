package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.Rule;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class WantedListenersTest {
    private static final List<Slot> BOTH = List.of(Slot.parse("127.0.0.1+[::1]").orElseThrow());

    private static final Optional<String> NO_TOA = Optional.of("no privilege");

    private static WantedListeners of(InstanceContent content) {
        return WantedListeners.of(List.of(content), BOTH, new OwnPorts(), NO_TOA);
    }

    private static Refusal.Code code(WantedListeners wanted, String rule) {
        return java.util.Objects.requireNonNull(wanted.refused().get(new RuleKey("sid-1", rule)))
                .code();
    }

    @Test
    void wantsEveryPortOnEveryAddressOfTheSlot() {
        WantedListeners v4 = of(Rules.content(0, false, Rules.tcp("rule-a", 1, 9, "80", "90-92")));
        WantedListeners both = of(Rules.content(0, true, Rules.tcp("rule-a", 1, 9, "80", "90-92")));

        assertThat(v4.listeners()).hasSize(4);
        assertThat(both.listeners()).hasSize(8);
    }

    @Test
    void refusesARuleWhoseSlotIsNotHere() {
        WantedListeners wanted = of(Rules.content(3, false, Rules.tcp("rule-a", 1, 9, "80")));

        assertThat(wanted.listeners()).isEmpty();
        assertThat(code(wanted, "rule-a")).isEqualTo(Refusal.Code.NO_SLOT);
    }

    @Test
    void refusesToaWhereTheNodeCannotSendIt() {
        InstanceContent content =
                Rules.content(
                        0, false, Rules.rule("rule-a", 1, Protocol.TCP, 9, ClientIp.TOA, "80"));

        assertThat(code(of(content), "rule-a")).isEqualTo(Refusal.Code.TOA_MISSING);
        assertThat(of(content).refused().values())
                .extracting(Refusal::toString)
                .containsExactly("toa_missing: this node cannot send the TOA option: no privilege");
        assertThat(
                        WantedListeners.of(List.of(content), BOTH, new OwnPorts(), Optional.empty())
                                .listeners())
                .hasSize(1);
    }

    @Test
    void refusesARuleWhoseOriginIsAPortOfThisNode() {
        OwnPorts own = new OwnPorts();
        own.add(Protocol.TCP, IpText.parse("127.0.0.1").orElseThrow(), 8080);
        WantedListeners wanted =
                WantedListeners.of(
                        List.of(
                                Rules.content(
                                        0,
                                        false,
                                        Rules.tcp("rule-control", 1, 8080, "80"),
                                        Rules.tcp("rule-itself", 2, 81, "81"),
                                        Rules.tcp("rule-other", 3, 83, "82"),
                                        Rules.tcp("rule-good", 3, 9, "83"))),
                        BOTH,
                        own,
                        NO_TOA);

        assertThat(code(wanted, "rule-control")).isEqualTo(Refusal.Code.LOOP);
        assertThat(code(wanted, "rule-itself")).isEqualTo(Refusal.Code.LOOP);
        assertThat(code(wanted, "rule-other")).isEqualTo(Refusal.Code.LOOP);
        assertThat(wanted.listeners()).hasSize(1);
    }

    @Test
    void aRuleThatServesOutlivesANewOneOnThePortOfItsOrigin() {
        Rule serving = Rules.tcp("rule-serving", 1, 8080, "80");
        WantedListeners wanted = of(Rules.content(0, false, serving));
        assertThat(wanted.refused()).isEmpty();

        wanted.update(
                List.of(Rules.content(0, false, serving, Rules.tcp("rule-new", 2, 9, "8080"))));
        assertThat(wanted.refused()).hasSize(1);
        assertThat(wanted.refused().values())
                .extracting(Refusal::toString)
                .containsExactly("loop: tcp:127.0.0.1:8080 is the origin of rule rule-serving");
        assertThat(wanted.listeners()).hasSize(1);

        wanted.update(
                List.of(Rules.content(0, false, serving, Rules.tcp("rule-new", 3, 9, "8081"))));
        assertThat(wanted.refused()).isEmpty();
    }
}
