package io.skerry.edge.origin;

import java.net.Inet6Address;
import java.net.InetAddress;

/// The hash that lets every node send one client to the same origin without talking to the others.
///
/// Weighted rendezvous hashing: each origin draws a number for the client from both addresses, and
/// the best draw wins. An origin that comes or goes therefore moves only the clients it wins or
/// held. Described bit by bit in `docs/features/origins.md`; any change of it moves every
/// persistent client of a deployment that is upgraded node by node.
///
/// @spec https://www.rfc-editor.org/rfc/rfc2992 (the idea); draws by the exponential method
final class ClientHash {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private ClientHash() {}

    /// 64 bits of an address of 4 or 16 bytes: words of 8 bytes in network order (IPv4: its 4 bytes
    /// as one word), each mixed into the last result; starts from the length.
    static long of(InetAddress address) {
        byte[] bytes = address.getAddress();
        long hash = bytes.length * GOLDEN;
        for (int at = 0; at < bytes.length; at += 8) {
            long word = 0;
            for (int i = at; i < Math.min(at + 8, bytes.length); i++) {
                word = word << 8 | bytes[i] & 0xff;
            }
            hash = mix(hash ^ word);
        }
        return hash;
    }

    /// An address with all bits after the first `prefix` cleared where it is IPv6.
    static InetAddress masked(InetAddress address, int prefix) {
        if (prefix >= 128 || !(address instanceof Inet6Address)) {
            return address;
        }
        byte[] bytes = address.getAddress();
        for (int i = 0; i < bytes.length; i++) {
            int keep = Math.clamp(prefix - 8L * i, 0, 8);
            bytes[i] &= (byte) (0xff00 >> keep);
        }
        return io.skerry.shared.net.IpText.of(bytes);
    }

    /// The draw of one origin for one client: the smallest wins. Exponentially distributed with
    /// rate `share`, so that each origin wins in proportion to its share.
    ///
    /// @param share above 0
    static double draw(long client, long origin, int share) {
        long mixed = mix(client ^ Long.rotateLeft(origin, 32));
        double uniform = ((mixed >>> 11) + 0.5) * 0x1.0p-53;
        return -StrictMath.log(uniform) / share;
    }

    /// The finisher of SplitMix64 (variant 13 of Stafford): a bijection on 64 bits.
    static long mix(long bits) {
        long z = (bits ^ bits >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
