package io.skerry.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class PropagationTest {
    @Test
    void aQuantileIsTheSmallestValueThatIsNotBelowItsShare() {
        double[] hundred = IntStream.rangeClosed(1, 100).mapToDouble(i -> 101 - i).toArray();
        assertThat(Propagation.quantile(hundred, 0.5)).isEqualTo(50);
        assertThat(Propagation.quantile(hundred, 0.99)).isEqualTo(99);
        assertThat(Propagation.quantile(hundred, 1)).isEqualTo(100);
        assertThat(Propagation.quantile(new double[] {7}, 0.5)).isEqualTo(7);
    }
}
