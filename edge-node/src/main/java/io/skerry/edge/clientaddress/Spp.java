package io.skerry.edge.clientaddress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.skerry.shared.net.IpText;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;

/// Simple Proxy Protocol: 38 bytes in front of the payload of every UDP datagram, in both
/// directions. The origin repeats the header it was sent, unchanged, in front of its answers.
///
/// @spec https://developers.cloudflare.com/spectrum/reference/simple-proxy-protocol-header/ header
/// @param client who sent the datagram, or whom the answer is for
/// @param proxy the address and port the client sent to
public record Spp(InetSocketAddress client, InetSocketAddress proxy) {
    /// Length of the header.
    public static final int LENGTH = 38;

    private static final short MAGIC = 0x56ec;
    private static final int CLIENT_END = 2 + AddressBytes.V6;
    private static final int PORT_AT = 2 + 2 * AddressBytes.V6;

    /// The header for a client; IPv4 addresses are written IPv4-mapped.
    public static byte[] encode(InetSocketAddress client, InetSocketAddress proxy) {
        return ByteBuffer.allocate(LENGTH)
                .putShort(MAGIC)
                .put(AddressBytes.wide(AddressBytes.of(client)))
                .put(AddressBytes.wide(AddressBytes.of(proxy)))
                .putShort((short) client.getPort())
                .putShort((short) proxy.getPort())
                .array();
    }

    /// The same from an array.
    public static Optional<Spp> decode(byte[] in) {
        return decode(Unpooled.wrappedBuffer(in));
    }

    /// Reads the header at the start of a datagram and consumes nothing; empty where there is none.
    public static Optional<Spp> decode(ByteBuf in) {
        int at = in.readerIndex();
        if (in.readableBytes() < LENGTH || in.getShort(at) != MAGIC) {
            return Optional.empty();
        }
        byte[] from = new byte[AddressBytes.V6];
        byte[] to = new byte[AddressBytes.V6];
        in.getBytes(at + 2, from);
        in.getBytes(at + CLIENT_END, to);
        return Optional.of(
                new Spp(
                        new InetSocketAddress(IpText.of(from), in.getUnsignedShort(at + PORT_AT)),
                        new InetSocketAddress(
                                IpText.of(to), in.getUnsignedShort(at + PORT_AT + 2))));
    }

    /// Whether an origin's datagram begins with the header it was sent: magic, client address and
    /// client port are compared, the proxy's are the origin's affair.
    ///
    /// @param header the 38 bytes sent
    /// @param answer memory that holds the answer
    /// @param offset where in it the answer begins
    /// @param length bytes of the answer
    public static boolean answers(
            MemorySegment header, MemorySegment answer, long offset, int length) {
        return length >= LENGTH
                && same(header, answer, offset, 0, CLIENT_END)
                && same(header, answer, offset, PORT_AT, PORT_AT + 2);
    }

    private static boolean same(
            MemorySegment header, MemorySegment answer, long offset, int from, int to) {
        return MemorySegment.mismatch(header, from, to, answer, offset + from, offset + to) < 0;
    }
}
