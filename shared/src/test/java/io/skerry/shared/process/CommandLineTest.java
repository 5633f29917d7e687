package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CommandLineTest {
    private static CommandLine parse(String... args) {
        return CommandLine.parse(args, Set.of("demo"));
    }

    @Test
    void readsBothFormsOfAnOptionAndFlags() {
        CommandLine line = parse("--api", "127.0.0.1:1", "--data=a=b", "--demo", "--drain", "-1");
        assertThat(line.mistake()).isEmpty();
        assertThat(line.help()).isFalse();
        assertThat(line.values())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of("api", "127.0.0.1:1", "data", "a=b", "demo", "true", "drain", "-1"));
    }

    @Test
    void aFlagMayBeTurnedOff() {
        assertThat(parse("--demo=false").values()).containsEntry("demo", "false");
    }

    @Test
    void theLastOfTwoCounts() {
        assertThat(parse("--api", "a", "--api=b").values()).containsEntry("api", "b");
    }

    @Test
    void asksForHelpInBothForms() {
        assertThat(parse("--help").help()).isTrue();
        assertThat(parse("-h").help()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "up, unknown argument 'up'",
        "-x, unknown argument '-x'",
        "--, unknown argument '--'",
        "--api, option --api needs a value",
        "--api --demo, option --api needs a value"
    })
    void saysWhatIsWrong(String args, String sentence) {
        CommandLine line = parse(args.split(" "));
        assertThat(line.mistake()).contains(sentence);
        assertThat(line.values()).isEmpty();
    }
}
