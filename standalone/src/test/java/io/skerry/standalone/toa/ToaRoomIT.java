package io.skerry.standalone.toa;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.Capture;
import io.skerry.standalone.fixture.Capture.Segment;
import io.skerry.standalone.fixture.Namespace;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Tool;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What room the option takes: no segment grows over what the path carries, and one whose bytes for
/// options are full goes without.
final class ToaRoomIT {
    private static final int BULK = 512 * 1024;
    private static final int SACK = 5;
    private static final Duration SOON = Duration.ofSeconds(20);

    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1+[::1]");

    private static String instance = "";

    private ToaRig rig;

    @BeforeAll
    static void needTheKernel() {
        Namespace.needRoot();
        instance =
                product.api()
                        .createInstance(new JsonObject().put("name", "room").put("ipv6", true));
    }

    @BeforeEach
    void makeTheOriginsMachine() {
        rig = ToaRig.in(product.work());
        rig.attach();
    }

    /// A rule, its origin, and what goes between them.
    private final class Way {
        private final boolean v6;
        private final int origin = Ports.free();
        private final int port = Ports.free();
        private final Capture capture;

        /// @param greeting what the origin says first: letters, and how many of each
        Way(String family, String... greeting) {
            v6 = family.equals("6");
            List<String> command = new ArrayList<>();
            command.add(Tool.path("python3", "python3"));
            command.add(rig.copy("talk.py").toString());
            command.add(family);
            command.add(Integer.toString(origin));
            command.addAll(List.of(greeting));
            rig.start(command.toArray(String[]::new)).awaitText("listening");
            String address = v6 ? rig.machine.there6() : rig.machine.there();
            product.api().serve(instance, Rules.tcp(port, address, origin).put("clientIp", "toa"));
            capture = Capture.on(rig.work, rig.machine.cable(), "tcp port " + origin);
        }

        ToaRig.Client client() throws IOException {
            return v6
                    ? new ToaRig.Client("::1", "::1", port)
                    : new ToaRig.Client("127.0.0.9", "127.0.0.1", port);
        }

        String known(ToaRig.Client client) {
            return "accept " + (v6 ? "::1 " : "127.0.0.9 ") + client.port();
        }

        int kind() {
            return v6 ? 253 : 200;
        }

        /// Waits until the segments of the edge are as wanted.
        void await(String what, Predicate<List<Segment>> wanted) {
            capture.await(what, all -> wanted.test(ours(all)));
        }

        private List<Segment> ours(List<Segment> all) {
            return all.stream().filter(each -> each.to() == origin).toList();
        }

        /// The same, those with data.
        List<Segment> data() {
            return ours(capture.segments()).stream().filter(each -> each.payload() > 0).toList();
        }
    }

    /// Sends much, which has to come back as it was from an origin that knows the client.
    private static void transfer(Way way, ToaRig.Client client) throws IOException {
        byte[] sent = new byte[BULK];
        new Random(BULK).nextBytes(sent);
        CompletableFuture<Void> sending = CompletableFuture.runAsync(() -> client.send(sent));
        assertThat(client.line()).isEqualTo(way.known(client));
        assertThat(client.receive(BULK)).isEqualTo(sent);
        sending.join();
    }

    @ParameterizedTest(name = "MTU {0}, IPv{1}")
    @CsvSource({"576, 4", "1280, 4", "1280, 6", "1500, 4", "1500, 6"})
    void aFullFirstSegmentFillsThePathAndNoMore(int mtu, String family) throws IOException {
        rig.machine.shorten(mtu);
        Way way = new Way(family);
        try (ToaRig.Client client = way.client()) {
            transfer(way, client);
        }
        staysWithin(mtu, way);
    }

    @Test
    void theSegmentSizeThatTheOriginAnnouncesHoldsTheOptionToo() throws IOException {
        rig.machine.shorten(1500);
        rig.machine.announce(536);
        Way way = new Way("4");
        try (ToaRig.Client client = way.client()) {
            transfer(way, client);
        }
        staysWithin(40 + 536, way);
    }

    @ParameterizedTest
    @CsvSource({"4", "6"})
    void segmentsThatADeviceCutsFromALargeOneHaveTheOptionEach(String family) throws IOException {
        Way way = new Way(family);
        try (ToaRig.Client client = way.client()) {
            way.await("the handshake", ours -> ours.size() >= 2);
            // From here on the device takes none that are large, which the connection does not
            // know.
            rig.machine.shorten(1500);
            transfer(way, client);
        }
        staysWithin(1500, way);
        assertThat(way.data().get(1).options()).containsKey(way.kind());
        assertThat(way.data().get(1).packet()).isEqualTo(1500);
    }

    /// The first segment with data is as long as it can be with the option; once it is no longer
    /// needed, its bytes are the payload's again; none is too long.
    private static void staysWithin(int packet, Way way) {
        List<Segment> data = way.data();
        assertThat(data.getFirst().options()).containsKey(way.kind());
        assertThat(data.getFirst().packet()).isEqualTo(packet);
        assertThat(data).allSatisfy(each -> assertThat(each.packet()).isLessThanOrEqualTo(packet));
        assertThat(data)
                .anySatisfy(each -> {
                    assertThat(each.options()).doesNotContainKey(way.kind());
                    assertThat(each.packet()).isEqualTo(packet);
                });
    }

    private static double segmentsWithoutRoom() {
        return product.metrics().sum("skerry_toa_segments_total", "result=\"no_room\"");
    }

    /// An origin that speaks first, a segment full of each letter, of which some are lost, however
    /// often it says them: what the edge has heard behind a gap takes room in what it answers.
    private Way greeted(String family, String letters, String lost) {
        int mtu = family.equals("4") ? 576 : 1280;
        rig.machine.shorten(mtu);
        int headers = family.equals("4") ? 20 + 32 : 40 + 32;
        Way way = new Way(family, letters, Integer.toString(mtu - headers));
        // The first byte of data, behind 20 bytes of TCP and 12 of timestamps.
        String first = lost.chars().mapToObj("0x%02x"::formatted).collect(Collectors.joining(", "));
        rig.machine.lose("tcp sport " + way.origin + " @th,256,8 { " + first + " }");
        return way;
    }

    @ParameterizedTest(name = "IPv{0}, {2} of {1} lost")
    @CsvSource({"4, ABCDEF, ACE", "6, AB, A"})
    void whereOptionsAreFullASegmentGoesWithoutAndTheConnectionGoesOn(
            String family, String letters, String lost) throws IOException {
        Way way = greeted(family, letters, lost);
        try (ToaRig.Client client = way.client()) {
            way.await(
                    "a segment without the option",
                    ours -> ours.stream().anyMatch(each -> gaps(each) == lost.length()));
            client.send("hello\n".getBytes(StandardCharsets.UTF_8));
            way.await("data", ours -> !way.data().isEmpty());
            Segment data = way.data().getFirst();
            assertThat(gaps(data)).isEqualTo(lost.length());
            assertThat(data.options()).doesNotContainKey(way.kind());

            rig.machine.loseNothing();

            assertThat(client.line()).matches(greeting(letters) + way.known(client));
            assertThat(client.line()).isEqualTo("hello");
        }
    }

    @Test
    void besideTwoGapsTheShortFormFitsExactly() throws IOException {
        Way way = greeted("4", "ABCD", "AC");
        try (ToaRig.Client client = way.client()) {
            way.await(
                    "two gaps and the option",
                    ours ->
                            ours.stream()
                                    .anyMatch(each ->
                                            gaps(each) == 2
                                                    && each.options().containsKey(way.kind())));
            rig.machine.loseNothing();
            assertThat(client.ask()).matches(greeting("ABCD") + way.known(client));
        }
    }

    /// Each letter some times.
    private static String greeting(String letters) {
        return letters.replaceAll("(.)", "$1+");
    }

    /// How many gaps a segment reports, as ends of what is behind each: two numbers of four bytes.
    private static int gaps(Segment segment) {
        return segment.options().getOrDefault(SACK, "").length() / (2 * 8);
    }

    /// What has no byte left at all the kernel does not even ask the program about.
    @Test
    void aSegmentWithTooLittleRoomIsCounted() throws IOException {
        Way way = greeted("6", "AB", "A");
        double before = segmentsWithoutRoom();
        try (ToaRig.Client client = way.client()) {
            Await.until("it is counted", SOON, () -> segmentsWithoutRoom() > before);
            rig.machine.loseNothing();
            assertThat(client.ask()).matches(greeting("AB") + way.known(client));
        }
    }
}
