package io.skerry.edge.origin;

import java.time.Duration;

/// When failed connections alone make a node avoid an origin.
///
/// @param failures failures in a row that it takes, 1 to 100, default 2
/// @param time how long new sessions avoid the origin then, 0 to 60 s, default 2 s
public record Avoidance(int failures, Duration time) {
    public static final int FAILURES_MAX = 100;
    public static final Duration TIME_MAX = Duration.ofSeconds(60);
    public static final Avoidance DEFAULT = new Avoidance(2, Duration.ofSeconds(2));

    /// Failures further apart than this (60 s) are not "in a row".
    static final long MEMORY_NANOS = Duration.ofSeconds(60).toNanos();

    public Avoidance {
        if (failures < 1
                || failures > FAILURES_MAX
                || time.isNegative()
                || time.compareTo(TIME_MAX) > 0) {
            throw new IllegalArgumentException("avoidance out of range");
        }
    }
}
