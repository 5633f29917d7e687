package io.skerry.standalone.cluster;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// Waits for conditions of a cluster, with a deadline.
final class Waiting {
    private static final long POLL_NANOS = Duration.ofMillis(50).toNanos();

    private Waiting() {}

    /// @param found what there is instead, for the message at the deadline
    static void until(
            String what, Duration deadline, BooleanSupplier condition, Supplier<?> found) {
        long end = System.nanoTime() + deadline.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError(
                        "not within " + deadline + ": " + what + "; but " + found.get());
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }
}
