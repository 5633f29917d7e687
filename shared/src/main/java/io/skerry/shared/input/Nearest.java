package io.skerry.shared.input;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/// Finds the known name that a mistyped one most likely meant.
public final class Nearest {
    private Nearest() {}

    /// The known name with the fewest edits, if a third of its letters or fewer would have to
    /// change.
    public static Optional<String> of(String name, Collection<String> known) {
        String wanted = name.toLowerCase(Locale.ROOT);
        return known.stream()
                .filter(candidate -> !candidate.equals(name))
                .filter(candidate ->
                        Math.abs(candidate.length() - wanted.length()) <= allowed(candidate)
                                && edits(wanted, candidate.toLowerCase(Locale.ROOT))
                                        <= allowed(candidate))
                .min(
                        Comparator.comparingInt(
                                candidate -> edits(wanted, candidate.toLowerCase(Locale.ROOT))));
    }

    private static int allowed(String candidate) {
        return Math.max(1, candidate.length() / 3);
    }

    /// Levenshtein distance.
    static int edits(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
