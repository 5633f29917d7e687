package io.skerry.shared.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.fixture.RandomRules;
import io.skerry.shared.fixture.Said;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.origin.OriginAddress;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.RuleJson;
import io.skerry.shared.rule.RuleReader;
import io.skerry.shared.rule.RuleSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BatchTextTest {
    private static final String SAMPLE = "tcp:123 test.origin.com 456 on ppv1";

    private static List<String> said(String text) {
        return Said.by(BatchText.parse(text));
    }

    private static RuleSpec one(String line) {
        List<BatchText.Line> lines = BatchText.parse(line).orThrow();
        assertThat(lines).hasSize(1);
        return lines.get(0).spec();
    }

    private static String print(RuleSpec spec) {
        return BatchText.print(spec, id -> Optional.empty());
    }

    @Test
    void readsTheManualsExample() {
        RuleSpec rule = one(SAMPLE);
        assertThat(rule.protocol()).isEqualTo(Protocol.TCP);
        assertThat(rule.ports()).containsExactly(PortRange.of(123));
        assertThat(rule.origin())
                .isEqualTo(
                        new OriginRef.Single(OriginAddress.parse("test.origin.com").orElseThrow()));
        assertThat(rule.originPort()).isEqualTo(PortRange.of(456));
        assertThat(rule.persistence().enabled()).isTrue();
        assertThat(rule.persistence().seconds()).isEqualTo(3600);
        assertThat(rule.clientIp()).isEqualTo(ClientIp.PPV1);
        assertThat(rule.tag()).isEmpty();
        assertThat(rule.idleSeconds()).isEqualTo(3600);
        assertThat(print(rule)).isEqualTo(SAMPLE);
    }

    @Test
    void takesTheRestOfTheLineAsTag() {
        assertThat(one(SAMPLE + " any  tag: on off ").tag()).isEqualTo("any  tag: on off");
        assertThat(one(SAMPLE + "\t\t Tag").tag()).isEqualTo("Tag");
    }

    @ParameterizedTest
    @CsvSource({
        "TCP:123 TEST.origin.COM 456 ON PPV1, tcp:123 test.origin.com 456 on ppv1",
        "udp:1;3-4;9 10.0.0.5 53 off SPP, udp:1;3-4;9 10.0.0.5 53 off spp",
        "tcp:80-90 [2001:DB8::1] 90-100 Off Toa, tcp:80-90 2001:db8::1 90-100 off toa",
        "tcp:80 2001:db8::1 80 off off x, tcp:80 2001:db8::1 80 off off x",
        "tcp:80 OG:TestOrigin 80 off off, tcp:80 og:TestOrigin 80 off off"
    })
    void readsKeywordsInAnyCaseAndKeepsNames(String line, String canonical) {
        assertThat(print(one(line))).isEqualTo(canonical);
    }

    @Test
    void takesLineEndsTabsBlanksAndAMark() {
        String text =
                "\ufeff"
                        + SAMPLE
                        + "\r\n\r\n \t \n\ttcp:2\t a.test  \t3 off\toff\r\n"
                        + "tcp:3 a.test 3 off off";
        assertThat(BatchText.parse(text).orThrow())
                .extracting(BatchText.Line::field)
                .containsExactly("line 1", "line 4", "line 5");
    }

    @Test
    void refusesAMarkInside() {
        assertThat(said(SAMPLE + "\n\ufeff" + SAMPLE)).isNotEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "tcp:123 a.test 456 on, BAD_FORMAT",
        "tcp123 a.test 456 on off, BAD_FORMAT",
        "tcp: a.test 456 on off, BAD_FORMAT",
        "tcp:1; a.test 456 on off, BAD_FORMAT",
        "'tcp:1,2 a.test 456 on off', BAD_FORMAT",
        "tcp:1;1 a.test 456 on off, DUPLICATE_PORT",
        "tcp:65000 a.test 456 on off, OUT_OF_RANGE",
        "tcp:6088 a.test 456 on off, RESERVED_PORT",
        "sctp:1 a.test 456 on off, NOT_ALLOWED",
        "tcp:1 a:test 456 on off, BAD_FORMAT",
        "tcp:1 og: 456 on off, BAD_FORMAT",
        "tcp:1 a.test 0 on off, BAD_FORMAT",
        "tcp:1 a.test 1-2 on off, INCOMPATIBLE",
        "tcp:1 a.test 456 yes off, NOT_ALLOWED",
        "tcp:1 a.test 456 on none, NOT_ALLOWED",
        "udp:1 a.test 456 on toa, INCOMPATIBLE",
        "tcp:1 a.test 456 on spp, INCOMPATIBLE",
        "'tcp:1 a.test 456 on off a\tb', BAD_FORMAT",
        "tcp:1 a.test 456 on off 123456789012345678901234567890123456789012345678901, OUT_OF_RANGE"
    })
    void refusesALineThatBreaksARule(String line, String code) {
        assertThat(said("\n" + line)).containsExactly("line 2 " + code);
    }

    @Test
    void reportsEveryMistakeOfEveryLine() {
        String text = SAMPLE + "\nudp:0;4789 a..b 0 maybe toa\n\nnonsense\n" + SAMPLE;
        assertThat(said(text))
                .containsExactlyInAnyOrder(
                        "line 2 NOT_ALLOWED",
                        "line 2 BAD_FORMAT",
                        "line 2 RESERVED_PORT",
                        "line 2 BAD_FORMAT",
                        "line 2 BAD_FORMAT",
                        "line 2 INCOMPATIBLE",
                        "line 4 BAD_FORMAT");
    }

    @Test
    void takes2000LinesAndNotOneMore() {
        assertThat(BatchText.parse(lines(2_000)).orThrow()).hasSize(2_000);
        assertThat(BatchText.parse(lines(2_000) + "\n\n").orThrow()).hasSize(2_000);
        assertThat(said(lines(2_001))).containsExactly("line 2001 TOO_MANY");
    }

    private static String lines(int count) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(i -> "tcp:" + i + " a.test 1 off off")
                .collect(Collectors.joining("\n"));
    }

    @Test
    void refusesATextWithoutARule() {
        for (String empty : List.of("", "\n", " \r\n\t", "\ufeff")) {
            assertThat(said(empty)).containsExactly(" MISSING");
        }
    }

    @Test
    void readsBackFiveThousandRandomRules() {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        RandomRules random = new RandomRules(new Random(seed));
        List<RuleSpec> rules = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            rules.add(
                    random.plainRule(
                            i % 4 == 0 ? new OriginRef.GroupNamed("g-" + i) : random.single()));
        }
        for (int from = 0; from < rules.size(); from += 1_000) {
            List<RuleSpec> part = rules.subList(from, from + 1_000);
            String text =
                    part.stream().map(BatchTextTest::print).collect(Collectors.joining("\r\n"));
            assertThat(BatchText.parse(text).orThrow())
                    .extracting(BatchText.Line::spec)
                    .isEqualTo(part);
            assertThat(part).noneMatch(BatchText::isLossy);
        }
    }

    @Test
    void namesTheGroupOfAnId() {
        RuleSpec rule = one("tcp:1 og:a 1 off off").withOrigin(new OriginRef.Group("og-1"));
        assertThat(BatchText.print(rule, id -> Optional.of("name-of-" + id)))
                .isEqualTo("tcp:1 og:name-of-og-1 1 off off");
    }

    @ParameterizedTest
    @CsvSource({
        "sessionPersistenceSeconds, 30",
        "idleSeconds, 60",
        "drainSeconds, 31",
        "maxConnections, 1"
    })
    void tellsWhatALineCannotSay(String field, int value) {
        RuleSpec rule = RuleReader.read(RuleJson.print(one(SAMPLE)).put(field, value)).orThrow();
        assertThat(BatchText.isLossy(rule)).isTrue();
        assertThat(BatchText.isLossy(one(SAMPLE + " tag"))).isFalse();
    }
}
