package io.skerry.edge.metrics;

import java.util.Locale;

/// Why a datagram was not forwarded: one word each, the label of `skerry_datagrams_dropped_total`.
public enum DropReason {
    /// The node has as many UDP sessions as it may.
    SESSION_LIMIT,
    /// The rule has as many sessions as it may.
    MAX_CONNECTIONS,
    /// One client address has as many sessions as it may.
    CLIENT_LIMIT,
    /// No file descriptor was left for a session.
    DESCRIPTORS,
    /// The origin's name has no address (yet).
    ORIGIN_UNRESOLVED,
    /// No origin may be used.
    NO_ORIGIN,
    /// The origin is a listener or control port of this node.
    LOOP,
    /// With its header the datagram is longer than UDP carries.
    TOO_LONG,
    /// The port is being closed, and the client has no session.
    PORT_CLOSED,
    /// The system had no room left for it in a receive buffer.
    RECEIVE_BUFFER_FULL,
    /// The socket towards the origin or the client could not take it.
    SEND_BUFFER_FULL,
    /// The system refused to send it.
    SEND_FAILED,
    /// The origin's answer did not carry the header its rule asks for (SPP).
    BAD_REPLY;

    /// The word in metrics and documentation.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
