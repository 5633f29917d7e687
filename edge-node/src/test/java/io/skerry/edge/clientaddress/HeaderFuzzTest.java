package io.skerry.edge.clientaddress;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HeaderFuzzTest {
    private static final int ROUNDS = 20_000;

    private final long seed = Long.getLong("skerry.seed", System.nanoTime());
    private final Random random = new Random(seed);

    @Test
    void readsBackWhatItWritesForRandomEndpoints() {
        System.out.println("seed " + seed);
        for (int i = 0; i < ROUNDS; i++) {
            InetSocketAddress client = endpoint();
            InetSocketAddress destination = endpoint();
            String what = "seed " + seed + ": " + client + " " + destination;
            byte[] v1 = ProxyV1.encode(client, destination);
            named(what, ProxyV1.decode(wrap(v1)), client, destination, v1.length, List.of());
            assertThat(SecondDecoder.v1(v1)).isEqualTo(text("TCP", client, destination, v1.length));

            Protocol protocol = random.nextBoolean() ? Protocol.TCP : Protocol.UDP;
            List<Tlv> tlvs = tlvs();
            boolean checksum = random.nextBoolean();
            byte[] v2 = ProxyV2.encode(protocol, client, destination, tlvs, checksum);
            Decoded.Proxied read =
                    named(what, ProxyV2.decode(wrap(v2)), client, destination, v2.length, tlvs);
            assertThat(read.tlvs()).as(what).hasSize(tlvs.size() + (checksum ? 1 : 0));
            assertThat(SecondDecoder.v2(v2))
                    .isEqualTo(text(protocol.name(), client, destination, v2.length));

            byte[] spp = Spp.encode(client, destination);
            assertThat(Spp.decode(wrap(spp))).as(what).contains(new Spp(client, destination));
            assertThat(SecondDecoder.spp(spp)).isEqualTo(text("UDP", client, destination, 38));
        }
    }

    @Test
    void neverThrowsAndAgreesWithTheSecondDecoderOnMutatedBytes() {
        System.out.println("seed " + seed);
        List<byte[]> starts = new ArrayList<>(Vectors.all().stream().map(v -> v.bytes()).toList());
        for (int i = 0; i < ROUNDS; i++) {
            byte[] bytes = mutate(starts.get(random.nextInt(starts.size())));
            String what = "seed " + seed + ": " + HexFormat.of().formatHex(bytes);
            agree(what, ProxyV2.decode(wrap(bytes)), SecondDecoder.v2(bytes));
            assertThat(ProxyV2.decodeDatagram(wrap(bytes))).as(what).isNotNull();
            assertThat(ProxyV1.decode(wrap(bytes))).as(what).isNotNull();
            assertThat(Spp.decode(wrap(bytes)).isPresent())
                    .as(what)
                    .isEqualTo(!SecondDecoder.spp(bytes).equals("bad"));
        }
    }

    @Test
    void saysIncompleteForEveryStartOfAHeader() {
        for (int i = 0; i < 200; i++) {
            InetSocketAddress client = endpoint();
            InetSocketAddress destination = endpoint();
            byte[] v1 = ProxyV1.encode(client, destination);
            byte[] v2 = ProxyV2.encode(Protocol.TCP, client, destination, tlvs(), true);
            for (int n = 0; n < v1.length; n++) {
                assertThat(ProxyV1.decode(wrap(Arrays.copyOf(v1, n))))
                        .isEqualTo(new Decoded.Incomplete());
            }
            for (int n = 0; n < v2.length; n++) {
                assertThat(ProxyV2.decode(wrap(Arrays.copyOf(v2, n))))
                        .isEqualTo(new Decoded.Incomplete());
            }
        }
    }

    private static void agree(String what, Decoded decoded, String second) {
        switch (decoded) {
            case Decoded.Proxied named ->
                    assertThat(
                                    text(
                                            named.protocol().name(),
                                            named.client(),
                                            named.destination(),
                                            named.length()))
                            .as(what)
                            .isEqualTo(second);
            case Decoded.Unnamed(int length) ->
                    assertThat("unnamed " + length).as(what).isEqualTo(second);
            case Decoded.Incomplete _, Decoded.Malformed _ ->
                    assertThat(second).as(what).isEqualTo("bad");
        }
    }

    private static Decoded.Proxied named(
            String what,
            Decoded decoded,
            InetSocketAddress client,
            InetSocketAddress destination,
            int length,
            List<Tlv> tlvs) {
        assertThat(decoded).as(what).isInstanceOf(Decoded.Proxied.class);
        Decoded.Proxied named = (Decoded.Proxied) decoded;
        assertThat(named.client()).as(what).isEqualTo(client);
        assertThat(named.destination()).as(what).isEqualTo(destination);
        assertThat(named.length()).as(what).isEqualTo(length);
        assertThat(named.tlvs().subList(0, tlvs.size())).as(what).isEqualTo(tlvs);
        return named;
    }

    private byte[] mutate(byte[] start) {
        if (random.nextInt(10) == 0) {
            byte[] bytes = new byte[random.nextInt(300)];
            random.nextBytes(bytes);
            return bytes;
        }
        byte[] bytes = Arrays.copyOf(start, Math.max(0, start.length + random.nextInt(-9, 9)));
        for (int n = random.nextInt(4); n > 0 && bytes.length > 0; n--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        return bytes;
    }

    private List<Tlv> tlvs() {
        List<Tlv> tlvs = new ArrayList<>();
        for (int n = random.nextInt(4); n > 0; n--) {
            byte[] value = new byte[random.nextInt(40)];
            random.nextBytes(value);
            int type = random.nextInt(256);
            tlvs.add(new Tlv(type == Tlv.CRC32C ? Tlv.NOOP : type, value));
        }
        return tlvs;
    }

    private InetSocketAddress endpoint() {
        byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
        random.nextBytes(bytes);
        if (random.nextInt(4) == 0) {
            Arrays.fill(bytes, bytes.length / 4, bytes.length - 1, (byte) 0);
        }
        return new InetSocketAddress(IpText.of(bytes), random.nextInt(65536));
    }

    private static String text(
            String protocol, InetSocketAddress client, InetSocketAddress destination, int length) {
        return "%s %s %d %s %d %d"
                .formatted(
                        protocol,
                        HexFormat.of().formatHex(client.getAddress().getAddress()),
                        client.getPort(),
                        HexFormat.of().formatHex(destination.getAddress().getAddress()),
                        destination.getPort(),
                        length);
    }

    private static ByteBuf wrap(byte[] bytes) {
        return Unpooled.wrappedBuffer(bytes);
    }
}
