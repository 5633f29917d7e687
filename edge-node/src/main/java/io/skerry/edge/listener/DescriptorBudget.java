package io.skerry.edge.listener;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;

/// How many file descriptors listening sockets may take.
///
/// @param limit what the process may have open, 64 or more (`ulimit -n`)
/// @param reserve kept free for sessions, two for each, and for health checks, one for each; at
///   most half of `limit`
public record DescriptorBudget(long limit, long reserve) {
    /// Files, pipes and sockets of the process itself.
    private static final long OWN_FILES = 256;

    /// Sessions for which descriptors are kept by default.
    public static final int SESSION_RESERVE_DEFAULT = 1_000;

    /// Listening ports above which each is served by one event loop only.
    public static final int MANY_PORTS = 500;

    /// @param sessions sessions for which descriptors are kept, by default {@link
    ///   #SESSION_RESERVE_DEFAULT}
    /// @param checks health checks that may be under way at the same time
    public static DescriptorBudget ofProcess(int sessions, int checks) {
        return new DescriptorBudget(
                ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean os
                        ? os.getMaxFileDescriptorCount()
                        : Long.MAX_VALUE,
                2L * sessions + checks);
    }

    public DescriptorBudget {
        reserve = Math.min(reserve, limit / 2);
    }

    /// Descriptors that all listeners together may hold.
    public long forListeners() {
        return Math.max(0, limit - reserve - Math.min(OWN_FILES, limit / 4));
    }

    /// Why a rule does not fit; empty where it does.
    ///
    /// @param held descriptors that listeners hold already
    /// @param wanted descriptors the rule's new ports need
    public Optional<Refusal> refusal(long held, long wanted) {
        return held + wanted <= forListeners()
                ? Optional.empty()
                : Optional.of(
                        new Refusal(
                                Refusal.Code.DESCRIPTORS,
                                "its ports need "
                                        + wanted
                                        + " file descriptors and "
                                        + Math.max(0, forListeners() - held)
                                        + " of "
                                        + limit
                                        + " are free for listeners, "
                                        + reserve
                                        + " being kept for sessions and health checks; raise the limit (ulimit -n)"));
    }
}
