package io.skerry.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.skerry.load.Options.Area;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class OptionsTest {
    @Test
    void measuresEverythingSevenTimesUnlessTold() throws Exception {
        Options options = Options.parse(List.of());

        assertThat(options.areas())
                .containsExactlyElementsOf(EnumSet.complementOf(EnumSet.of(Area.PORTS)));
        assertThat(options.runs()).isEqualTo(7);
        assertThat(options.seconds()).isEqualTo(2);
        assertThat(options.write()).isFalse();
        assertThat(options.takesPart("nginx")).isTrue();
    }

    @Test
    void measuresManyPortsOnlyWhereAskedByName() throws Exception {
        assertThat(Options.parse(List.of("ports")).areas()).containsExactly(Area.PORTS);
        assertThat(Options.parse(List.of("all")).areas()).doesNotContain(Area.PORTS);
    }

    @Test
    void letsANumberOverruleQuickWhereverItStands() throws Exception {
        Options options =
                Options.parse(List.of("udp", "--runs", "3", "--quick", "--only", "nginx,skerry"));

        assertThat(options.areas()).containsExactly(Area.UDP);
        assertThat(options.runs()).isEqualTo(3);
        assertThat(options.seconds()).isEqualTo(0.5);
        assertThat(options.takesPart("haproxy")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "--nonsense",
                "--runs",
                "--runs 0",
                "--runs many",
                "--seconds 1000",
                "--only squid"
            })
    void refusesWhatItDoesNotKnow(String line) {
        assertThatExceptionOfType(Options.Mistake.class)
                .isThrownBy(() -> Options.parse(List.of(line.split(" "))))
                .withMessageStartingWith("bench")
                .withMessageNotContaining("\n");
    }

    @Test
    void readsTheCoresAsTheKernelPrintsThem() {
        assertThat(Machine.cores("0-2,5")).containsExactly(0, 1, 2, 5);
        assertThat(Machine.cores("1")).containsExactly(1);
    }
}
