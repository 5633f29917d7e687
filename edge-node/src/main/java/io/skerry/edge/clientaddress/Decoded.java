package io.skerry.edge.clientaddress;

import io.skerry.shared.net.Protocol;
import java.net.InetSocketAddress;
import java.util.List;

/// What came of reading a PROXY header. Reading consumes nothing; `length` bytes are the header's.
public sealed interface Decoded {
    /// The header names the client.
    ///
    /// @param protocol what the client speaks
    /// @param client the client; an IPv4-mapped address has become IPv4
    /// @param destination what the sender names as the destination
    /// @param tlvs what follows the addresses, in order; empty for version 1
    /// @param length bytes of the header
    record Proxied(
            Protocol protocol,
            InetSocketAddress client,
            InetSocketAddress destination,
            List<Tlv> tlvs,
            int length)
            implements Decoded {
        public Proxied {
            tlvs = List.copyOf(tlvs);
        }
    }

    /// A valid header that names nobody (LOCAL, UNSPEC, UNIX, UNKNOWN): the connection's own
    /// endpoints hold.
    ///
    /// @param length bytes of the header
    record Unnamed(int length) implements Decoded {}

    /// So far it may become a header; a stream waits for more, a datagram is refused.
    record Incomplete() implements Decoded {}

    /// No header, or a broken one: the connection is closed or the datagram dropped.
    ///
    /// @param reason what is wrong, in a few words
    record Malformed(String reason) implements Decoded {}
}
