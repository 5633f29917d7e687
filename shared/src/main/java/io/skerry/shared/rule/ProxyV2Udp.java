package io.skerry.shared.rule;

/// Which datagrams of a UDP session carry the PROXY v2 header.
public enum ProxyV2Udp {
    /// The first of a session (manual).
    FIRST,
    /// Every one (PROXY protocol specification of 2026).
    EVERY
}
