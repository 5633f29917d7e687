package io.skerry.shared.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PortRangeTest {
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1",
        "65535, 65535, 65535, 1",
        "80-90, 80, 90, 11",
        "1-65535, 1, 65535, 65535",
        "80-80, 80, 80, 1"
    })
    void readsPortsAndRanges(String text, int first, int last, int size) {
        PortRange range = PortRange.parse(text).orElseThrow();
        assertThat(range).isEqualTo(new PortRange(first, last));
        assertThat(range.size()).isEqualTo(size);
        assertThat(PortRange.parse(range.toString())).contains(range);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "00",
                "01",
                "65536",
                "99999",
                "100000",
                "4294967376",
                "-",
                "80-",
                "-80",
                "80--90",
                "80-90-",
                "80-70",
                "0-5",
                "80-65536",
                " 80",
                "80 ",
                "80 - 90",
                "+80",
                "8e1",
                "0x50",
                "80.0",
                "٨٠",
                "８０"
            })
    void refusesEverythingElse(String text) {
        assertThat(PortRange.parse(text)).isEmpty();
    }

    @Test
    void cannotBeMadeWrong() {
        for (int[] wrong : new int[][] {{0, 1}, {2, 1}, {1, 65_536}}) {
            assertThatThrownBy(() -> new PortRange(wrong[0], wrong[1]))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void overlapsWhereOnePortIsShared() {
        PortRange range = new PortRange(80, 90);
        assertThat(range.overlaps(new PortRange(90, 95))).isTrue();
        assertThat(range.overlaps(new PortRange(70, 80))).isTrue();
        assertThat(range.overlaps(new PortRange(1, 65_535))).isTrue();
        assertThat(range.overlaps(new PortRange(91, 95))).isFalse();
        assertThat(range.overlaps(new PortRange(70, 79))).isFalse();
        assertThat(range.contains(80)).isTrue();
        assertThat(range.contains(91)).isFalse();
        assertThat(PortRange.of(80)).isLessThan(range).isLessThan(PortRange.of(81));
    }
}
