package io.skerry.edge.origin;

import java.net.InetAddress;
import java.util.Set;

/// The origins of one rule. Safe for all threads; never blocks.
public interface OriginPool {
    /// Chooses an origin for a new session.
    ///
    /// @param client address of the client
    /// @param tried origins that failed this session already and are not chosen again
    Choice choose(InetAddress client, Set<Origin> tried);

    /// A session with that origin began; every call is matched by one of {@link #closed}.
    void opened(InetAddress client, Origin origin);

    /// A session that was {@link #opened} ended.
    void closed(InetAddress client, Origin origin);

    /// An origin refused, timed out or was unreachable.
    void failed(Origin origin);

    /// Whether an open UDP session may stay with its origin; false where the origin is gone from
    /// the group, drains (weight 0) or is down.
    boolean keeps(Origin origin);
}
