package io.skerry.edge.listener;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// Who serves a steered port, for the fronts of one protocol and family. Written by one thread at a
/// time, read by all event loops without a lock.
///
/// @param <P> what serves a port
public final class SteeredPorts<P> {
    private static final int PORTS = 65_536;

    /// @param next another address of the same port
    private record Entry<P>(
            long high, long low, boolean anywhere, P serves, @Nullable Entry<P> next) {}

    /// A quarter of a megabyte; made with the first port.
    private volatile @Nullable AtomicReferenceArray<@Nullable Entry<P>> entries;

    /// Has a port served, in place of whoever did.
    public synchronized void put(InetAddress address, int port, P serves) {
        AtomicReferenceArray<@Nullable Entry<P>> all = entries;
        if (all == null) {
            all = new AtomicReferenceArray<>(PORTS);
            entries = all;
        }
        long high = high(address);
        long low = low(address);
        Entry<P> others = without(all.get(port), high, low);
        all.set(port, new Entry<>(high, low, address.isAnyLocalAddress(), serves, others));
    }

    /// Has a port served no longer, if it is still served by this one.
    @SuppressWarnings("ReferenceEquality") // the very same is meant
    public synchronized void remove(InetAddress address, int port, P served) {
        AtomicReferenceArray<@Nullable Entry<P>> all = entries;
        if (all == null) {
            return;
        }
        long high = high(address);
        long low = low(address);
        for (Entry<P> each = all.get(port); each != null; each = each.next) {
            if (each.high == high && each.low == low && each.serves == served) {
                all.set(port, without(all.get(port), high, low));
                return;
            }
        }
    }

    private static <P> @Nullable Entry<P> without(@Nullable Entry<P> from, long high, long low) {
        if (from == null || from.high == high && from.low == low) {
            return from == null ? null : from.next;
        }
        Entry<P> rest = without(from.next, high, low);
        return new Entry<>(from.high, from.low, from.anywhere, from.serves, rest);
    }

    /// Who serves what was dialled: the one of that very address, else the one of every address.
    ///
    /// @param high first eight bytes of an IPv6 address, 0 for IPv4
    /// @param low the last eight, or the four of IPv4
    public @Nullable P find(long high, long low, int port) {
        AtomicReferenceArray<@Nullable Entry<P>> all = entries;
        P anywhere = null;
        Entry<P> first = all == null ? null : all.get(port);
        for (Entry<P> each = first; each != null; each = each.next) {
            if (each.high == high && each.low == low) {
                return each.serves;
            }
            if (each.anywhere) {
                anywhere = each.serves;
            }
        }
        return anywhere;
    }

    public @Nullable P find(InetAddress address, int port) {
        return find(high(address), low(address), port);
    }

    private static long high(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == 4 ? 0 : number(Arrays.copyOf(bytes, 8));
    }

    private static long low(InetAddress address) {
        byte[] bytes = address.getAddress();
        return number(bytes.length == 4 ? bytes : Arrays.copyOfRange(bytes, 8, 16));
    }

    private static long number(byte[] bytes) {
        long number = 0;
        for (byte each : bytes) {
            number = number << 8 | each & 0xff;
        }
        return number;
    }
}
