package io.skerry.edge.origin;

import java.util.concurrent.atomic.AtomicInteger;

/// What a node knows about one origin address. Safe for all threads.
///
/// Failed connections make an origin *avoided* for a short time ({@link Avoidance}). What active
/// checks find out belongs here too, and into {@link #usable}: the pools ask nothing else.
public final class OriginState {
    private final AtomicInteger sessions = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();
    private volatile long lastFailure;
    private volatile long avoidedUntil;
    private volatile boolean avoided;

    /// Open sessions towards the origin.
    public int sessions() {
        return sessions.get();
    }

    /// Whether new sessions may go there now.
    ///
    /// @param now of {@link System#nanoTime()}
    public boolean usable(long now) {
        return !avoided || now - avoidedUntil >= 0;
    }

    void opened() {
        sessions.incrementAndGet();
    }

    void closed() {
        sessions.decrementAndGet();
    }

    /// The origin accepted: it starts with a clean record.
    void answered() {
        if (failures.get() != 0) {
            failures.set(0);
            avoided = false;
        }
    }

    /// Counts a failure; enough of them in a row make the origin avoided, and one that was avoided
    /// and fails again is avoided again at once.
    void failed(long now, Avoidance rule) {
        boolean inARow = failures.get() > 0 && now - lastFailure < Avoidance.MEMORY_NANOS;
        lastFailure = now;
        if (!inARow) {
            failures.set(0);
        }
        if (failures.incrementAndGet() >= rule.failures()) {
            avoidedUntil = now + rule.time().toNanos();
            avoided = true;
        }
    }
}
