package io.skerry.shared.net;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/// Addresses as text, strictly: no host names, no look-ups, no octal, no zone ids.
public final class IpText {
    private IpText() {}

    /// Reads an IPv4 address in four decimal parts or an IPv6 address, bare or in brackets. An
    /// IPv4-mapped IPv6 address becomes the IPv4 address it means.
    ///
    /// @spec https://www.rfc-editor.org/rfc/rfc4291#section-2.2 RFC 4291, section 2.2
    public static Optional<InetAddress> parse(String text) {
        if (text.length() > 2 && text.startsWith("[") && text.endsWith("]")) {
            return v6(text.substring(1, text.length() - 1));
        }
        return text.indexOf(':') >= 0 ? v6(text) : v4(text);
    }

    private static Optional<InetAddress> v4(String text) {
        byte[] bytes = new byte[4];
        int part = 0;
        int value = -1;
        int digits = 0;
        for (int i = 0; i <= text.length(); i++) {
            char c = i < text.length() ? text.charAt(i) : '.';
            if (c == '.') {
                if (value < 0 || part > 3) {
                    return Optional.empty();
                }
                bytes[part++] = (byte) value;
                value = -1;
                digits = 0;
            } else if (c >= '0' && c <= '9' && !(digits == 1 && value == 0) && digits < 3) {
                value = Math.max(value, 0) * 10 + (c - '0');
                digits++;
                if (value > 255) {
                    return Optional.empty();
                }
            } else {
                return Optional.empty();
            }
        }
        return part == 4 ? Optional.of(of(bytes)) : Optional.empty();
    }

    private static Optional<InetAddress> v6(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean allowed = c == ':' || c == '.' || Character.digit(c, 16) >= 0 && c < 0x80;
            if (!allowed) {
                return Optional.empty();
            }
        }
        if (text.indexOf(':') < 0 || text.length() > 45) {
            return Optional.empty();
        }
        try {
            // Hex digits, colons and dots only, with a colon: the JDK parses this and never looks
            // up.
            return Optional.of(InetAddress.getByName("[" + text + "]"));
        } catch (UnknownHostException notAnAddress) {
            return Optional.empty();
        }
    }

    /// The address of 4 or 16 bytes; mapped forms become IPv4.
    public static InetAddress of(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException wrongLength) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes", wrongLength);
        }
    }

    /// Canonical text: dotted decimal, or RFC 5952 for IPv6.
    ///
    /// @spec https://www.rfc-editor.org/rfc/rfc5952#section-4 RFC 5952, section 4
    public static String print(InetAddress address) {
        return switch (address) {
            case Inet4Address v4 -> v4.getHostAddress();
            case Inet6Address v6 -> print6(v6.getAddress());
            default -> throw new IllegalArgumentException("unknown family: " + address);
        };
    }

    private static String print6(byte[] bytes) {
        int[] groups = new int[8];
        for (int i = 0; i < 8; i++) {
            groups[i] = (bytes[2 * i] & 0xff) << 8 | bytes[2 * i + 1] & 0xff;
        }
        int bestAt = -1;
        int bestLength = 1;
        for (int i = 0; i < 8; i++) {
            int j = i;
            while (j < 8 && groups[j] == 0) {
                j++;
            }
            if (j - i > bestLength) {
                bestAt = i;
                bestLength = j - i;
            }
            i = Math.max(i, j - 1);
        }
        StringBuilder out = new StringBuilder(39);
        for (int i = 0; i < 8; i++) {
            if (i == bestAt) {
                out.append("::");
                i += bestLength - 1;
            } else {
                if (!out.isEmpty() && out.charAt(out.length() - 1) != ':') {
                    out.append(':');
                }
                out.append(Integer.toHexString(groups[i]));
            }
        }
        return out.toString();
    }
}
