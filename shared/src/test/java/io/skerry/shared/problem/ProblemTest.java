package io.skerry.shared.problem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ProblemTest {
    private static Problem of(Code... codes) {
        return new Problem(
                Arrays.stream(codes).map(code -> new Mistake("f", code, code.word())).toList());
    }

    @Test
    void leadsWithWhatIsMalformedThenInvalidThenConflicting() {
        assertThat(of(Code.PORT_TAKEN, Code.MISSING, Code.WRONG_TYPE).status()).isEqualTo(400);
        assertThat(of(Code.PORT_TAKEN, Code.MISSING, Code.NAME_TAKEN).status()).isEqualTo(422);
        assertThat(of(Code.NAME_TAKEN, Code.PORT_TAKEN).status()).isEqualTo(409);
        assertThat(of(Code.NAME_TAKEN, Code.PORT_TAKEN).code()).isEqualTo(Code.NAME_TAKEN);
        assertThat(of(Code.MISSING, Code.TOO_MANY).code()).isEqualTo(Code.MISSING);
        assertThat(of(Code.PORT_TAKEN, Code.STALE).status()).isEqualTo(412);
    }

    @Test
    void givesTheStatusOfEachCodeAlone() {
        for (Code code : Code.values()) {
            assertThat(of(code).status()).isEqualTo(code.kind().status());
            assertThat(Code.of(code.word())).isEqualTo(code);
        }
        assertThat(Code.of("of_a_newer_peer")).isEqualTo(Code.INTERNAL);
    }

    @Test
    void needsAMistake() {
        assertThatThrownBy(() -> new Problem(List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void readsBackWhatItPrints() {
        Problem problem = of(Code.PORT_TAKEN, Code.MISSING);
        assertThat(Problem.fromJson(new JsonObject(problem.toJson().encode()))).isEqualTo(problem);
    }

    @Test
    void putsPathsInFrontOfPaths() {
        Mistake mistake = new Mistake("address", Code.MISSING, "");
        assertThat(mistake.under("origin").under("[17]").field()).isEqualTo("[17].origin.address");
        assertThat(new Mistake("[1]", Code.MISSING, "").under("ports").field())
                .isEqualTo("ports[1]");
        assertThat(new Mistake("", Code.MISSING, "").under("line 17").field()).isEqualTo("line 17");
        assertThat(mistake.under("").field()).isEqualTo("address");
    }

    @Test
    void collectsMistakesAndThrowsThemTogether() {
        Mistakes mistakes = new Mistakes();
        mistakes.throwIfAny();
        assertThat(mistakes.isEmpty()).isTrue();
        mistakes.add("a", Code.PORT_TAKEN, "first");
        mistakes.add("b", Code.MISSING, "second");
        assertThatThrownBy(mistakes::throwIfAny)
                .isInstanceOfSatisfying(
                        ProblemException.class,
                        thrown -> {
                            assertThat(thrown.problem().mistakes()).hasSize(2);
                            assertThat(thrown).hasMessage("second");
                        });
    }

    @Test
    void isAValueOrItsMistakes() {
        Checked<Integer> good = new Checked.Ok<>(1);
        Checked<Integer> bad =
                new Checked.Refused<>(List.of(new Mistake("a", Code.MISSING, "missing")));
        assertThat(good.map(i -> i + 1).orThrow()).isEqualTo(2);
        assertThat(good.mistakes()).isEmpty();
        assertThat(bad.map(i -> i + 1).mistakes()).hasSize(1);
        assertThatThrownBy(bad::orThrow).isInstanceOf(ProblemException.class);
    }
}
