package io.skerry.shared.rule;

/// What a client-address header names as the destination.
public enum HeaderDestination {
    /// The address and port the client dialled (PROXY protocol specification).
    DIALLED,
    /// The address and port of the origin (the captures in the manual).
    ORIGIN
}
