package io.skerry.edge.metrics;

import io.skerry.edge.session.EndReason;
import io.skerry.shared.net.Protocol;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/// Counts sessions of a node. Safe for all threads.
public final class SessionMetrics {
    private final Map<Protocol, LongAdder> open = new EnumMap<>(Protocol.class);
    private final Map<Protocol, Map<EndReason, LongAdder>> ended = new EnumMap<>(Protocol.class);
    private final Map<DropReason, LongAdder> dropped = new EnumMap<>(DropReason.class);

    public SessionMetrics() {
        for (Protocol protocol : Protocol.values()) {
            open.put(protocol, new LongAdder());
            Map<EndReason, LongAdder> reasons = new EnumMap<>(EndReason.class);
            for (EndReason reason : EndReason.values()) {
                reasons.put(reason, new LongAdder());
            }
            ended.put(protocol, reasons);
        }
        for (DropReason reason : DropReason.values()) {
            dropped.put(reason, new LongAdder());
        }
    }

    public void opened(Protocol protocol) {
        adder(open, protocol).increment();
    }

    /// A session that was {@link #opened} ended.
    public void ended(Protocol protocol, EndReason reason) {
        adder(open, protocol).decrement();
        refused(protocol, reason);
    }

    /// A client was turned away before there was a session.
    public void refused(Protocol protocol, EndReason reason) {
        Map<EndReason, LongAdder> reasons = ended.get(protocol);
        if (reasons != null) {
            adder(reasons, reason).increment();
        }
    }

    /// A datagram was not forwarded.
    public void dropped(DropReason reason) {
        adder(dropped, reason).increment();
    }

    /// Many were not.
    public void dropped(DropReason reason, long count) {
        adder(dropped, reason).add(count);
    }

    public long open(Protocol protocol) {
        return adder(open, protocol).sum();
    }

    public long ended(Protocol protocol) {
        Map<EndReason, LongAdder> reasons = ended.get(protocol);
        return reasons == null ? 0 : reasons.values().stream().mapToLong(LongAdder::sum).sum();
    }

    public long endedBy(Protocol protocol, EndReason reason) {
        Map<EndReason, LongAdder> reasons = ended.get(protocol);
        return reasons == null ? 0 : adder(reasons, reason).sum();
    }

    public long droppedBy(DropReason reason) {
        return adder(dropped, reason).sum();
    }

    private static <K> LongAdder adder(Map<K, LongAdder> map, K key) {
        LongAdder adder = map.get(key);
        if (adder == null) {
            throw new IllegalStateException("every constant has its counter: " + key);
        }
        return adder;
    }
}
