package io.skerry.edge.toa;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/// The bytes of the option: kind, length, port, address, in network order, without padding.
public final class ToaOption {
    public static final int IPV4_LENGTH = 8;
    public static final int IPV6_LENGTH = 20;

    private ToaOption() {}

    /// The option for a client. One that reached an IPv6 socket over IPv4 counts as IPv4.
    public static byte[] of(InetSocketAddress client, ToaKinds kinds) {
        InetAddress ip = client.getAddress();
        byte[] address = ip.getAddress();
        byte[] option = new byte[4 + address.length];
        option[0] = (byte) (address.length == 4 ? kinds.ipv4() : kinds.ipv6());
        option[1] = (byte) option.length;
        option[2] = (byte) (client.getPort() >> 8);
        option[3] = (byte) client.getPort();
        System.arraycopy(address, 0, option, 4, address.length);
        return option;
    }
}
