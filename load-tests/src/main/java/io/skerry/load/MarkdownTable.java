package io.skerry.load;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/// The results as Markdown.
final class MarkdownTable {
    private MarkdownTable() {}

    static String of(Results results) {
        List<String> names =
                Contender.NAMES.stream()
                        .filter(name ->
                                results.values().stream()
                                        .anyMatch(each -> each.contender().equals(name)))
                        .toList();
        StringBuilder text = new StringBuilder("| scenario | quantity |");
        names.forEach(name -> text.append(' ').append(name).append(" |"));
        text.append(" skerry ÷ better peer |\n| --- | --- |");
        text.append(" ---: |".repeat(names.size() + 1)).append('\n');
        for (Results.Line line : results.lines()) {
            text.append("| %s | %s |".formatted(line.scenario(), line.metric()));
            for (String name : names) {
                Optional<Spread> spread = results.spread(line, name);
                text.append(' ').append(spread.map(MarkdownTable::cell).orElse("–")).append(" |");
            }
            OptionalDouble ratio = results.ratio(line);
            text.append(ratio.isPresent() ? " **%s** |\n".formatted(ratio(ratio)) : " – |\n");
        }
        return text.toString();
    }

    /// How busy the cores were: the proof that the proxies, and not the load, set the limit.
    static String busy(Results results) {
        StringBuilder text =
                new StringBuilder(
                        """
                        | scenario | contender | generator and origin | proxy |
                        | --- | --- | ---: | ---: |
                        """);
        results.runs().stream()
                .map(Results.Run::scenario)
                .distinct()
                .forEach(scenario -> {
                    for (Map.Entry<String, double[]> each : results.busy(scenario).entrySet()) {
                        text.append(
                                "| %s | %s | %s | %s |%n"
                                        .formatted(
                                                scenario,
                                                each.getKey(),
                                                percent(each.getValue()[0]),
                                                percent(each.getValue()[1])));
                    }
                });
        return text.toString();
    }

    private static String cell(Spread spread) {
        return "%s (%s–%s)"
                .formatted(number(spread.median()), number(spread.min()), number(spread.max()));
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.0f %%", share * 100);
    }

    private static String ratio(OptionalDouble ratio) {
        return String.format(Locale.ROOT, "%.2f ×", ratio.getAsDouble());
    }

    /// Three digits that count, thousands set apart.
    static String number(double value) {
        double size = Math.abs(value);
        String format = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, format, value);
    }
}
