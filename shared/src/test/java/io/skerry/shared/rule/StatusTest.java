package io.skerry.shared.rule;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class StatusTest {
    @ParameterizedTest
    @CsvSource({
        "progress, true,  false, true,  false, true",
        "online,   true,  false, true,  false, true",
        "fail,     true,  false, true,  false, true",
        "stopping, false, true,  false, false, false",
        "offline,  false, true,  false, true,  true",
        "banned,   false, false, false, false, false"
    })
    void allowsWhatTheChartAllows(
            String word,
            boolean running,
            boolean enable,
            boolean disable,
            boolean delete,
            boolean changes) {
        Status status = Status.of(word);
        assertThat(status.word()).isEqualTo(word);
        assertThat(status.isRunning()).isEqualTo(running);
        assertThat(status.canEnable()).isEqualTo(enable);
        assertThat(status.canDisable()).isEqualTo(disable);
        assertThat(status.canDelete()).isEqualTo(delete);
        assertThat(status.takesChanges()).isEqualTo(changes);
    }
}
