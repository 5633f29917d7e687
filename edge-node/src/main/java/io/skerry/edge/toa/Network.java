package io.skerry.edge.toa;

import io.skerry.shared.net.IpText;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;

/// Addresses that begin alike, such as `10.0.0.0/8` or `2001:db8::/32`; a bare address is a network
/// of one.
///
/// @param address the first of them
/// @param prefix bits they share, 0 to 32 or 128
public record Network(InetAddress address, int prefix) {
    public Network {
        if (prefix < 0 || prefix > bits(address) || !masked(address, prefix).equals(address)) {
            throw new IllegalArgumentException(address + "/" + prefix);
        }
    }

    /// Reads a network; empty where the text is none, or its address has bits beyond the prefix.
    public static Optional<Network> parse(String text) {
        int slash = text.indexOf('/');
        Optional<InetAddress> address = IpText.parse(slash < 0 ? text : text.substring(0, slash));
        if (address.isEmpty()) {
            return Optional.empty();
        }
        int prefix = slash < 0 ? bits(address.get()) : number(text.substring(slash + 1));
        if (prefix < 0
                || prefix > bits(address.get())
                || !masked(address.get(), prefix).equals(address.get())) {
            return Optional.empty();
        }
        return Optional.of(new Network(address.get(), prefix));
    }

    private static int number(String digits) {
        boolean good = !digits.isEmpty() && digits.length() <= 3;
        good = good && digits.chars().allMatch(c -> c >= '0' && c <= '9');
        return good ? Integer.parseInt(digits) : -1;
    }

    private static int bits(InetAddress address) {
        return address.getAddress().length * Byte.SIZE;
    }

    private static InetAddress masked(InetAddress address, int prefix) {
        byte[] bytes = address.getAddress();
        int whole = prefix / Byte.SIZE;
        if (whole < bytes.length) {
            int rest = prefix % Byte.SIZE;
            bytes[whole] &= (byte) (0xff00 >> rest);
            Arrays.fill(bytes, whole + 1, bytes.length, (byte) 0);
        }
        return IpText.of(bytes);
    }

    @Override
    public String toString() {
        return IpText.print(address) + "/" + prefix;
    }
}
