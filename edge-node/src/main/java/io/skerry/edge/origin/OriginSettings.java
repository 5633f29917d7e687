package io.skerry.edge.origin;

import io.skerry.shared.process.SettingsReader;
import java.time.Duration;

/// How a node chooses origins.
///
/// @param persistenceEntries `origin.persistence-entries`: clients whose origin is remembered, 1 to
///   10,000,000, default 100,000
/// @param persistenceIpv6Prefix `origin.persistence-ipv6-prefix`: how many bits of an IPv6 client
///   address tell clients apart, 32 to 128, default 128
/// @param avoidance `origin.failures` and `origin.avoid-time`
public record OriginSettings(
        int persistenceEntries, int persistenceIpv6Prefix, Avoidance avoidance) {
    public static final int ENTRIES_MAX = 10_000_000;
    public static final OriginSettings DEFAULT =
            new OriginSettings(100_000, 128, Avoidance.DEFAULT);

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
                                Avoidance.TIME_MAX)));
    }
}
