package io.skerry.edge.origin;

import java.util.concurrent.atomic.AtomicInteger;

/// What a node knows about one origin address. Safe for all threads.
public final class OriginState {
    private final AtomicInteger sessions = new AtomicInteger();

    /// Open sessions towards the origin.
    public int sessions() {
        return sessions.get();
    }

    void opened() {
        sessions.incrementAndGet();
    }

    void closed() {
        sessions.decrementAndGet();
    }
}
