package io.skerry.edge.clientaddress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/// PROXY protocol version 1: one line of text in front of a TCP connection's bytes.
///
/// @spec https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt section 2.1
public final class ProxyV1 {
    /// Longest line, CR and LF included.
    public static final int LENGTH_MAX = 107;

    private static final byte[] START = ascii("PROXY ");
    private static final String UNKNOWN = "UNKNOWN";

    private ProxyV1() {}

    /// The line for a client. Where only one side is IPv6 the line is TCP6 and the other address is
    /// written `::ffff:a.b.c.d`.
    public static byte[] encode(InetSocketAddress client, InetSocketAddress destination) {
        byte[] from = AddressBytes.of(client);
        byte[] to = AddressBytes.of(destination);
        boolean v4 = from.length == AddressBytes.V4 && to.length == AddressBytes.V4;
        // Not by a format, which writes digits of the process's language.
        return ascii(
                "PROXY "
                        + (v4 ? "TCP4 " : "TCP6 ")
                        + text(from, v4)
                        + ' '
                        + text(to, v4)
                        + ' '
                        + client.getPort()
                        + ' '
                        + destination.getPort()
                        + "\r\n");
    }

    /// The line that names nobody.
    public static byte[] unknown() {
        return ascii("PROXY UNKNOWN\r\n");
    }

    private static String text(byte[] address, boolean v4) {
        String text = IpText.print(IpText.of(address));
        return v4 || address.length == AddressBytes.V6 ? text : "::ffff:" + text;
    }

    /// The same from an array.
    public static Decoded decode(byte[] in) {
        return decode(Unpooled.wrappedBuffer(in));
    }

    /// Reads the line at the reader index and consumes nothing.
    public static Decoded decode(ByteBuf in) {
        int at = in.readerIndex();
        int readable = Math.min(in.readableBytes(), LENGTH_MAX);
        for (int i = 0; i < Math.min(readable, START.length); i++) {
            if (in.getByte(at + i) != START[i]) {
                return new Decoded.Malformed("does not begin with PROXY and a space");
            }
        }
        for (int i = START.length; i + 1 < readable; i++) {
            if (in.getByte(at + i) == '\r' && in.getByte(at + i + 1) == '\n') {
                String rest =
                        in.toString(
                                at + START.length, i - START.length, StandardCharsets.ISO_8859_1);
                return line(rest, i + 2);
            }
        }
        return readable < LENGTH_MAX
                ? new Decoded.Incomplete()
                : new Decoded.Malformed("no end of line within 107 bytes");
    }

    private static Decoded line(String rest, int length) {
        if (rest.equals(UNKNOWN) || rest.startsWith(UNKNOWN + " ")) {
            return new Decoded.Unnamed(length);
        }
        String[] fields = rest.split(" ", -1);
        boolean v4 = fields[0].equals("TCP4");
        if (!v4 && !fields[0].equals("TCP6")) {
            return new Decoded.Malformed("neither TCP4, TCP6 nor UNKNOWN");
        }
        if (fields.length != 5) {
            return new Decoded.Malformed("not five fields");
        }
        Optional<InetAddress> from = address(fields[1], v4);
        Optional<InetAddress> to = address(fields[2], v4);
        if (from.isEmpty() || to.isEmpty()) {
            return new Decoded.Malformed("not an address of that family");
        }
        int fromPort = port(fields[3]);
        int toPort = port(fields[4]);
        if (fromPort < 0 || toPort < 0) {
            return new Decoded.Malformed("not a port");
        }
        return new Decoded.Proxied(
                Protocol.TCP,
                new InetSocketAddress(from.get(), fromPort),
                new InetSocketAddress(to.get(), toPort),
                List.of(),
                length);
    }

    private static Optional<InetAddress> address(String text, boolean v4) {
        if (v4) {
            return IpText.parse(text).filter(a -> a instanceof Inet4Address && isV4(text));
        }
        return isV4(text) || text.startsWith("[") || hasLongGroup(text)
                ? Optional.empty()
                : IpText.parse(text);
    }

    private static boolean isV4(String text) {
        return text.indexOf(':') < 0;
    }

    private static boolean hasLongGroup(String text) {
        int digits = 0;
        for (int i = 0; i < text.length(); i++) {
            digits = Character.digit(text.charAt(i), 16) < 0 ? 0 : digits + 1;
            if (digits > 4) {
                return true;
            }
        }
        return false;
    }

    private static int port(String digits) {
        return digits.equals("0")
                ? 0
                : PortRange.parse(digits)
                        .filter(range -> digits.indexOf('-') < 0)
                        .map(PortRange::first)
                        .orElse(-1);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
