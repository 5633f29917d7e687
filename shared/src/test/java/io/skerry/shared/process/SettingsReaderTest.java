package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.ProblemException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SettingsReaderTest {
    private enum Transport {
        EPOLL,
        IO_URING
    }

    private static void reads(
            String key, String text, Function<SettingsReader, ?> getter, Object expected) {
        SettingsReader reader = SettingsReader.of(Map.of(key, text));
        assertThat((Object) getter.apply(reader)).isEqualTo(expected);
        reader.finish();
    }

    private static List<Mistake> mistakes(SettingsReader reader) {
        ProblemException refused =
                catchThrowableOfType(ProblemException.class, () -> reader.finish());
        assertThat(refused).as("something must be wrong").isNotNull();
        return refused.problem().mistakes();
    }

    private static Mistake mistake(
            String key, String text, Function<SettingsReader, ?> getter, Object fallback) {
        SettingsReader reader = SettingsReader.of(Map.of(key, text));
        assertThat((Object) getter.apply(reader)).isEqualTo(fallback);
        List<Mistake> found = mistakes(reader);
        assertThat(found).hasSize(1);
        assertThat(found.get(0).field()).isEqualTo(key);
        return found.get(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 64999})
    void takesWholeNumbersOfTheRange(int number) {
        reads("n", Integer.toString(number), s -> s.integer("n", 7, 1, 64999), number);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "65000", "-1", "1.5", "x", "99999999999", "0x10"})
    void refusesOtherNumbersWithTheRange(String text) {
        Mistake mistake = mistake("n", text, s -> s.integer("n", 7, 1, 64999), 7);
        assertThat(mistake.code()).isEqualTo(Code.OUT_OF_RANGE);
        assertThat(mistake.message())
                .isEqualTo("'" + text + "' must be a whole number from 1 to 64999");
    }

    @ParameterizedTest
    @CsvSource({
        "500ms, 500",
        "501ms, 501",
        "1s, 1000",
        "5, 5000",
        "2m, 120000",
        "1h, 3600000",
        "1d, 86400000"
    })
    void takesTimesOfTheRange(String text, long millis) {
        reads("t", text, SettingsReaderTest::time, Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(strings = {"499ms", "86401s", "25h", "2d", "-1s", "1.5s", "s", "5 s", "5S", "1w"})
    void refusesOtherTimesWithTheRange(String text) {
        Mistake mistake = mistake("t", text, SettingsReaderTest::time, Duration.ofSeconds(3));
        assertThat(mistake.code()).isEqualTo(Code.OUT_OF_RANGE);
        assertThat(mistake.message()).contains("from 500ms to 86400s");
    }

    private static Duration time(SettingsReader settings) {
        return settings.duration(
                "t", Duration.ofSeconds(3), Duration.ofMillis(500), Duration.ofDays(1));
    }

    @ParameterizedTest
    @CsvSource({"true, true", "ON, true", "yes, true", "1, true", "false, false", "off, false"})
    void takesTheWordsOfAFlag(String text, boolean value) {
        reads("f", text, s -> s.flag("f", !value), value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tru", "2", "enabled"})
    void refusesOtherWordsOfAFlag(String text) {
        assertThat(mistake("f", text, s -> s.flag("f", true), true).code())
                .isEqualTo(Code.NOT_ALLOWED);
    }

    @Test
    void takesTheWordsOfAChoice() {
        reads(
                "c",
                "io_uring",
                s -> s.oneOf("c", Transport.class, Transport.EPOLL),
                Transport.IO_URING);
    }

    @Test
    void refusesOtherWordsOfAChoiceAndNamesAll() {
        Mistake mistake =
                mistake(
                        "c",
                        "kqueue",
                        s -> s.oneOf("c", Transport.class, Transport.EPOLL),
                        Transport.EPOLL);
        assertThat(mistake.code()).isEqualTo(Code.NOT_ALLOWED);
        assertThat(mistake.message()).isEqualTo("'kqueue' must be one of epoll, io_uring");
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1:0", "127.0.0.1:65535", "[::1]:80"})
    void takesAddressesWithAPort(String text) {
        reads("bind", text, s -> s.hostPort("bind", "127.0.0.1:1").toString(), text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.0.0.1:65536", "example.com:80", ":80", "80"})
    void refusesOtherAddresses(String text) {
        HostPort fallback = HostPort.parse("127.0.0.1:1").orElseThrow();
        assertThat(mistake("bind", text, s -> s.hostPort("bind", "127.0.0.1:1"), fallback).code())
                .isEqualTo(Code.BAD_FORMAT);
    }

    @Test
    void leavesOutEmptyItemsOfAList() {
        reads("l", " a, ,b,,c ", s -> s.list("l", ""), List.of("a", "b", "c"));
        assertThat(SettingsReader.of(Map.of()).list("l", "")).isEmpty();
        assertThat(SettingsReader.of(Map.of()).list("l", "x,y")).containsExactly("x", "y");
    }

    @Test
    void anEmptyValueIsNoValue() {
        SettingsReader reader =
                SettingsReader.of(Map.of("a", "", "b", "", "c", "", "d", "", "e", "", "t", ""));
        assertThat(reader.string("a", "fallback")).isEqualTo("fallback");
        assertThat(reader.integer("b", 7, 1, 9)).isEqualTo(7);
        assertThat(reader.flag("c", true)).isTrue();
        assertThat(reader.optional("d")).isEmpty();
        assertThat(reader.secret("e", "fallback")).isEqualTo("fallback");
        assertThat(time(reader)).hasSeconds(3);
        reader.finish();
    }

    @Test
    void keysMeetWhateverTheirPunctuation() {
        reads("TCP_CONNECT_TIMEOUT", "9", s -> s.string("tcp.connect-timeout", ""), "9");
    }

    @Test
    void aMissingSecretIsAMistakeAndAGivenOneIsNeverShown() {
        SettingsReader missing = SettingsReader.of(Map.of());
        missing.secret("node-token", null);
        assertThat(mistakes(missing).get(0))
                .extracting(Mistake::field, Mistake::code)
                .containsExactly("node-token", Code.MISSING);

        SettingsReader given = SettingsReader.of(Map.of("node-token", "hunter2", "nodetoken", "x"));
        assertThat(given.secret("node-token", null)).isEqualTo("hunter2");
        assertThat(mistakes(given).toString()).doesNotContain("hunter2");
    }

    @Test
    void unknownKeysAreMistakesWithTheNearestKnownOne() {
        SettingsReader reader = SettingsReader.of(Map.of("rulez-bind", "x", "colour", "y"));
        reader.hostPort("rules-bind", "127.0.0.1:8081");
        reader.string("data", "");
        assertThat(mistakes(reader))
                .extracting(Mistake::field, Mistake::message)
                .containsExactlyInAnyOrder(
                        tuple("rulez-bind", "unknown setting; did you mean 'rules-bind'?"),
                        tuple("colour", "unknown setting; known are data, rules-bind"));
    }

    @Test
    void allMistakesComeTogether() {
        SettingsReader reader =
                SettingsReader.of(Map.of("n", "x", "f", "maybe", "bind", "here", "other", "1"));
        reader.integer("n", 1, 1, 2);
        reader.flag("f", true);
        reader.hostPort("bind", "127.0.0.1:1");
        reader.secret("password", null);
        reader.mistake("own", Code.INCOMPATIBLE, "does not go together");
        assertThat(mistakes(reader))
                .extracting(Mistake::field)
                .containsExactlyInAnyOrder("n", "f", "bind", "password", "own", "other");
    }
}
