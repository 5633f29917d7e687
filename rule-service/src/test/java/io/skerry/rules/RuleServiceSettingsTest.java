package io.skerry.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.ProblemException;
import io.skerry.shared.process.SettingsReader;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class RuleServiceSettingsTest {
    private static RuleServiceSettings read(Map<String, String> given) {
        SettingsReader reader = SettingsReader.of(given);
        RuleServiceSettings settings = RuleServiceSettings.read(reader);
        reader.finish();
        return settings;
    }

    private static List<String> mistakes(Map<String, String> given) {
        ProblemException refused = catchThrowableOfType(ProblemException.class, () -> read(given));
        return refused.problem().mistakes().stream().map(Mistake::field).toList();
    }

    @Test
    void hasTheDefaultsOfTheContract() {
        RuleServiceSettings settings = read(Map.of());
        assertThat(settings.rulesBind().orElseThrow()).hasToString("127.0.0.1:8081");
        assertThat(settings.slots()).isEqualTo(1);
        assertThat(settings.instanceQuota()).isEqualTo(1);
        assertThat(settings.accessDomain()).isEqualTo("l4.skerry.test");
        assertThat(settings.edgeoneConflicts()).isTrue();
        assertThat(settings.historyMaxRevisions()).isEqualTo(10_000);
        assertThat(settings.historyDays()).isEqualTo(90);
        assertThat(settings.nodeToken()).isEmpty();
    }

    @Test
    void namesEveryMistakeAtOnce() {
        assertThat(
                        mistakes(
                                Map.of(
                                        "postgres",
                                        "mysql://x",
                                        "rules-bind",
                                        "0.0.0.0:8081",
                                        "slots",
                                        "65",
                                        "instance-quota",
                                        "0",
                                        "history.max-revisions",
                                        "0",
                                        "history.days",
                                        "3651",
                                        "access-domain",
                                        "a b")))
                .containsExactlyInAnyOrder(
                        "postgres",
                        "node-token",
                        "slots",
                        "instance-quota",
                        "history.max-revisions",
                        "history.days",
                        "access-domain");
    }

    @Test
    void takesTheEndsOfEveryRangeAndATokenOffLoopback() {
        RuleServiceSettings settings =
                read(
                        Map.of(
                                "rules-bind",
                                "0.0.0.0:0",
                                "node-token",
                                "secret",
                                "slots",
                                "64",
                                "instance-quota",
                                "10000",
                                "edgeone-conflicts",
                                "off"));
        assertThat(settings.slots()).isEqualTo(64);
        assertThat(settings.edgeoneConflicts()).isFalse();
    }

    @Test
    void readsWhereTheDatabaseIsAndNeverShowsThePassword() {
        assertThat(PostgresAddress.parse("postgresql://u%40x:p%3Aw@[::1]:5433/d"))
                .contains(new PostgresAddress("::1", 5433, "d", "u@x", "p:w"));
        assertThat(PostgresAddress.parse("postgres://u@db"))
                .contains(new PostgresAddress("db", 5432, "u", "u", ""));
        for (String none :
                List.of(
                        "",
                        "db",
                        "http://u@db/x",
                        "postgresql://db/x",
                        "postgresql://u@/x",
                        "postgresql://u@db/x/y",
                        "postgresql://u@db/x?ssl=true",
                        "%%%")) {
            assertThat(PostgresAddress.parse(none)).as(none).isEmpty();
        }
        assertThat(PostgresAddress.parse("postgresql://u:geheim@db/x").orElseThrow().toString())
                .doesNotContain("geheim");
    }
}
