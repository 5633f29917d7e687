package io.skerry.edge.origin;

import io.skerry.shared.net.Protocol;
import java.net.InetAddress;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/// The origins of one rule, chosen by weight or, with session persistence, by client address.
final class RulePool implements OriginPool {
    /// What pools of one node have in common.
    ///
    /// @param persistence the node's table
    /// @param ipv6Prefix how many bits of an IPv6 client address tell clients apart
    /// @param avoidance what failed connections mean
    /// @param slowStartNanos how long the share of a recovered origin grows
    /// @param clock {@link System#nanoTime()}
    record Ground(
            PersistenceTable persistence,
            int ipv6Prefix,
            Avoidance avoidance,
            long slowStartNanos,
            LongSupplier clock) {}

    private final String rule;
    private final Protocol protocol;
    private final long keepNanos;
    private final Ground ground;

    /// Begins anywhere, so that nodes and rules do not all begin with the same origin.
    private final AtomicLong turn = new AtomicLong(ThreadLocalRandom.current().nextLong());

    private volatile Candidates candidates;

    /// @param keepNanos how long after its last session a client stays on its origin; 0 without
    ///   session persistence
    RulePool(String rule, Protocol protocol, long keepNanos, Ground ground, Candidates candidates) {
        this.rule = rule;
        this.protocol = protocol;
        this.keepNanos = keepNanos;
        this.ground = ground;
        this.candidates = candidates;
    }

    void use(Candidates next) {
        candidates = next;
    }

    @Override
    public Choice choose(InetAddress client, Set<Origin> tried) {
        Candidates now = candidates;
        if (now.isEmpty()) {
            return now.whenEmpty();
        }
        long time = ground.clock().getAsLong();
        while (true) {
            long open = now.open(tried, time);
            if (open == 0) {
                return new Choice.None();
            }
            int index = index(now, open, client, time);
            // Where another thread took the last place, the next look finds the origin full.
            if (now.take(index)) {
                return new Choice.Chosen(now.origin(index));
            }
        }
    }

    private int index(Candidates now, long open, InetAddress client, long time) {
        return keepNanos > 0
                ? persistent(now, open, ClientHash.masked(client, ground.ipv6Prefix()), time)
                : now.spread(open, turn.getAndIncrement(), ground.slowStartNanos(), time);
    }

    private int persistent(Candidates now, long open, InetAddress client, long time) {
        InetAddress pinned = ground.persistence().pinned(rule, client, time);
        if (pinned != null) {
            int index = now.indexOf(pinned);
            if (index >= 0 && (open >>> index & 1) != 0) {
                return index;
            }
        }
        return now.rendezvous(open, ClientHash.of(client));
    }

    /// Not one of the candidates where its name is not resolved yet.
    @Override
    public Origin adopt(InetAddress address) {
        Candidates now = candidates;
        int index = now.indexOf(address);
        Origin origin = index >= 0 ? now.origin(index) : new Origin(address, new OriginState());
        origin.state().take(0);
        return origin;
    }

    @Override
    public void opened(InetAddress client, Origin origin) {
        origin.state().opened();
        if (protocol == Protocol.TCP) {
            origin.state().answered();
        }
        if (keepNanos > 0) {
            ground.persistence()
                    .opened(
                            rule,
                            ClientHash.masked(client, ground.ipv6Prefix()),
                            origin.address(),
                            keepNanos,
                            ground.clock().getAsLong());
        }
    }

    @Override
    public void closed(InetAddress client, Origin origin) {
        origin.state().closed();
        origin.state().leave();
        if (keepNanos > 0) {
            ground.persistence()
                    .closed(
                            rule,
                            ClientHash.masked(client, ground.ipv6Prefix()),
                            ground.clock().getAsLong());
        }
    }

    @Override
    public void failed(Origin origin) {
        origin.state().leave();
        refused(origin);
    }

    @Override
    public void unused(Origin origin) {
        origin.state().leave();
    }

    @Override
    public void refused(Origin origin) {
        origin.state().failed(ground.clock().getAsLong(), ground.avoidance());
    }

    @Override
    public boolean keeps(Origin origin) {
        Candidates now = candidates;
        if (now.isEmpty() && now.whenEmpty() instanceof Choice.Resolving) {
            return true;
        }
        int index = now.indexOf(origin.address());
        return index >= 0 && now.keeps(index, ground.clock().getAsLong());
    }
}
