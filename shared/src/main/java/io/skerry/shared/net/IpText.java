package io.skerry.shared.net;

import java.io.ByteArrayOutputStream;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/// Addresses as text, strictly: no host names, no look-ups, no octal, no zone ids.
public final class IpText {
    /// Eight words and seven colons, the last two words as an IPv4 address.
    private static final int V6_MAX = 45;

    private IpText() {}

    /// Reads an IPv4 address in four decimal parts or an IPv6 address, bare or in brackets. An
    /// IPv4-mapped IPv6 address becomes the IPv4 address it means.
    ///
    /// See [RFC 4291, section 2.2](https://www.rfc-editor.org/rfc/rfc4291#section-2.2).
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
        if (text.length() > V6_MAX) {
            return Optional.empty();
        }
        int gap = text.indexOf("::");
        if (gap < 0) {
            return words(text, true).filter(w -> w.length == 16).map(IpText::of);
        }
        Optional<byte[]> head = words(text.substring(0, gap), false);
        Optional<byte[]> tail = words(text.substring(gap + 2), true);
        if (head.isEmpty() || tail.isEmpty() || head.get().length + tail.get().length > 14) {
            return Optional.empty();
        }
        byte[] bytes = new byte[16];
        System.arraycopy(head.get(), 0, bytes, 0, head.get().length);
        System.arraycopy(tail.get(), 0, bytes, 16 - tail.get().length, tail.get().length);
        return Optional.of(of(bytes));
    }

    /// The bytes of words of one to four hex digits, parted by single colons; where the address
    /// ends, its last four bytes may stand as an IPv4 address. No text is no bytes.
    private static Optional<byte[]> words(String text, boolean end) {
        if (text.isEmpty()) {
            return Optional.of(new byte[0]);
        }
        String[] parts = text.split(":", -1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(16);
        for (int i = 0; i < parts.length; i++) {
            if (end && i == parts.length - 1 && parts[i].indexOf('.') >= 0) {
                Optional<InetAddress> v4 = v4(parts[i]);
                if (v4.isEmpty()) {
                    return Optional.empty();
                }
                bytes.writeBytes(v4.get().getAddress());
            } else {
                int word = word(parts[i]);
                if (word < 0) {
                    return Optional.empty();
                }
                bytes.write(word >> 8);
                bytes.write(word);
            }
        }
        return Optional.of(bytes.toByteArray());
    }

    private static int word(String digits) {
        if (digits.isEmpty() || digits.length() > 4) {
            return -1;
        }
        int word = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            int digit = c < 0x80 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                return -1;
            }
            word = (word << 4) | digit;
        }
        return word;
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
    /// See [RFC 5952, section 4](https://www.rfc-editor.org/rfc/rfc5952#section-4).
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
            groups[i] = ((bytes[2 * i] & 0xff) << 8) | (bytes[2 * i + 1] & 0xff);
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
