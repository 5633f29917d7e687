package io.skerry.rules;

import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import io.skerry.shared.process.SettingsReader;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a rule service can be told.
///
/// @param postgres `postgres`: where the truth is, `postgresql://user:password@host:port/database`,
///   default postgresql://skerry@127.0.0.1:5432/skerry. The host is a name or an address; a Unix
///   socket folder is not taken, since migrations go by JDBC
/// @param rulesBind `rules-bind`: where edge nodes pull and report, default 127.0.0.1:8081;
///   `local`: not over HTTP, only the node of the same process over its bus
/// @param nodeToken `node-token`: what nodes must show; required off loopback, default none
/// @param slots `slots`: number of slots of the deployment, 1 to 64, default 1
/// @param accessDomain `access-domain`: suffix of access domains, default l4.skerry.test
/// @param instanceQuota `instance-quota`: instances at most, 1 to 10,000, default 1
/// @param edgeoneConflicts `edgeone-conflicts`: whether the manual's conflict table is enforced,
///   default on
/// @param historyMaxRevisions `history.max-revisions`: revisions of history kept for rollback,
///   steps and audit, 1 to 1,000,000, default 10,000
/// @param historyDays `history.days`: days they are kept at most, 1 to 3,650, default 90
/// @param admin `admin`: health and metrics, default 127.0.0.1:0
public record RuleServiceSettings(
        PostgresAddress postgres,
        Optional<HostPort> rulesBind,
        Optional<String> nodeToken,
        int slots,
        String accessDomain,
        int instanceQuota,
        boolean edgeoneConflicts,
        int historyMaxRevisions,
        int historyDays,
        HostPort admin) {
    private static final Pattern DOMAIN =
            Pattern.compile(
                    "(?=.{1,200}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?"
                            + "(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");
    private static final String LOCAL = "local";
    private static final PostgresAddress NOWHERE =
            new PostgresAddress("127.0.0.1", 5432, "skerry", "skerry", "");

    /// Reads and checks all of them; mistakes are left with the reader.
    public static RuleServiceSettings read(SettingsReader settings) {
        String uri = settings.secret("postgres", "postgresql://skerry@127.0.0.1:5432/skerry");
        PostgresAddress postgres = PostgresAddress.parse(uri).orElse(null);
        if (postgres == null) {
            settings.mistake(
                    "postgres",
                    Code.BAD_FORMAT,
                    "must be postgresql://user:password@host:port/database");
        }
        Optional<HostPort> bind =
                settings.string("rules-bind", "127.0.0.1:8081").equals(LOCAL)
                        ? Optional.empty()
                        : Optional.of(settings.hostPort("rules-bind", "127.0.0.1:8081"));
        String token = settings.secret("node-token", "");
        boolean loopback = bind.map(b -> b.address().isLoopbackAddress()).orElse(true);
        if (token.isEmpty() && !loopback) {
            settings.mistake(
                    "node-token",
                    Code.MISSING,
                    "must be given where rules-bind is not a loopback address");
        }
        String domain = settings.string("access-domain", "l4.skerry.test");
        if (!DOMAIN.matcher(domain.toLowerCase(Locale.ROOT)).matches()) {
            settings.mistake("access-domain", Code.BAD_FORMAT, "must be a domain name");
        }
        return new RuleServiceSettings(
                Objects.requireNonNullElse(postgres, NOWHERE),
                bind,
                token.isEmpty() ? Optional.empty() : Optional.of(token),
                settings.integer("slots", 1, 1, 64),
                domain.toLowerCase(Locale.ROOT),
                settings.integer("instance-quota", 1, 1, 10_000),
                settings.flag("edgeone-conflicts", true),
                settings.integer("history.max-revisions", 10_000, 1, 1_000_000),
                settings.integer("history.days", 90, 1, 3_650),
                settings.hostPort("admin", "127.0.0.1:0"));
    }
}
