package io.skerry.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.problem.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class ProblemsPageTest {
    @Test
    void everyCodeHasARowWithItsStatus() throws IOException {
        String root = System.getProperty("skerry.root", "..");
        String page = Files.readString(Path.of(root, "docs/reference/problems.md"));
        for (Code code : Code.values()) {
            assertThat(page).contains("| `" + code.word() + "` | " + code.kind().status() + " |");
        }
    }
}
