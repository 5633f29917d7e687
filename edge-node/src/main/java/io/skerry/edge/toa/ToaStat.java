package io.skerry.edge.toa;

import java.util.Locale;

/// What is counted at the origin. The first eight have the names and, as far as that can be, the
/// meaning of the kernel module's `/proc/net/toa_stats` (`docs/features/toa.md` has it for each);
/// places are those of `enum stat` in `toa_origin.bpf.c`.
public enum ToaStat {
    /// Connections accepted with a client that is believed.
    SYN_RECV_SOCK_TOA(0),
    /// Connections accepted without.
    SYN_RECV_SOCK_NO_TOA(1),
    /// Questions for the peer that were answered with the client.
    GETNAME_TOA_OK(2),
    /// Questions that could not be: an IPv6 client, an IPv4 socket.
    GETNAME_TOA_MISMATCH(3),
    /// Always 0: no other user of the kernel stands between.
    GETNAME_TOA_BYPASS(4),
    /// Questions on connections of which no client is known.
    GETNAME_TOA_EMPTY(5),
    /// Clients kept that the module would allocate memory for.
    IP6_ADDRESS_ALLOC(6),
    /// Of these, given back.
    IP6_ADDRESS_FREE(7),
    /// Options from addresses that are not trusted; not believed.
    UNTRUSTED(8),
    /// Options of a kind we read with a length that it does not have, or cut short.
    MALFORMED(9),
    /// Clients that the kernel gave no memory for.
    NO_MEMORY(10);

    private final int place;

    ToaStat(int place) {
        this.place = place;
    }

    /// Its place in the kernel's array.
    int place() {
        return place;
    }

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
