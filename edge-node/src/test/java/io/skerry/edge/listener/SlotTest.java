package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SlotTest {
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "[::1]", "0.0.0.0+[::]", "10.0.0.1+[2001:db8::1]"})
    void printsWhatItRead(String text) {
        assertThat(Slot.parse(text).orElseThrow().toString()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "+", "127.0.0.1+", "127.0.0.1+10.0.0.1", "::1", "[::1]+[::2]", "x"})
    void refusesWhatIsNoSlot(String text) {
        assertThat(Slot.parse(text)).isEmpty();
    }

    @Test
    void servesIpv6OnlyWhereTheInstanceHasIt() {
        Slot slot = Slot.parse("0.0.0.0+[::]").orElseThrow();
        assertThat(slot.addresses(false)).hasSize(1);
        assertThat(slot.addresses(true)).hasSize(2);
    }
}
