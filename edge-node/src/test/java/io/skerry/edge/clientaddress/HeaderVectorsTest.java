package io.skerry.edge.clientaddress;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.skerry.edge.clientaddress.Vectors.Vector;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.HeaderDestination;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HeaderVectorsTest {
    private static final InetSocketAddress ORIGIN = endpoint("10.4.0.14", 7000);

    static Stream<Vector> named() {
        return Vectors.of("ppv1", "ppv2").stream()
                .filter(v -> v.expect().equals("ok") && !v.id().endsWith("frame"));
    }

    static Stream<Vector> unnamed() {
        return Vectors.of("ppv1", "ppv2").stream().filter(v -> v.expect().contains("use-real"));
    }

    static Stream<Vector> negatives() {
        return Vectors.of("negative").stream().filter(v -> !v.id().startsWith("neg-toa"));
    }

    static Stream<Vector> spp() {
        return Vectors.of("spp").stream();
    }

    @ParameterizedTest
    @MethodSource("named")
    void readsTheClientOfEveryVector(Vector vector) {
        Decoded decoded = decode(vector, vector.isUdp());

        assertThat(decoded).isInstanceOf(Decoded.Proxied.class);
        Decoded.Proxied named = (Decoded.Proxied) decoded;
        assertThat(named.client()).isEqualTo(vector.client());
        assertThat(named.destination()).isEqualTo(vector.destination());
        assertThat(named.protocol()).isEqualTo(vector.isUdp() ? Protocol.UDP : Protocol.TCP);
        assertThat(named.length()).isEqualTo(vector.headerLength());
        assertThat(second(vector))
                .isEqualTo(
                        "%s %s %d %s %d %d"
                                .formatted(
                                        named.protocol(),
                                        hex(named.client()),
                                        named.client().getPort(),
                                        hex(named.destination()),
                                        named.destination().getPort(),
                                        named.length()));
    }

    @ParameterizedTest
    @MethodSource("named")
    void writesTheBytesOfEveryVector(Vector vector) {
        byte[] header = Arrays.copyOf(vector.bytes(), vector.headerLength());
        Decoded.Proxied named = (Decoded.Proxied) decode(vector, vector.isUdp());

        byte[] written;
        if (vector.group().equals("ppv1")) {
            written = ProxyV1.encode(vector.client(), vector.destination());
        } else {
            List<Tlv> tlvs = new ArrayList<>(named.tlvs());
            boolean checksum = tlvs.removeIf(tlv -> tlv.type() == Tlv.CRC32C);
            written =
                    ProxyV2.encode(
                            named.protocol(),
                            vector.client(),
                            vector.destination(),
                            tlvs,
                            checksum);
            if (vector.id().equals("v2-tcp4-ssl-crc-first")) {
                assertThat(written).hasSameSizeAs(header);
                return;
            }
        }
        assertThat(written).isEqualTo(header);
    }

    @ParameterizedTest
    @MethodSource("unnamed")
    void keepsTheRealEndpointsWhereAHeaderNamesNobody(Vector vector) {
        assertThat(decode(vector, false)).isEqualTo(new Decoded.Unnamed(vector.bytes().length));
        assertThat(second(vector)).isEqualTo("unnamed " + vector.bytes().length);
    }

    @ParameterizedTest
    @MethodSource("negatives")
    void refusesEveryNegativeVector(Vector vector) {
        switch (vector.expect()) {
            case "need-more-tcp-reject-udp" -> {
                assertThat(decode(vector, false)).isEqualTo(new Decoded.Incomplete());
                assertThat(decode(vector, true)).isInstanceOf(Decoded.Malformed.class);
            }
            case "reject-on-udp" ->
                    assertThat(decode(vector, true)).isInstanceOf(Decoded.Malformed.class);
            case "reject-or-need-more-then-reject" -> {
                assertThat(decode(vector, false)).isEqualTo(new Decoded.Incomplete());
                ByteBuf longer = Unpooled.buffer().writeBytes(vector.bytes()).writeZero(100);
                assertThat(ProxyV1.decode(longer)).isInstanceOf(Decoded.Malformed.class);
            }
            default -> {
                if (vector.id().startsWith("neg-spp")) {
                    assertThat(Spp.decode(Unpooled.wrappedBuffer(vector.bytes()))).isEmpty();
                } else {
                    assertThat(decode(vector, false)).isInstanceOf(Decoded.Malformed.class);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("spp")
    void readsAndWritesEverySppVector(Vector vector) {
        byte[] header = Arrays.copyOf(vector.bytes(), Spp.LENGTH);

        assertThat(Spp.decode(Unpooled.wrappedBuffer(vector.bytes())))
                .contains(new Spp(vector.client(), vector.destination()));
        assertThat(Spp.encode(vector.client(), vector.destination())).isEqualTo(header);
        assertThat(SecondDecoder.spp(vector.bytes())).endsWith(" 38");
    }

    @Test
    void takesAnSppAnswerOnlyWithMagicAndTheSameClient() {
        byte[] header = Vectors.byId("spp-v4").bytes();
        MemorySegment sent = MemorySegment.ofArray(header);
        assertThat(answers(sent, header)).isTrue();
        assertThat(answers(sent, Vectors.byId("spp-v4-datagram").bytes())).isTrue();
        assertThat(answers(sent, Vectors.byId("spp-v6").bytes())).isFalse();
        assertThat(answers(sent, Vectors.byId("neg-spp-37").bytes())).isFalse();
        for (int i = 0; i < header.length; i++) {
            byte[] changed = header.clone();
            changed[i]++;
            boolean proxy = i >= 18 && i < 34 || i >= 36;
            assertThat(answers(sent, changed)).as("byte %d", i).isEqualTo(proxy);
        }
    }

    @ParameterizedTest
    @MethodSource("named")
    void agreesWithNettyOnWhatItCanRead(Vector vector) {
        Decoded.Proxied named = (Decoded.Proxied) decode(vector, vector.isUdp());
        byte[] header =
                vector.group().equals("ppv1")
                        ? ProxyV1.encode(named.client(), named.destination())
                        : ProxyV2.encode(named.protocol(), named.client(), named.destination());
        EmbeddedChannel channel = new EmbeddedChannel(new HAProxyMessageDecoder());
        channel.writeInbound(Unpooled.wrappedBuffer(header));
        HAProxyMessage message = channel.readInbound();
        try {
            assertThat(IpText.parse(message.sourceAddress()))
                    .contains(vector.client().getAddress());
            assertThat(IpText.parse(message.destinationAddress()))
                    .contains(vector.destination().getAddress());
            assertThat(message.sourcePort()).isEqualTo(vector.client().getPort());
            assertThat(message.destinationPort()).isEqualTo(vector.destination().getPort());
        } finally {
            message.release();
            channel.finishAndReleaseAll();
        }
    }

    @Test
    void readsTheDatagramOfTheCapturedFrame() {
        byte[] frame = Vectors.byId("v2-udp4-seed-frame").bytes();
        byte[] datagram = Arrays.copyOfRange(frame, 44, frame.length);
        assertThat(datagram).isEqualTo(Vectors.byId("v2-udp4-seed-datagram").bytes());
    }

    @Test
    void takesABareDatagramForNoHeader() {
        Vector bare = Vectors.byId("v2-udp4-seed-second");
        assertThat(decode(bare, true)).isInstanceOf(Decoded.Malformed.class);
    }

    @Test
    void writesMixedFamiliesAsIpv6WithTheOtherOneMapped() {
        InetSocketAddress v6 = endpoint("2001:db8::1", 1);
        InetSocketAddress v4 = endpoint("192.0.2.7", 2);
        assertThat(new String(ProxyV1.encode(v6, v4), StandardCharsets.US_ASCII))
                .isEqualTo("PROXY TCP6 2001:db8::1 ::ffff:192.0.2.7 1 2\r\n");
        assertThat(SecondDecoder.v2(ProxyV2.encode(Protocol.UDP, v4, v6)))
                .isEqualTo("UDP c0000207 2 20010db8000000000000000000000001 1 52");
    }

    @Test
    void writesVersion1InAsciiDigitsWhateverTheLanguage() {
        Locale before = Locale.getDefault(Locale.Category.FORMAT);
        Locale.setDefault(Locale.Category.FORMAT, Locale.forLanguageTag("ar-EG"));
        try {
            assertThat("%d".formatted(1)).isNotEqualTo("1");
            byte[] line =
                    ProxyV1.encode(
                            new InetSocketAddress("192.0.2.1", 56_324),
                            new InetSocketAddress("192.0.2.2", 443));
            assertThat(new String(line, StandardCharsets.US_ASCII))
                    .isEqualTo("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n");
        } finally {
            Locale.setDefault(Locale.Category.FORMAT, before);
        }
    }

    @Test
    void unwrapsMappedAddresses() throws Exception {
        byte[] mapped = HexFormat.of().parseHex("00000000000000000000ffffc0000207");
        InetSocketAddress client =
                new InetSocketAddress(Inet6Address.getByAddress(null, mapped, 0), 5);
        assertThat(ProxyV2.encode(Protocol.TCP, client, ORIGIN)).hasSize(ProxyV2.V4_LENGTH);
        assertThat(ProxyV1.encode(client, ORIGIN))
                .startsWith("PROXY TCP4 ".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void writesTheHeaderThatARuleAsksFor() {
        InetSocketAddress client = endpoint("192.0.2.7", 2);
        InetSocketAddress dialled = endpoint("192.0.2.80", 80);
        UnpooledByteBufAllocator heap = UnpooledByteBufAllocator.DEFAULT;
        for (ClientIp mode : List.of(ClientIp.OFF, ClientIp.TOA)) {
            assertThat(
                            ClientHeader.tcp(
                                    mode, HeaderDestination.DIALLED, client, dialled, ORIGIN, heap))
                    .isNull();
        }
        for (HeaderDestination destination : HeaderDestination.values()) {
            InetSocketAddress named = destination == HeaderDestination.DIALLED ? dialled : ORIGIN;
            ByteBuf header =
                    Objects.requireNonNull(
                            ClientHeader.tcp(
                                    ClientIp.PPV2, destination, client, dialled, ORIGIN, heap));
            assertThat(((Decoded.Proxied) ProxyV2.decode(header)).destination()).isEqualTo(named);
            header.release();
            assertThat(ClientHeader.udp(ClientIp.SPP, destination, client, dialled, ORIGIN))
                    .isEqualTo(Spp.encode(client, named));
        }
    }

    @Test
    void refusesAWrongLengthOrASecondChecksum() {
        byte[] once = Vectors.byId("v2-tcp4-crc").bytes();
        byte[] twice = Arrays.copyOf(once, once.length + 7);
        System.arraycopy(once, 28, twice, once.length, 7);
        twice[15] = (byte) (twice[15] + 7);
        assertThat(ProxyV2.decode(Unpooled.wrappedBuffer(twice)))
                .isEqualTo(new Decoded.Malformed("two checksums, or not of 4 bytes"));
        byte[] past = Vectors.byId("v2-tcp4-tlvs").bytes().clone();
        past[30] = 127;
        assertThat(ProxyV2.decode(Unpooled.wrappedBuffer(past)))
                .isEqualTo(new Decoded.Malformed("a field runs past the end"));
    }

    private static boolean answers(MemorySegment header, byte[] answer) {
        return Spp.answers(header, MemorySegment.ofArray(answer), 0, answer.length);
    }

    private static Decoded decode(Vector vector, boolean datagram) {
        ByteBuf bytes = Unpooled.wrappedBuffer(vector.bytes());
        if (vector.group().equals("ppv1") || vector.id().startsWith("neg-v1")) {
            return ProxyV1.decode(bytes);
        }
        return datagram ? ProxyV2.decodeDatagram(bytes) : ProxyV2.decode(bytes);
    }

    private static String second(Vector vector) {
        return vector.group().equals("ppv1")
                ? SecondDecoder.v1(vector.bytes())
                : SecondDecoder.v2(vector.bytes());
    }

    private static String hex(InetSocketAddress endpoint) {
        return HexFormat.of().formatHex(endpoint.getAddress().getAddress());
    }

    private static InetSocketAddress endpoint(String ip, int port) {
        return new InetSocketAddress(IpText.parse(ip).orElseThrow(), port);
    }
}
