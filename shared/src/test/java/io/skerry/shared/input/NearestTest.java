package io.skerry.shared.input;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NearestTest {
    private static final List<String> KNOWN = List.of("ports", "origin", "originPort", "tag");

    @ParameterizedTest
    @CsvSource({
        "port, ports", "Ports, ports", "prots, ''", "orgin, origin", "originport, originPort",
        "orignPrt, originPort", "tga, ''", "tags, tag", "colour, ''", "'', ''"
    })
    void findsTheNameThatWasMeant(String name, String meant) {
        assertThat(Nearest.of(name, KNOWN).orElse("")).isEqualTo(meant);
    }

    @ParameterizedTest
    @CsvSource({"'', '', 0", "a, '', 1", "'', abc, 3", "kitten, sitting, 3", "abc, abc, 0"})
    void countsEdits(String a, String b, int edits) {
        assertThat(Nearest.edits(a, b)).isEqualTo(edits);
        assertThat(Nearest.edits(b, a)).isEqualTo(edits);
    }

    @Test
    void doesNotCompareNamesOfVeryDifferentLength() {
        assertThat(Nearest.of("a".repeat(4 << 20), KNOWN)).isEmpty();
    }
}
