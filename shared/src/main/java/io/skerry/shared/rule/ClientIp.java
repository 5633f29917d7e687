package io.skerry.shared.rule;

import io.skerry.shared.net.Protocol;

/// How the origin learns who the client is.
public enum ClientIp {
    /// It does not.
    OFF,
    /// TCP option 200 or 253; TCP only.
    TOA,
    /// PROXY protocol version 1, a line of text; TCP only.
    PPV1,
    /// PROXY protocol version 2, binary; TCP and UDP.
    PPV2,
    /// Simple Proxy Protocol, 38 bytes on every datagram both ways; UDP only.
    SPP;

    public boolean fits(Protocol protocol) {
        return switch (this) {
            case OFF, PPV2 -> true;
            case TOA, PPV1 -> protocol == Protocol.TCP;
            case SPP -> protocol == Protocol.UDP;
        };
    }
}
