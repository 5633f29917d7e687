package io.skerry.edge.metrics;

import io.skerry.edge.session.EndReason;
import io.skerry.shared.content.RuleCounts;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/// What one rule did on this node since it was first opened. Safe for all threads.
public final class RuleCounters {
    /// Sessions begun.
    public final LongAdder sessions = new LongAdder();

    /// Sessions open now; also what `maxConnections` is held against.
    public final AtomicInteger open = new AtomicInteger();

    /// Sessions for which no origin could be connected.
    public final LongAdder connectErrors = new LongAdder();

    /// Sessions that an origin reset.
    public final LongAdder resets = new LongAdder();

    /// Payload bytes from clients to origins; headers of ours not counted.
    public final LongAdder bytesToOrigin = new LongAdder();

    /// Payload bytes from origins to clients.
    public final LongAdder bytesToClient = new LongAdder();

    /// Datagrams from clients to origins (UDP).
    public final LongAdder datagramsToOrigin = new LongAdder();

    /// Datagrams from origins to clients (UDP).
    public final LongAdder datagramsToClient = new LongAdder();

    /// A session ended.
    public void ended(EndReason reason) {
        switch (reason) {
            case ORIGIN_REFUSED,
                    ORIGIN_TIMEOUT,
                    ORIGIN_UNREACHABLE,
                    ORIGIN_UNRESOLVED,
                    NO_ORIGIN,
                    LOOP ->
                    connectErrors.increment();
            case ORIGIN_RESET, BAD_REPLY -> resets.increment();
            case CLIENT_CLOSED,
                    ORIGIN_CLOSED,
                    CLIENT_RESET,
                    IDLE,
                    DRAIN_DEADLINE,
                    SHUTDOWN,
                    HANDED_OVER,
                    MAX_CONNECTIONS,
                    SESSION_LIMIT,
                    DESCRIPTORS,
                    ORIGIN_CHANGED,
                    INTERNAL -> {}
        }
    }

    RuleCounts counts() {
        return new RuleCounts(sessions.sum(), connectErrors.sum(), resets.sum());
    }
}
