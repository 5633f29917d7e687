package io.skerry.edge.origin;

import io.skerry.edge.health.HealthChecks;
import io.skerry.shared.process.SettingsReader;
import java.time.Duration;

/// How a node chooses origins.
///
/// @param persistenceEntries `origin.persistence-entries`: clients whose origin is remembered, 1 to
///   10,000,000, default 100,000
/// @param persistenceIpv6Prefix `origin.persistence-ipv6-prefix`: how many bits of an IPv6 client
///   address tell clients apart, 32 to 128, default 128
/// @param avoidance `origin.failures` and `origin.avoid-time`
/// @param checksMax `origin.checks-max`: targets of active checks, 0 to 100,000, default 2,000; 0:
///   no active checks
/// @param slowStart `origin.slow-start`: how long the share of an origin grows that came up again,
///   0 to 10 min, default 10 s
public record OriginSettings(
        int persistenceEntries,
        int persistenceIpv6Prefix,
        Avoidance avoidance,
        int checksMax,
        Duration slowStart) {
    public static final Duration SLOW_START_MAX = Duration.ofMinutes(10);
    public static final int ENTRIES_MAX = 10_000_000;
    public static final OriginSettings DEFAULT =
            new OriginSettings(
                    100_000,
                    128,
                    Avoidance.DEFAULT,
                    HealthChecks.MAX_DEFAULT,
                    Duration.ofSeconds(10));

    public static OriginSettings read(SettingsReader settings) {
        return new OriginSettings(
                settings.integer(
                        "origin.persistence-entries", DEFAULT.persistenceEntries, 1, ENTRIES_MAX),
                settings.integer(
                        "origin.persistence-ipv6-prefix", DEFAULT.persistenceIpv6Prefix, 32, 128),
                new Avoidance(
                        settings.integer(
                                "origin.failures",
                                Avoidance.DEFAULT.failures(),
                                1,
                                Avoidance.FAILURES_MAX),
                        settings.duration(
                                "origin.avoid-time",
                                Avoidance.DEFAULT.time(),
                                Duration.ZERO,
                                Avoidance.TIME_MAX)),
                settings.integer("origin.checks-max", DEFAULT.checksMax, 0, HealthChecks.MAX_MAX),
                settings.duration(
                        "origin.slow-start", DEFAULT.slowStart, Duration.ZERO, SLOW_START_MAX));
    }
}
