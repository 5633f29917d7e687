package io.skerry.edge.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.listener.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The reference pages list exactly the words that the code has, in its order.
final class WordPagesTest {
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z_]+)` \\|");

    private static List<String> words(String page) throws IOException {
        Path root = Path.of(System.getProperty("skerry.root", ".."));
        String text = Files.readString(root.resolve("docs/reference").resolve(page));
        return ROW.matcher(text).results().map((MatchResult row) -> row.group(1)).toList();
    }

    @Test
    void everyEndReasonStandsOnItsPage() throws IOException {
        assertThat(words("end-reasons.md"))
                .isEqualTo(Arrays.stream(EndReason.values()).map(EndReason::word).toList());
    }

    @Test
    void everyRefusalStandsOnItsPage() throws IOException {
        assertThat(words("refusals.md"))
                .isEqualTo(Arrays.stream(Refusal.Code.values()).map(Refusal.Code::word).toList());
    }
}
