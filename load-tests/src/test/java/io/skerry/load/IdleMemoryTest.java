package io.skerry.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class IdleMemoryTest {
    @Test
    void countsWhatIsAliveWithoutTheFillersOfTheCollector() throws Exception {
        String histogram =
                """
                4711:
                 num     #instances         #bytes  class name (module)
                -------------------------------------------------------
                   1:          2340        8684928  [Ljdk.internal.vm.FillerElement; (java.base)
                   2:         46627        4864520  [B (java.base)
                  10:             3             72  io.skerry.edge.tcp.Relay
                Total        263480       22480368
                """;

        assertThat(IdleMemory.alive(histogram)).isEqualTo(4_864_592);
    }
}
