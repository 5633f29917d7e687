package io.skerry.edge.udp;

import io.skerry.edge.clientaddress.ClientHeader;
import io.skerry.edge.listener.Route;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.ProxyV2Udp;
import io.skerry.shared.rule.RuleSpec;
import java.net.InetSocketAddress;

/// How a session treats datagrams: what its rule said when it began.
///
/// @param header tells the origin who the client is; may be empty
/// @param headers which datagrams to the origin carry it
/// @param spp whether answers carry it too
/// @param idleMillis silence that ends the session
@SuppressWarnings("ArrayRecordComponent") // ArrayRecordComponent: copied once, never compared
record Manner(byte[] header, Headers headers, boolean spp, long idleMillis) {
    /// Which datagrams to the origin carry a header.
    enum Headers {
        NONE,
        FIRST,
        EVERY
    }

    static Manner of(
            Route route,
            InetSocketAddress client,
            InetSocketAddress dialled,
            InetSocketAddress origin) {
        RuleSpec spec = route.rule().spec();
        byte[] header =
                ClientHeader.udp(
                        spec.clientIp(), spec.headerDestination(), client, dialled, origin);
        return new Manner(
                header,
                headers(spec),
                spec.clientIp() == ClientIp.SPP,
                spec.idleSeconds() * 1_000L);
    }

    private static Headers headers(RuleSpec spec) {
        return switch (spec.clientIp()) {
            case OFF, TOA, PPV1 -> Headers.NONE;
            case SPP -> Headers.EVERY;
            case PPV2 -> spec.ppv2Udp() == ProxyV2Udp.EVERY ? Headers.EVERY : Headers.FIRST;
        };
    }
}
