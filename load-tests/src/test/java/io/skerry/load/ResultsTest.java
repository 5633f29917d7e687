package io.skerry.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.skerry.load.Results.Line;
import io.skerry.load.Results.Value;
import org.junit.jupiter.api.Test;

final class ResultsTest {
    private static final Line RATE = new Line("connections", "connections/s", true);
    private static final Line COST = new Line("connections", "CPU µs per connection", false);

    private final Results results = new Results();

    private void add(Line line, String contender, double... values) {
        for (int run = 1; run <= values.length; run++) {
            results.add(
                    new Value(
                            line.scenario(),
                            contender,
                            line.metric(),
                            line.higherIsBetter(),
                            run,
                            values[run - 1]));
        }
    }

    private void addBoth() {
        add(RATE, "direct", 90_000, 90_000, 90_000);
        add(RATE, "haproxy", 10_000, 11_000, 12_000);
        add(RATE, "haproxy-splice", 9_000, 9_000, 9_000);
        add(RATE, "nginx", 8_000, 8_000, 40_000);
        add(RATE, "skerry", 22_000, 21_000, 23_000);
        add(COST, "haproxy", 60);
        add(COST, "nginx", 80);
        add(COST, "skerry", 75);
    }

    @Test
    void setsSkerryAgainstTheBetterPeerByMedian() {
        addBoth();

        assertThat(results.betterPeer(RATE)).hasValue(11_000);
        assertThat(results.ratio(RATE)).hasValue(2.0);
    }

    @Test
    void takesTheLowerOfCosts() {
        addBoth();

        assertThat(results.betterPeer(COST)).hasValue(60);
        assertThat(results.ratio(COST).orElseThrow()).isCloseTo(1.25, within(1e-9));
    }

    @Test
    void hasNoRatioWithoutPeerOrAgainstZero() {
        Line loss = new Line("udp-64-loss", "loss %", false);
        add(loss, "skerry", 1);
        assertThat(results.ratio(loss)).isEmpty();

        add(loss, "nginx", 0);
        assertThat(results.ratio(loss)).isEmpty();
    }

    @Test
    void leavesOutWhatIsNoNumber() {
        add(COST, "skerry", Double.NaN);

        assertThat(results.lines()).isEmpty();
    }

    @Test
    void printsATableWithMedianSpreadAndRatio() {
        addBoth();

        assertThat(MarkdownTable.of(results).lines())
                .containsExactly(
                        "| scenario | quantity | direct | haproxy | haproxy-splice | nginx | skerry |"
                                + " skerry ÷ better peer |",
                        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
                        "| connections | connections/s | 90,000 (90,000–90,000) |"
                                + " 11,000 (10,000–12,000) | 9,000 (9,000–9,000) |"
                                + " 8,000 (8,000–40,000) | 22,000 (21,000–23,000) | **2.00 ×** |",
                        "| connections | CPU µs per connection | – | 60.0 (60.0–60.0) | – |"
                                + " 80.0 (80.0–80.0) | 75.0 (75.0–75.0) | **1.25 ×** |");
    }

    @Test
    void writesOneNumberALineAsCsv() {
        add(COST, "nginx", 80, 81.5);

        assertThat(RawResults.csv(results).lines())
                .containsExactly(
                        "scenario,metric,contender,run,value",
                        "connections,CPU µs per connection,nginx,1,80.0000",
                        "connections,CPU µs per connection,nginx,2,81.5000");
    }

    @Test
    void drawsABarForEachContender() {
        addBoth();

        String svg = BarPlot.of(results);

        assertThat(svg).startsWith("<svg ").endsWith("</svg>\n").contains(">22,000<");
        assertThat(svg.split("fill=\"#d9822b\"", -1)).hasSize(3);
    }
}
