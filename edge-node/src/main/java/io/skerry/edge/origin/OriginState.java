package io.skerry.edge.origin;

import java.util.concurrent.atomic.AtomicInteger;

/// What a node knows about one origin address. Safe for all threads.
///
/// Failed connections make an origin *avoided* for a short time ({@link Avoidance}). What active
/// checks find out is not here but with their target, {@link io.skerry.edge.health.Health}: two
/// groups may have one address checked in two ways.
public final class OriginState {
    private final AtomicInteger sessions = new AtomicInteger();

    /// Sessions that are open or being opened.
    private final AtomicInteger places = new AtomicInteger();

    private final AtomicInteger failures = new AtomicInteger();
    private volatile long lastFailure;
    private volatile long avoidedUntil;
    private volatile boolean avoided;

    /// Open sessions towards the origin.
    public int sessions() {
        return sessions.get();
    }

    /// Whether its sessions, those being opened included, are as many as may be.
    ///
    /// @param cap how many; 0 is no cap
    boolean isFull(int cap) {
        return cap > 0 && places.get() >= cap;
    }

    /// Takes a place for a session that is to be opened; false where there is none.
    boolean take(int cap) {
        if (cap == 0) {
            places.incrementAndGet();
            return true;
        }
        int taken = places.get();
        while (taken < cap) {
            int seen = places.compareAndExchange(taken, taken + 1);
            if (seen == taken) {
                return true;
            }
            taken = seen;
        }
        return false;
    }

    /// Gives back what {@link #take} took.
    void leave() {
        places.decrementAndGet();
    }

    /// Whether no failed connection speaks against new sessions there now.
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
