package io.skerry.edge.clientaddress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.HeaderDestination;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// The header that tells an origin who the client is, as a rule asks for it.
public final class ClientHeader {
    private ClientHeader() {}

    /// The header that goes first on a TCP connection to the origin; null where the mode writes
    /// none (`off`, and `toa`, which is a TCP option). The caller owns the buffer.
    ///
    /// @param client the client's end of its connection
    /// @param dialled our end of the client's connection
    /// @param origin where the origin listens
    public static @Nullable ByteBuf tcp(
            ClientIp mode,
            HeaderDestination destination,
            InetSocketAddress client,
            InetSocketAddress dialled,
            InetSocketAddress origin,
            ByteBufAllocator allocator) {
        InetSocketAddress named = named(destination, dialled, origin);
        byte[] header =
                switch (mode) {
                    case OFF, TOA -> null;
                    case PPV1 -> ProxyV1.encode(client, named);
                    case PPV2 -> ProxyV2.encode(Protocol.TCP, client, named);
                    case SPP -> throw new IllegalArgumentException("spp is for UDP");
                };
        return header == null ? null : allocator.directBuffer(header.length).writeBytes(header);
    }

    /// The header that goes into datagrams to the origin, before the payload; empty for `off`.
    ///
    /// @param client the client's address and port
    /// @param dialled where the client sent its datagram to
    /// @param origin where the origin listens
    public static byte[] udp(
            ClientIp mode,
            HeaderDestination destination,
            InetSocketAddress client,
            InetSocketAddress dialled,
            InetSocketAddress origin) {
        InetSocketAddress named = named(destination, dialled, origin);
        return switch (mode) {
            case OFF -> new byte[0];
            case PPV2 -> ProxyV2.encode(Protocol.UDP, client, named);
            case SPP -> Spp.encode(client, named);
            case TOA, PPV1 -> throw new IllegalArgumentException(mode + " is for TCP");
        };
    }

    private static InetSocketAddress named(
            HeaderDestination destination, InetSocketAddress dialled, InetSocketAddress origin) {
        return switch (destination) {
            case DIALLED -> dialled;
            case ORIGIN -> origin;
        };
    }
}
