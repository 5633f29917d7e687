package io.skerry.edge.origin;

import java.net.InetAddress;
import java.util.Set;

/// The origins of one rule. Safe for all threads; never blocks.
public interface OriginPool {
    /// Chooses an origin for a new session, which has a place there from then on, until exactly one
    /// of {@link #closed}, {@link #failed} and {@link #unused} gives it back.
    ///
    /// @param client address of the client
    /// @param tried origins that failed this session already and are not chosen again
    Choice choose(InetAddress client, Set<Origin> tried);

    /// The origin of a session that began in another process; it has its place like a chosen one.
    default Origin adopt(InetAddress address) {
        return new Origin(address, new OriginState());
    }

    /// A session with the chosen origin began; every call is matched by one of {@link #closed}.
    void opened(InetAddress client, Origin origin);

    /// A session that was {@link #opened} ended.
    void closed(InetAddress client, Origin origin);

    /// A chosen origin refused, timed out or was unreachable; no session began.
    void failed(Origin origin);

    /// A chosen origin was not tried after all, or nothing was found out about it. Pools that count
    /// no places need not listen.
    default void unused(Origin origin) {}

    /// The origin of an open session answered that nobody is there; the session is closed besides.
    default void refused(Origin origin) {
        failed(origin);
    }

    /// Whether an open UDP session may stay with its origin; false where the origin is gone from
    /// the group, drains (weight 0) or is down.
    boolean keeps(Origin origin);
}
