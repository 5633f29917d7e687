package io.skerry.shared.origin;

import java.util.OptionalInt;

/// How a node finds out whether an origin of a group answers.
///
/// @param type what is tried
/// @param port port to try, 1 to 65535; empty: the origin port of the rule
/// @param intervalSeconds time between checks, 1 to 60, default 1
/// @param timeoutSeconds time to wait for an answer, 1 to 60, default 1
/// @param failures failed checks in a row that make an origin down, 1 to 10, default 2
/// @param successes good checks in a row that make it up again, 1 to 10, default 2
public record HealthCheck(
        Type type,
        OptionalInt port,
        int intervalSeconds,
        int timeoutSeconds,
        int failures,
        int successes) {
    /// What is tried.
    public enum Type {
        /// No checks: failed connections alone tell.
        NONE,
        /// A connection is opened and closed.
        TCP,
        /// A datagram is sent and any answer is awaited.
        UDP
    }

    public static final int SECONDS_MAX = 60;
    public static final int COUNT_MAX = 10;
    public static final HealthCheck DEFAULT =
            new HealthCheck(Type.TCP, OptionalInt.empty(), 1, 1, 2, 2);

    public HealthCheck {
        if (intervalSeconds < 1
                || intervalSeconds > SECONDS_MAX
                || timeoutSeconds < 1
                || timeoutSeconds > SECONDS_MAX
                || failures < 1
                || failures > COUNT_MAX
                || successes < 1
                || successes > COUNT_MAX) {
            throw new IllegalArgumentException("health check out of range");
        }
    }
}
