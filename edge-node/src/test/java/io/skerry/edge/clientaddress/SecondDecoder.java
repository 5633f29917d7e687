package io.skerry.edge.clientaddress;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/// A decoder that shares no code with the product: text and hex throughout, checksum by long
/// division. Answers `protocol client port destination port length`, `unnamed length` or `bad`.
public final class SecondDecoder {
    private SecondDecoder() {}

    public static String v1(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = text.indexOf("\r\n");
        if (end < 0 || end > 105 || !text.startsWith("PROXY ")) {
            return "bad";
        }
        String line = text.substring(6, end);
        if (line.matches("UNKNOWN( .*)?")) {
            return "unnamed " + (end + 2);
        }
        String octet = "(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])";
        String v4 = octet + "(\\." + octet + "){3}";
        String number = "(0|[1-9][0-9]{0,4})";
        String[] f = line.split(" ", -1);
        boolean fits =
                line.matches("TCP4 " + v4 + " " + v4 + " " + number + " " + number)
                        || line.matches(
                                "TCP6 [0-9a-fA-F:.]*:[0-9a-fA-F:.]* [0-9a-fA-F:.]*:[0-9a-fA-F:.]* "
                                        + number
                                        + " "
                                        + number);
        if (!fits || Integer.parseInt(f[3]) > 65535 || Integer.parseInt(f[4]) > 65535) {
            return "bad";
        }
        String from = f[0].equals("TCP4") ? hex4(f[1]) : hex6(f[1]);
        String to = f[0].equals("TCP4") ? hex4(f[2]) : hex6(f[2]);
        return "TCP " + from + " " + f[3] + " " + to + " " + f[4] + " " + (end + 2);
    }

    public static String v2(byte[] bytes) {
        String hex = HexFormat.of().formatHex(bytes);
        if (!hex.startsWith("0d0a0d0a000d0a515549540a2") || hex.length() < 32) {
            return "bad";
        }
        int length = 16 + Integer.parseInt(hex.substring(28, 32), 16);
        String command = hex.substring(25, 26);
        if (bytes.length < length || !command.matches("[01]")) {
            return "bad";
        }
        String family = hex.substring(26, 28);
        if (command.equals("0")) {
            return "unnamed " + length;
        }
        if (!family.matches("00|[123][12]")) {
            return "bad";
        }
        int width = family.startsWith("1") ? 8 : family.startsWith("2") ? 32 : 0;
        int tlvs = width > 0 ? 32 + 2 * width + 8 : family.startsWith("3") ? 464 : 32;
        String header = hex.substring(0, 2 * length);
        if (header.length() < tlvs || !fieldsHold(header, tlvs)) {
            return "bad";
        }
        if (width == 0) {
            return "unnamed " + length;
        }
        int ports = 32 + 2 * width;
        return (family.endsWith("1") ? "TCP " : "UDP ")
                + plain(header.substring(32, 32 + width))
                + " "
                + Integer.parseInt(header.substring(ports, ports + 4), 16)
                + " "
                + plain(header.substring(32 + width, ports))
                + " "
                + Integer.parseInt(header.substring(ports + 4, ports + 8), 16)
                + " "
                + length;
    }

    public static String spp(byte[] bytes) {
        String hex = HexFormat.of().formatHex(bytes);
        if (hex.length() < 76 || !hex.startsWith("56ec")) {
            return "bad";
        }
        return "UDP "
                + plain(hex.substring(4, 36))
                + " "
                + Integer.parseInt(hex.substring(68, 72), 16)
                + " "
                + plain(hex.substring(36, 68))
                + " "
                + Integer.parseInt(hex.substring(72, 76), 16)
                + " 38";
    }

    private static boolean fieldsHold(String header, int from) {
        boolean seen = false;
        for (int i = from; i < header.length(); ) {
            if (header.length() - i < 6) {
                return false;
            }
            int size = 2 * Integer.parseInt(header.substring(i + 2, i + 6), 16);
            if (header.length() - i - 6 < size) {
                return false;
            }
            if (header.startsWith("03", i)) {
                String value = header.substring(i + 6, i + 6 + size);
                String zeroed = header.substring(0, i + 6) + "0".repeat(size);
                String whole = zeroed + header.substring(i + 6 + size);
                if (seen || size != 8 || !value.equals(crc(HexFormat.of().parseHex(whole)))) {
                    return false;
                }
                seen = true;
            }
            i += 6 + size;
        }
        return true;
    }

    /// CRC-32C as a remainder of polynomials over bits, most significant first.
    private static String crc(byte[] bytes) {
        BigInteger message = BigInteger.ZERO;
        for (byte b : bytes) {
            int reversed = Integer.reverse(b & 0xff) >>> 24;
            message = message.shiftLeft(8).or(BigInteger.valueOf(reversed));
        }
        BigInteger ones = BigInteger.valueOf(0xffffffffL);
        message = message.shiftLeft(32).xor(ones.shiftLeft(8 * bytes.length));
        BigInteger divisor = BigInteger.valueOf(0x11edc6f41L);
        while (message.bitLength() > 32) {
            message = message.xor(divisor.shiftLeft(message.bitLength() - 33));
        }
        return String.format("%08x", Integer.reverse(message.xor(ones).intValue()));
    }

    private static String plain(String hex) {
        String mapped = "00000000000000000000ffff";
        return hex.startsWith(mapped) ? hex.substring(24) : hex;
    }

    private static String hex4(String text) {
        StringBuilder out = new StringBuilder();
        Arrays.stream(text.split("\\."))
                .forEach(part -> out.append(String.format("%02x", Integer.parseInt(part))));
        return out.toString();
    }

    private static String hex6(String text) {
        String full = text;
        int dot = text.lastIndexOf(':') + 1;
        if (text.indexOf('.') > 0) {
            String v4 = hex4(text.substring(dot));
            full = text.substring(0, dot) + v4.substring(0, 4) + ":" + v4.substring(4);
        }
        String[] halves = full.split("::", -1);
        String head = groups(halves[0]);
        String tail = halves.length > 1 ? groups(halves[1]) : "";
        return plain(head + "0".repeat(32 - head.length() - tail.length()) + tail);
    }

    private static String groups(String text) {
        StringBuilder out = new StringBuilder();
        for (String group : text.split(":")) {
            if (!group.isEmpty()) {
                out.append("0".repeat(4 - group.length()))
                        .append(group.toLowerCase(java.util.Locale.ROOT));
            }
        }
        return out.toString();
    }
}
