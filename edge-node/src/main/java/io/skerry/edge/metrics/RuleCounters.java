package io.skerry.edge.metrics;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/// What one rule did on this node since it was first opened. Safe for all threads.
public final class RuleCounters {
    /// Sessions begun.
    public final LongAdder sessions = new LongAdder();

    /// Sessions open now; also what `maxConnections` is held against.
    public final AtomicInteger open = new AtomicInteger();

    /// Payload bytes from clients to origins; headers of ours not counted.
    public final LongAdder bytesToOrigin = new LongAdder();

    /// Payload bytes from origins to clients.
    public final LongAdder bytesToClient = new LongAdder();

    /// Datagrams from clients to origins (UDP).
    public final LongAdder datagramsToOrigin = new LongAdder();

    /// Datagrams from origins to clients (UDP).
    public final LongAdder datagramsToClient = new LongAdder();
}
