package io.skerry.edge.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import org.junit.jupiter.api.Test;

final class OutgoingPortsTest {
    private static int free(int... ends) {
        BitSet taken = new BitSet();
        for (int i = 0; i < ends.length; i += 2) {
            taken.set(ends[i], ends[i + 1] + 1);
        }
        return OutgoingPorts.free(32_768, 60_999, taken);
    }

    private static int range(int first, int last) {
        return last << 16 | first;
    }

    @Test
    void needsNoRangeWhereNoPortOfTheSystemIsTaken() {
        assertThat(free()).isZero();
        assertThat(free(1_000, 32_767)).isZero();
        assertThat(free(61_000, 64_999)).isZero();
    }

    @Test
    void takesTheLongestRunThatIsFree() {
        assertThat(free(33_000, 52_999)).isEqualTo(range(53_000, 60_999));
        assertThat(free(40_000, 60_999)).isEqualTo(range(32_768, 39_999));
        assertThat(free(33_000, 33_000, 60_000, 60_000)).isEqualTo(range(33_001, 59_999));
    }

    @Test
    void givesUpWhereTooFewAreFree() {
        assertThat(free(32_768, 60_743)).isEqualTo(range(60_744, 60_999));
        assertThat(free(32_768, 60_744)).isZero();
    }
}
