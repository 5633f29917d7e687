package io.skerry.load;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The results as bars in an SVG: one small plot for each line of the table, each with its own
/// scale, the spread as a thin line.
final class BarPlot {
    private static final int COLUMNS = 3;
    private static final int WIDTH = 330;
    private static final int ROW = 18;
    private static final int LABEL = 100;
    private static final int BAR = 150;
    private static final int TITLE = 30;
    private static final Map<String, String> COLOURS =
            Map.of(
                    "direct", "#bbbbbb",
                    "haproxy", "#5b8db8",
                    "haproxy-splice", "#8fb3d1",
                    "nginx", "#6aa66a",
                    "skerry", "#d9822b");

    private BarPlot() {}

    static String of(Results results) {
        List<Results.Line> lines = results.lines();
        int height = TITLE + ROW * Contender.NAMES.size() + 14;
        int rows = (lines.size() + COLUMNS - 1) / COLUMNS;
        StringBuilder svg = new StringBuilder();
        add(
                svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                        + " font-family=\"sans-serif\" font-size=\"11\">",
                COLUMNS * WIDTH,
                rows * height);
        add(svg, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>");
        for (int i = 0; i < lines.size(); i++) {
            add(
                    svg,
                    "<g transform=\"translate(%d,%d)\">",
                    i % COLUMNS * WIDTH,
                    i / COLUMNS * height);
            plot(svg, results, lines.get(i));
            add(svg, "</g>");
        }
        return svg.append("</svg>\n").toString();
    }

    private static void plot(StringBuilder svg, Results results, Results.Line line) {
        String way = line.higherIsBetter() ? "more is better" : "less is better";
        add(
                svg,
                "<text x=\"8\" y=\"18\" font-weight=\"bold\">%s: %s<tspan font-weight=\"normal\""
                        + " fill=\"#777\"> (%s)</tspan></text>",
                line.scenario(),
                line.metric(),
                way);
        double most =
                Contender.NAMES.stream()
                        .flatMap(name -> results.spread(line, name).stream())
                        .mapToDouble(Spread::max)
                        .max()
                        .orElse(1);
        double scale = most > 0 ? BAR / most : 0;
        int y = TITLE;
        for (String name : Contender.NAMES) {
            Optional<Spread> found = results.spread(line, name);
            if (found.isPresent()) {
                bar(svg, name, found.get(), y, scale);
                y += ROW;
            }
        }
    }

    private static void bar(StringBuilder svg, String name, Spread spread, int y, double scale) {
        double width = Math.max(0, spread.median() * scale);
        add(svg, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", LABEL - 6, y + 11, name);
        add(
                svg,
                "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"12\" fill=\"%s\"/>",
                LABEL,
                y + 1,
                width,
                COLOURS.getOrDefault(name, "#999999"));
        add(
                svg,
                "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#222\"/>",
                LABEL + Math.max(0, spread.min() * scale),
                LABEL + Math.max(0, spread.max() * scale),
                y + 7,
                y + 7);
        add(
                svg,
                "<text x=\"%.1f\" y=\"%d\">%s</text>",
                LABEL + Math.max(width, spread.max() * scale) + 5,
                y + 11,
                MarkdownTable.number(spread.median()));
    }

    @SuppressWarnings("AnnotateFormatMethod") // its annotation would be a dependency for one call
    private static void add(StringBuilder svg, String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
