package io.skerry.edge.session;

import java.util.Locale;

/// Why a session ended: one word each, the same in log, metric and documentation
/// (`docs/reference/end-reasons.md`).
public enum EndReason {
    /// Both sides were closed in order, the client first.
    CLIENT_CLOSED,
    /// Both sides were closed in order, the origin first.
    ORIGIN_CLOSED,
    /// The client reset the connection; the reset was passed on.
    CLIENT_RESET,
    /// The origin reset the connection; the reset was passed on.
    ORIGIN_RESET,
    /// No byte in either direction for the rule's idle time.
    IDLE,
    /// Every origin tried refused the connection (or, for UDP, answered port unreachable).
    ORIGIN_REFUSED,
    /// No origin accepted within the connect time.
    ORIGIN_TIMEOUT,
    /// No route to any origin.
    ORIGIN_UNREACHABLE,
    /// The origin's name has no address.
    ORIGIN_UNRESOLVED,
    /// No origin of the group may be used: all weights are 0 or all are full.
    NO_ORIGIN,
    /// The origin's address is a listener or control port of this node.
    LOOP,
    /// The rule was disabled, deleted or moved, and its drain time is over.
    DRAIN_DEADLINE,
    /// The node stopped and its drain time is over; or, for UDP, nothing was heard for a while.
    SHUTDOWN,
    /// Another process took over and goes on with the session.
    HANDED_OVER,
    /// The rule's `maxConnections` was reached.
    MAX_CONNECTIONS,
    /// The node's own limit of sessions was reached.
    SESSION_LIMIT,
    /// The process had no file descriptor left.
    DESCRIPTORS,
    /// A UDP session left its origin, which is down or drains; the client's next datagram opens
    /// another.
    ORIGIN_CHANGED,
    /// The origin answered without the header its rule asks for (SPP).
    BAD_REPLY,
    /// A bug of ours; logged with its trace.
    INTERNAL;

    /// The word in logs, metrics and documentation.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
