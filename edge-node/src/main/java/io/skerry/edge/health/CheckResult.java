package io.skerry.edge.health;

import java.util.Locale;

/// What came of one check; the words of `skerry_origin_checks_total` (`docs/reference/metrics.md`).
public enum CheckResult {
    /// It accepted, or answered as expected.
    OK,
    /// It refused the connection, or the port is unreachable.
    REFUSED,
    /// No answer in time.
    TIMEOUT,
    /// There is no route to it.
    UNREACHABLE,
    /// It answered something else than expected.
    BAD_ANSWER,
    /// The node could not make the check, for want of a descriptor or a local port, or because too
    /// many were under way: says nothing about the origin.
    NOT_MADE;

    /// The word in metrics, logs and documentation.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
