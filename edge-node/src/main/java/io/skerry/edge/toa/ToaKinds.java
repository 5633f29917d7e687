package io.skerry.edge.toa;

import java.util.Set;

/// The kinds of the TCP option, one for clients of each family. They may be the same, as some
/// receivers want it: the length tells the families apart.
///
/// @param ipv4 kind of the 8 bytes of an IPv4 client, default 200
/// @param ipv6 kind of the 20 bytes of an IPv6 client, default 253
public record ToaKinds(int ipv4, int ipv6) {
    public static final int MAX = 255;

    /// What Linux itself writes or reads under that number: end, NOP, MSS, window scale, SACK
    /// permitted, SACK, timestamps, MD5, authentication, MPTCP, Fast Open.
    private static final Set<Integer> TAKEN = Set.of(0, 1, 2, 3, 4, 5, 8, 19, 29, 30, 34);

    /// Behind {@link #TAKEN}, which it is checked against.
    public static final ToaKinds DEFAULT = new ToaKinds(200, 253);

    public ToaKinds {
        if (!isFree(ipv4) || !isFree(ipv6)) {
            throw new IllegalArgumentException("kinds " + ipv4 + " and " + ipv6);
        }
    }

    /// Whether a kind is none that TCP itself uses.
    public static boolean isFree(int kind) {
        return kind >= 0 && kind <= MAX && !TAKEN.contains(kind);
    }
}
