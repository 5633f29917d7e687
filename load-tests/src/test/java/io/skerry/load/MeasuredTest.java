package io.skerry.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class MeasuredTest {
    private static Measured read(String histogram) throws IOException {
        return Measured.read(
                """
                {"mode":"x","seconds":2.0,"count":1000,"sent":1250,"bytes":250000000,"errors":250,
                "proxyCpu":0.5,"originCpu":0.4,"generatorCpu":0.8,"badHeaders":0,"histogram":%s}
                """
                        .formatted(histogram));
    }

    @Test
    void dividesByTimeAndByCpu() throws IOException {
        Measured run = read("[]");

        assertThat(run.perSecond()).isEqualTo(500);
        assertThat(run.cpuMicros()).isEqualTo(500);
        assertThat(run.perCpuSecond()).isEqualTo(2000);
        assertThat(run.gigabits()).isEqualTo(1);
        assertThat(run.cpuMicrosPerMegabyte()).isEqualTo(2000);
        assertThat(run.lossPercent()).isEqualTo(20);
        assertThat(run.loadCoreBusy()).isCloseTo(0.6, within(1e-9));
        assertThat(run.proxyCoreBusy()).isEqualTo(0.25);
    }

    @Test
    void findsPercentilesAtTheBordersOfSlots() throws IOException {
        Measured run = read("[[1000,500],[2000,490],[50000,9],[900000,1]]");

        assertThat(run.percentileMicros(0.5)).isEqualTo(1);
        assertThat(run.percentileMicros(0.501)).isEqualTo(2);
        assertThat(run.percentileMicros(0.99)).isEqualTo(2);
        assertThat(run.percentileMicros(0.999)).isEqualTo(50);
        assertThat(run.percentileMicros(1)).isEqualTo(900);
    }

    @Test
    void hasNoPercentileOfNothing() throws IOException {
        assertThat(read("[]").percentileMicros(0.5)).isNaN();
    }

    @Test
    void refusesARunWhoseOriginMissedHeaders() {
        assertThatIOException()
                .isThrownBy(() -> Measured.read("{\"badHeaders\":3}"))
                .withMessageContaining("PROXY header");
    }
}
