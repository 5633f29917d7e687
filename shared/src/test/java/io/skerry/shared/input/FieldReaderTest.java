package io.skerry.shared.input;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.fixture.Said;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.problem.Mistake;
import io.vertx.core.json.JsonObject;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FieldReaderTest {
    private static FieldReader of(String json) {
        return new FieldReader(new JsonObject(json));
    }

    @ParameterizedTest
    @CsvSource({
        "5, 5, ''",
        "5.0, 5, ''",
        "5e0, 5, ''",
        "50e-1, 5, ''",
        "-0.0, 0, ''",
        "10, 10, ''",
        "11, 7, n OUT_OF_RANGE",
        "-1, 7, n OUT_OF_RANGE",
        "2147483648, 7, n OUT_OF_RANGE",
        "4294967301, 7, n OUT_OF_RANGE",
        "9223372036854775807, 7, n OUT_OF_RANGE",
        "18446744073709551621, 7, n OUT_OF_RANGE",
        "-99999999999999999999999999, 7, n OUT_OF_RANGE",
        "1e999, 7, n OUT_OF_RANGE",
        "-1e999, 7, n OUT_OF_RANGE",
        "5.5, 7, n WRONG_TYPE",
        "5.000001, 7, n WRONG_TYPE",
        "'\"5\"', 7, n WRONG_TYPE",
        "true, 7, n WRONG_TYPE",
        "[5], 7, n WRONG_TYPE",
        "null, 7, ''"
    })
    void readsWholeNumbersOfARange(String json, int value, String said) {
        FieldReader fields = of("{\"n\":" + json + "}");
        assertThat(fields.integer("n", 7, 0, 10)).isEqualTo(value);
        assertThat(String.join(",", Said.by(fields.mistakes()))).isEqualTo(said);
    }

    @Test
    void readsLongNumbersExactly() {
        FieldReader fields = of("{\"n\":9007199254740993,\"m\":9223372036854775807}");
        assertThat(fields.longOrNull("n", 0, Long.MAX_VALUE)).isEqualTo(9007199254740993L);
        assertThat(fields.longOrNull("m", 0, Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
        assertThat(fields.mistakes()).isEmpty();
    }

    @Test
    void suggestsKnownNamesOnlyForUnknownFields() {
        FieldReader fields = of("{\"colour1\":1,\"colour2\":2,\"nme\":3}");
        fields.string("name", "");
        assertThat(fields.mistakes())
                .extracting(Mistake::message)
                .containsExactly(
                        "unknown field; known are name",
                        "unknown field; known are name",
                        "unknown field; did you mean 'name'?");
        assertThat(fields.mistakes()).hasSize(3);
        assertThat(fields.mistakesOfKnown()).isEmpty();
    }

    @Test
    void readsWordsInTheCaseOfTheField() {
        FieldReader fields = of("{\"a\":\"TCP\",\"b\":\"tcp\",\"c\":\"Tcp\",\"d\":\"tcp\"}");
        assertThat(fields.oneOf("a", Protocol.class, true, null)).isEqualTo(Protocol.TCP);
        assertThat(fields.oneOf("b", Protocol.class, false, null)).isEqualTo(Protocol.TCP);
        assertThat(fields.oneOf("c", Protocol.class, false, null)).isNull();
        assertThat(fields.oneOf("d", Protocol.class, true, null)).isNull();
        assertThat(Said.by(fields.mistakes())).containsExactly("c NOT_ALLOWED", "d NOT_ALLOWED");
    }

    @Test
    void refusesOtherTypesOfEveryLookUp() {
        FieldReader fields = of("{\"s\":1,\"b\":\"true\",\"o\":[],\"a\":{},\"p\":2}");
        assertThat(fields.string("s", "x")).isEqualTo("x");
        assertThat(fields.bool("b", true)).isTrue();
        assertThat(fields.object("o")).isNull();
        assertThat(fields.array("a")).isNull();
        assertThat(fields.<String>parsed("p", Optional::of, "p", null)).isNull();
        assertThat(Said.by(fields.mistakes()))
                .containsExactly(
                        "s WRONG_TYPE",
                        "b WRONG_TYPE",
                        "o WRONG_TYPE",
                        "a WRONG_TYPE",
                        "p WRONG_TYPE");
    }
}
