package io.skerry.edge.clientaddress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/// PROXY protocol version 2: a binary header in front of a TCP connection's bytes or inside a UDP
/// datagram before its payload.
///
/// @spec https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt section 2.2
public final class ProxyV2 {
    /// Length without addresses.
    public static final int FIXED_LENGTH = 16;

    /// Length with IPv4 addresses and nothing more.
    public static final int V4_LENGTH = 28;

    /// Length with IPv6 addresses and nothing more.
    public static final int V6_LENGTH = 52;

    private static final byte[] SIGNATURE = {
        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a
    };
    private static final int LOCAL = 0x20;
    private static final int PROXY = 0x21;
    private static final int STREAM = 1;
    private static final int DATAGRAM = 2;
    private static final int UNIX_LENGTH = 216;
    private static final int CRC_LENGTH = 4;

    private ProxyV2() {}

    /// The 12 bytes every header begins with.
    public static byte[] signature() {
        return SIGNATURE.clone();
    }

    /// The header for a client, 28 or 52 bytes. Where only one side is IPv6 both are written as
    /// IPv6 addresses, the other one mapped.
    public static byte[] encode(
            Protocol protocol, InetSocketAddress client, InetSocketAddress destination) {
        return encode(protocol, client, destination, List.of(), false);
    }

    /// The header with further fields.
    ///
    /// @param tlvs fields in the order to write, without a checksum
    /// @param checksum whether a CRC32C field follows them
    public static byte[] encode(
            Protocol protocol,
            InetSocketAddress client,
            InetSocketAddress destination,
            List<Tlv> tlvs,
            boolean checksum) {
        byte[] from = AddressBytes.of(client);
        byte[] to = AddressBytes.of(destination);
        boolean v4 = from.length == AddressBytes.V4 && to.length == AddressBytes.V4;
        int length = v4 ? V4_LENGTH : V6_LENGTH;
        for (Tlv tlv : tlvs) {
            length += 3 + tlv.value().length;
        }
        length += checksum ? 3 + CRC_LENGTH : 0;
        if (length - FIXED_LENGTH > 0xffff) {
            throw new IllegalArgumentException("a header of " + length + " bytes");
        }
        ByteBuffer out = ByteBuffer.allocate(length);
        out.put(SIGNATURE).put((byte) PROXY);
        int transport = protocol == Protocol.TCP ? STREAM : DATAGRAM;
        out.put((byte) ((v4 ? 1 : 2) << 4 | transport));
        out.putShort((short) (length - FIXED_LENGTH));
        out.put(v4 ? from : AddressBytes.wide(from));
        out.put(v4 ? to : AddressBytes.wide(to));
        out.putShort((short) client.getPort());
        out.putShort((short) destination.getPort());
        for (Tlv tlv : tlvs) {
            byte[] value = tlv.value();
            out.put((byte) tlv.type()).putShort((short) value.length).put(value);
        }
        if (checksum) {
            out.put((byte) Tlv.CRC32C).putShort((short) CRC_LENGTH).putInt(0);
            CRC32C crc = new CRC32C();
            crc.update(out.array());
            out.putInt(length - CRC_LENGTH, (int) crc.getValue());
        }
        return out.array();
    }

    /// The 16 bytes for a connection of our own, such as a health check.
    public static byte[] local() {
        return ByteBuffer.allocate(FIXED_LENGTH)
                .put(SIGNATURE)
                .put((byte) LOCAL)
                .put((byte) 0)
                .putShort((short) 0)
                .array();
    }

    /// The same from an array.
    public static Decoded decode(byte[] in) {
        return decode(Unpooled.wrappedBuffer(in));
    }

    /// Reads the header at the reader index of a stream and consumes nothing.
    public static Decoded decode(ByteBuf in) {
        int at = in.readerIndex();
        int readable = in.readableBytes();
        for (int i = 0; i < Math.min(readable, SIGNATURE.length); i++) {
            if (in.getByte(at + i) != SIGNATURE[i]) {
                return new Decoded.Malformed("does not begin with the signature");
            }
        }
        if (readable < FIXED_LENGTH) {
            return new Decoded.Incomplete();
        }
        int command = in.getUnsignedByte(at + 12);
        if (command != LOCAL && command != PROXY) {
            return new Decoded.Malformed("neither LOCAL nor PROXY of version 2");
        }
        int body = in.getUnsignedShort(at + 14);
        if (command == LOCAL) {
            return readable < FIXED_LENGTH + body
                    ? new Decoded.Incomplete()
                    : new Decoded.Unnamed(FIXED_LENGTH + body);
        }
        int family = in.getUnsignedByte(at + 13);
        int addresses = addressesLength(family);
        if (addresses < 0) {
            return new Decoded.Malformed("unknown family or transport");
        }
        if (body < addresses) {
            return new Decoded.Malformed("shorter than its addresses");
        }
        if (readable < FIXED_LENGTH + body) {
            return new Decoded.Incomplete();
        }
        return proxied(in, family, addresses, body);
    }

    /// The same from an array.
    public static Decoded decodeDatagram(byte[] in) {
        return decodeDatagram(Unpooled.wrappedBuffer(in));
    }

    /// Reads the header at the start of a datagram: whole, and for UDP.
    public static Decoded decodeDatagram(ByteBuf in) {
        return switch (decode(in)) {
            case Decoded.Incomplete() -> new Decoded.Malformed("cut short");
            case Decoded.Proxied named when named.protocol() != Protocol.UDP ->
                    new Decoded.Malformed("a stream's header in a datagram");
            case Decoded other -> other;
        };
    }

    private static int addressesLength(int family) {
        return switch (family) {
            case 0x00 -> 0;
            case 0x11, 0x12 -> 2 * AddressBytes.V4 + 4;
            case 0x21, 0x22 -> 2 * AddressBytes.V6 + 4;
            case 0x31, 0x32 -> UNIX_LENGTH;
            default -> -1;
        };
    }

    private static Decoded proxied(ByteBuf in, int family, int addresses, int body) {
        int at = in.readerIndex() + FIXED_LENGTH;
        int end = at + body;
        List<Tlv> tlvs = new ArrayList<>();
        int crcAt = -1;
        for (int i = at + addresses; i < end; ) {
            if (end - i < 3 || end - i - 3 < in.getUnsignedShort(i + 1)) {
                return new Decoded.Malformed("a field runs past the end");
            }
            byte[] value = new byte[in.getUnsignedShort(i + 1)];
            in.getBytes(i + 3, value);
            int type = in.getUnsignedByte(i);
            if (type == Tlv.CRC32C) {
                if (crcAt >= 0 || value.length != CRC_LENGTH) {
                    return new Decoded.Malformed("two checksums, or not of 4 bytes");
                }
                crcAt = i + 3 - in.readerIndex();
            }
            tlvs.add(new Tlv(type, value));
            i += 3 + value.length;
        }
        if (crcAt >= 0 && !checksumHolds(in, FIXED_LENGTH + body, crcAt)) {
            return new Decoded.Malformed("wrong checksum");
        }
        int width =
                switch (family >> 4) {
                    case 1 -> AddressBytes.V4;
                    case 2 -> AddressBytes.V6;
                    default -> 0;
                };
        if (width == 0) {
            return new Decoded.Unnamed(FIXED_LENGTH + body);
        }
        return new Decoded.Proxied(
                (family & 0xf) == STREAM ? Protocol.TCP : Protocol.UDP,
                endpoint(in, at, width, at + 2 * width),
                endpoint(in, at + width, width, at + 2 * width + 2),
                tlvs,
                FIXED_LENGTH + body);
    }

    private static boolean checksumHolds(ByteBuf in, int length, int crcAt) {
        byte[] header = new byte[length];
        in.getBytes(in.readerIndex(), header);
        ByteBuffer bytes = ByteBuffer.wrap(header);
        int said = bytes.getInt(crcAt);
        bytes.putInt(crcAt, 0);
        CRC32C crc = new CRC32C();
        crc.update(header);
        return said == (int) crc.getValue();
    }

    private static InetSocketAddress endpoint(ByteBuf in, int at, int width, int portAt) {
        byte[] bytes = new byte[width];
        in.getBytes(at, bytes);
        return new InetSocketAddress(IpText.of(bytes), in.getUnsignedShort(portAt));
    }
}
