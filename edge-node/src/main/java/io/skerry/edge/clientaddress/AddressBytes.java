package io.skerry.edge.clientaddress;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/// Addresses as the bytes headers carry.
final class AddressBytes {
    static final int V4 = 4;
    static final int V6 = 16;

    private AddressBytes() {}

    /// 4 bytes for IPv4 and IPv4-mapped addresses, else 16.
    static byte[] of(InetSocketAddress endpoint) {
        InetAddress address = endpoint.getAddress();
        if (address == null) {
            throw new IllegalArgumentException("not a resolved address: " + endpoint);
        }
        byte[] bytes = address.getAddress();
        return bytes.length == V6 && isMapped(bytes) ? last4(bytes) : bytes;
    }

    /// 16 bytes; IPv4 becomes `::ffff:a.b.c.d`.
    static byte[] wide(byte[] bytes) {
        if (bytes.length == V6) {
            return bytes;
        }
        byte[] wide = new byte[V6];
        wide[10] = (byte) 0xff;
        wide[11] = (byte) 0xff;
        System.arraycopy(bytes, 0, wide, V6 - V4, V4);
        return wide;
    }

    private static boolean isMapped(byte[] bytes) {
        for (int i = 0; i < 10; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return bytes[10] == (byte) 0xff && bytes[11] == (byte) 0xff;
    }

    private static byte[] last4(byte[] bytes) {
        byte[] last = new byte[V4];
        System.arraycopy(bytes, V6 - V4, last, 0, V4);
        return last;
    }
}
