package io.skerry.edge.session;

import java.util.concurrent.atomic.AtomicLong;

/// How many sessions the node may have open, TCP and UDP together. Safe for all threads.
public final class SessionLimits {
    private final long max;
    private final AtomicLong open = new AtomicLong();
    private final AtomicLong hits = new AtomicLong();

    /// @param max most sessions at once, at least 1
    public SessionLimits(long max) {
        this.max = max;
    }

    /// Takes a place; every success is matched by one {@link #leave}.
    public boolean enter() {
        if (open.incrementAndGet() <= max) {
            return true;
        }
        open.decrementAndGet();
        hits.incrementAndGet();
        return false;
    }

    public void leave() {
        open.decrementAndGet();
    }

    public long open() {
        return open.get();
    }

    public long max() {
        return max;
    }

    /// How often a session was turned away.
    public long hits() {
        return hits.get();
    }
}
