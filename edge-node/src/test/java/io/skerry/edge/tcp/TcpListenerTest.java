package io.skerry.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.skerry.edge.FreePort;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.steering.Way;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// What TCP sessions do, in every way of opening ports.
@ExtendWith(Leaks.class)
@Timeout(60)
@ParameterizedClass
@EnumSource(Way.class)
final class TcpListenerTest {
    private static final InetAddress HOME = TcpRig.HOME;
    private static final Charset US = StandardCharsets.US_ASCII;

    @Parameter private Way way = Way.EPOLL;

    private final FixedOrigins home = new FixedOrigins(HOME);
    private final List<Socket> sockets = new ArrayList<>();
    private ServerSocket server;
    private TcpRig rig;

    @BeforeEach
    void setUp() throws Exception {
        rig = new TcpRig(way);
        server = TcpRig.origin();
    }

    @AfterEach
    void tearDown() throws Exception {
        for (Socket each : sockets) {
            each.close();
        }
        server.close();
        rig.close();
    }

    /// Another rig than the usual one.
    private void rig(TcpSettings settings, int sessions) {
        rig.close();
        rig = new TcpRig(way, settings, sessions);
    }

    private static TcpSettings connectingFor(int millis) {
        return new TcpSettings(Duration.ofMillis(millis), 16, 65_536, 32_768);
    }

    private Listener open() throws Exception {
        return open(home);
    }

    private Listener open(FixedOrigins origins) throws Exception {
        return rig.open(rig.route(origins, server.getLocalPort()));
    }

    /// Opens a port whose origin is told the client.
    private Listener openWithHeader() throws Exception {
        return rig.open(rig.route(home, server.getLocalPort(), ClientIp.PPV1, 0));
    }

    private Socket dial(Listener listener) throws IOException {
        return kept(rig.dial(listener));
    }

    private Socket accept() throws IOException {
        return accept(server);
    }

    private Socket accept(ServerSocket at) throws IOException {
        return kept(TcpRig.accept(at));
    }

    private Socket kept(Socket socket) {
        sockets.add(socket);
        return socket;
    }

    private void awaitNoSession() {
        TcpRig.await("closed", () -> rig.metrics.open(Protocol.TCP) == 0);
    }

    @Test
    void carriesEveryByteBothWaysInWhateverPieces() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        byte[] up = new byte[3_000_000];
        byte[] down = new byte[5_000_000];
        random.nextBytes(up);
        random.nextBytes(down);
        Socket client = dial(open());
        Socket origin = accept();

        CompletableFuture<byte[]> atOrigin = readAll(origin);
        CompletableFuture<byte[]> atClient = readAll(client);
        writeInPieces(client, up, new Random(seed + 1));
        writeInPieces(origin, down, new Random(seed + 2));

        assertThat(Arrays.equals(atOrigin.get(20, TimeUnit.SECONDS), up)).isTrue();
        assertThat(Arrays.equals(atClient.get(20, TimeUnit.SECONDS), down)).isTrue();
        awaitNoSession();
        assertThat(rig.counters.bytesToOrigin.sum()).isEqualTo(up.length);
        assertThat(rig.counters.bytesToClient.sum()).isEqualTo(down.length);
        assertThat(rig.counters.sessions.sum()).isEqualTo(1);
    }

    private static CompletableFuture<byte[]> readAll(Socket socket) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return socket.getInputStream().readAllBytes();
                    } catch (IOException broken) {
                        throw new UncheckedIOException(broken);
                    }
                },
                Thread::startVirtualThread);
    }

    private static void writeInPieces(Socket socket, byte[] bytes, Random random) {
        Thread.startVirtualThread(() -> {
            try {
                OutputStream out = socket.getOutputStream();
                int at = 0;
                while (at < bytes.length) {
                    int limit = random.nextInt(10) == 0 ? 200_000 : 3_000;
                    int n = Math.min(bytes.length - at, 1 + random.nextInt(limit));
                    out.write(bytes, at, n);
                    at += n;
                }
                socket.shutdownOutput();
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
        });
    }

    @Test
    void theOriginMayGoOnAfterTheClientsEnd() throws Exception {
        Socket client = dial(open());
        Socket origin = accept();
        send(client, "question");
        client.shutdownOutput();
        assertThat(rest(origin)).isEqualTo("question");
        send(origin, "answer");
        origin.shutdownOutput();

        assertThat(rest(client)).isEqualTo("answer");
        rig.awaitEnded(EndReason.CLIENT_CLOSED, 1);
    }

    @Test
    void carriesALongAnswerToAClientThatEndedFirst() throws Exception {
        byte[] answer = new byte[20_000_000];
        new Random(3).nextBytes(answer);
        Socket client = dial(open());
        Socket origin = accept();
        client.shutdownOutput();
        assertThat(rest(origin)).isEmpty();
        writeInPieces(origin, answer, new Random(4));
        awaitStandstill();

        assertThat(Arrays.equals(restBytes(client), answer)).isTrue();
        rig.awaitEnded(EndReason.CLIENT_CLOSED, 1);
    }

    @Test
    void theClientMayGoOnAfterTheOriginsEnd() throws Exception {
        Socket client = dial(open());
        Socket origin = accept();
        send(origin, "greeting");
        origin.shutdownOutput();
        assertThat(rest(client)).isEqualTo("greeting");
        send(client, "still here");
        client.shutdownOutput();

        assertThat(rest(origin)).isEqualTo("still here");
        rig.awaitEnded(EndReason.ORIGIN_CLOSED, 1);
    }

    @Test
    void passesOnAClientThatEndsBeforeTheOriginAccepts() throws Exception {
        home.resolving = true;
        Listener listener = open();
        Socket client = dial(listener);
        send(client, "early");
        client.shutdownOutput();
        TcpRig.await("accepted", () -> listener.sessions() == 1);
        home.resolving = false;
        try (Socket origin = accept()) {
            assertThat(rest(origin)).isEqualTo("early");
        }
        assertThat(rest(client)).isEmpty();
        rig.awaitEnded(EndReason.CLIENT_CLOSED, 1);
    }

    @Test
    void passesAClientsResetOn() throws Exception {
        Socket client = dial(open());
        Socket origin = accept();
        carries(client, origin);
        TcpRig.reset(client);

        assertThatThrownBy(() -> origin.getInputStream().read())
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("reset");
        rig.awaitEnded(EndReason.CLIENT_RESET, 1);
    }

    @Test
    void passesAnOriginsResetOn() throws Exception {
        Socket client = dial(open());
        Socket origin = accept();
        carries(origin, client);
        TcpRig.reset(origin);

        assertThatThrownBy(() -> client.getInputStream().read())
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("reset");
        rig.awaitEnded(EndReason.ORIGIN_RESET, 1);
    }

    @Test
    void passesAResetOnAlsoWhenHalfClosed() throws Exception {
        Socket client = dial(open());
        Socket origin = accept();
        client.shutdownOutput();
        assertThat(rest(origin)).isEmpty();
        TcpRig.reset(client);
        TcpRig.await("noticed", () -> !isWritable(origin));
        rig.awaitEnded(EndReason.CLIENT_RESET, 1);
    }

    private static boolean isWritable(Socket socket) {
        try {
            socket.getOutputStream().write(1);
            return true;
        } catch (IOException gone) {
            return false;
        }
    }

    @Test
    void stopsReadingTheOriginWhileTheClientIsFull() throws Exception {
        byte[] sent = new byte[64 * 1024 * 1024];
        new Random(7).nextBytes(sent);
        Socket client = dial(open());
        writeInPieces(accept(), sent, new Random(8));
        awaitStandstill();
        // What the kernel's four socket buffers hold, and no more than the mark of ours.
        assertThat(rig.counters.bytesToClient.sum()).isLessThan(sent.length / 2);

        assertThat(Arrays.equals(restBytes(client), sent)).isTrue();
    }

    private void awaitStandstill() {
        long[] last = {-1, System.nanoTime()};
        TcpRig.await(
                "standstill",
                () -> {
                    long now = rig.counters.bytesToClient.sum();
                    if (now != last[0] || now == 0) {
                        last[0] = now;
                        last[1] = System.nanoTime();
                    }
                    return System.nanoTime() - last[1] > 500_000_000L;
                });
    }

    @Test
    void writesTheHeaderOnceAndAheadOfTheClientsBytes() throws Exception {
        Listener listener = openWithHeader();
        Socket client = dial(listener);
        send(client, "hello");
        try (Socket origin = accept()) {
            client.shutdownOutput();

            assertThat(rest(origin))
                    .isEqualTo(
                            "HEAD %d>%d\nhello"
                                    .formatted(client.getLocalPort(), listener.key().port()));
        }
        awaitNoSession();
        assertThat(rig.counters.bytesToOrigin.sum()).isEqualTo(5);
    }

    @Test
    void writesTheHeaderAlsoWhereTheOriginSpeaksFirst() throws Exception {
        Socket client = dial(openWithHeader());
        Socket origin = accept();
        assertThat(new String(origin.getInputStream().readNBytes(4), US)).isEqualTo("HEAD");
        send(origin, "220 ready");
        origin.shutdownOutput();

        assertThat(rest(client)).isEqualTo("220 ready");
    }

    @Test
    void goesToTheNextOriginWhereOneRefuses() throws Exception {
        FixedOrigins origins = new FixedOrigins(ip("127.0.0.77"), ip("127.0.0.78"), HOME);
        carries(dial(open(origins)), accept());

        assertThat(origins.failed).hasSize(2);
        assertThat(origins.opened.get()).isEqualTo(1);
    }

    @Test
    void resetsTheClientWhereEveryOriginRefuses() throws Exception {
        FixedOrigins origins =
                new FixedOrigins(
                        ip("127.0.0.77"), ip("127.0.0.78"), ip("127.0.0.79"), ip("127.0.0.80"));
        Listener listener = rig.open(rig.route(origins, FreePort.tcp()));
        assertThat(isCutOff(listener)).isTrue();
        rig.awaitEnded(EndReason.ORIGIN_REFUSED, 1);
        assertThat(origins.failed).hasSize(TcpSettings.ORIGINS_TRIED_MAX);
        assertThat(origins.opened.get()).isZero();
    }

    @Test
    void goesToTheNextOriginWhereOneIsSilent() throws Exception {
        rig(connectingFor(300), 10);
        try (SilentOrigin silent = SilentOrigin.open(ip("127.0.0.91"));
                ServerSocket other = new ServerSocket(silent.port(), 5, ip("127.0.0.92"))) {
            FixedOrigins origins = new FixedOrigins(silent.ip(), ip("127.0.0.92"));
            carries(dial(rig.open(rig.route(origins, silent.port()))), accept(other));

            assertThat(origins.failed).hasSize(1);
        }
    }

    @Test
    void endsWhereTheOnlyOriginIsSilentAlsoWhenTheClientLeaves() throws Exception {
        rig(connectingFor(500), 10);
        try (SilentOrigin silent = SilentOrigin.open(ip("127.0.0.91"))) {
            Listener listener = rig.open(rig.route(new FixedOrigins(silent.ip()), silent.port()));
            Socket client = dial(listener);
            rig.awaitEnded(EndReason.ORIGIN_TIMEOUT, 1);
            assertThatThrownBy(() -> client.getInputStream().read())
                    .isInstanceOf(SocketException.class);
            Socket leaving = dial(listener);
            TcpRig.await("accepted", () -> listener.sessions() == 1);
            TcpRig.reset(leaving);
            awaitNoSession();
        }
    }

    @Test
    void waitsForANameToResolveAndEndsWhereItHasNoAddress() throws Exception {
        home.resolving = true;
        Listener listener = open();
        try (Socket client = dial(listener)) {
            TcpRig.await("accepted", () -> listener.sessions() == 1);
            home.resolving = false;
            accept().close();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
        home.resolving = true;
        dial(listener);
        TcpRig.await("accepted", () -> listener.sessions() >= 1);
        rig.advance(Duration.ofSeconds(3));
        rig.awaitEnded(EndReason.ORIGIN_UNRESOLVED, 1);
    }

    @Test
    void refusesToForwardToAPortOfItsOwn() throws Exception {
        int port = FreePort.tcp();
        rig.own.add(Protocol.TCP, HOME, port);
        Listener listener = rig.open(HOME, port, rig.route(home, port));
        assertThat(isCutOff(listener)).isTrue();
        rig.awaitEnded(EndReason.LOOP, 1);
    }

    @Test
    void endsASessionWithoutAByteForTheIdleTime() throws Exception {
        Socket client = dial(open());
        Socket origin = accept();
        rig.advance(Duration.ofSeconds(55));
        awaitTick();
        carries(client, origin);
        rig.advance(Duration.ofSeconds(55));
        awaitTick();
        assertThat(rig.metrics.open(Protocol.TCP)).isEqualTo(1);
        rig.advance(Duration.ofSeconds(6));

        assertThat(client.getInputStream().read()).isEqualTo(-1);
        assertThat(origin.getInputStream().read()).isEqualTo(-1);
        rig.awaitEnded(EndReason.IDLE, 1);
    }

    private void awaitTick() throws Exception {
        for (var loop : rig.loops.all()) {
            loop.schedule(() -> {}, 3 * TcpLoop.TICK_MILLIS, TimeUnit.MILLISECONDS).get();
        }
    }

    @Test
    void drainsAndEndsWhatIsLeftWithAReset() throws Exception {
        Listener listener = open();
        CountDownLatch drained = new CountDownLatch(1);
        Socket client = dial(listener);
        Socket origin = accept();
        listener.drain(drained::countDown);
        TcpRig.await("port closed", () -> isRefused(listener));
        carries(client, origin);
        assertThat(drained.getCount()).isEqualTo(1);

        listener.endSessions(EndReason.DRAIN_DEADLINE);
        assertThat(drained.await(5, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> client.getInputStream().read())
                .isInstanceOf(SocketException.class);
        // More than one where a probe was accepted while the port was closing.
        assertThat(rig.metrics.endedBy(Protocol.TCP, EndReason.DRAIN_DEADLINE)).isPositive();
        rig.forget(listener);
    }

    @Test
    void aSessionKnowsNothingOfOtherPortsThatOpenAndClose() throws Exception {
        Socket client = dial(open());
        Socket origin = accept();
        List<Listener> others = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            others.add(open());
            carries(client, origin);
        }
        CountDownLatch drained = new CountDownLatch(others.size());
        for (Listener each : others) {
            each.drain(drained::countDown);
            rig.forget(each);
            carries(origin, client);
        }
        assertThat(drained.await(10, TimeUnit.SECONDS)).isTrue();
        TcpRig.await("ports closed", () -> others.stream().allMatch(this::isRefused));
        carries(client, origin);
    }

    private boolean isCutOff(Listener listener) {
        try (Socket socket = rig.dial(listener)) {
            return socket.getInputStream().read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    private boolean isRefused(Listener listener) {
        try (Socket socket = rig.dial(listener)) {
            return !socket.isConnected();
        } catch (IOException refused) {
            return true;
        }
    }

    @Test
    void reroutesNewSessionsOnly() throws Exception {
        try (ServerSocket after = TcpRig.origin()) {
            Listener listener = open();
            Socket old = dial(listener);
            Socket oldOrigin = accept();
            listener.reroute(rig.route(home, after.getLocalPort()));

            carries(dial(listener), accept(after));
            carries(old, oldOrigin);
        }
    }

    @Test
    void takesAsManySessionsAsTheRuleMayAndNoMore() throws Exception {
        Listener listener = rig.open(rig.route(home, server.getLocalPort(), ClientIp.OFF, 2));
        Socket a = dial(listener);
        Socket b = dial(listener);
        TcpRig.await("both are in", () -> rig.metrics.open(Protocol.TCP) == 2);
        rig.knock(listener);
        rig.awaitEnded(EndReason.MAX_CONNECTIONS, 1);
        assertThat(rig.metrics.open(Protocol.TCP)).isEqualTo(2);
        assertThat(List.of(a, b)).allMatch(TcpListenerTest::isWritable);
        assertThat(accept().getInputStream().read()).isEqualTo(1);
        assertThat(accept().getInputStream().read()).isEqualTo(1);
    }

    @Test
    void turnsClientsAwayAtTheLimitOfTheNode() throws Exception {
        rig(TcpSettings.DEFAULT, 1);
        Listener listener = open();
        Socket first = dial(listener);
        Socket origin = accept();
        assertThat(rig.limits.hits()).isZero();
        rig.knock(listener);
        rig.awaitEnded(EndReason.SESSION_LIMIT, 1);
        assertThat(rig.limits.hits()).isEqualTo(1);
        carries(first, origin);
    }

    @Test
    void opensBothFamiliesOfOnePortSideBySide() throws Exception {
        try (ServerSocket two = TcpRig.origin()) {
            int port = FreePort.tcp();
            Listener v6 = rig.open(ip("::"), port, rig.route(home, two.getLocalPort()));
            assertThat(isRefused(v6)).as("[::] takes no IPv4").isTrue();
            rig.open(ip("0.0.0.0"), port, rig.route(home, server.getLocalPort()));

            carries(kept(new Socket(HOME, port)), accept());
            carries(kept(new Socket(ip("::1"), port)), accept(two));
        }
    }

    @Test
    void reportsAPortThatIsTakenAndLeavesNothingOpen() {
        assumeFalse(way == Way.STEERED, "who holds a port is asked before it is steered");
        assertThatThrownBy(() -> rig.open(HOME, server.getLocalPort(), rig.route(home, 1)))
                .hasCauseInstanceOf(BindException.class);
    }

    @Test
    void endsManySessionsAtOnce() throws Exception {
        Listener listener = open();
        List<Socket> all = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            all.add(dial(listener));
            all.add(accept());
        }
        for (Socket each : all) {
            each.close();
        }
        awaitNoSession();
        assertThat(rig.counters.sessions.sum()).isEqualTo(30);
    }

    private static InetAddress ip(String text) {
        return IpText.parse(text).orElseThrow();
    }

    /// Asserts that a byte of the one arrives at the other.
    private static void carries(Socket from, Socket to) throws IOException {
        to.setSoTimeout(10_000);
        send(from, "x");
        assertThat(to.getInputStream().read()).isEqualTo('x');
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(US));
    }

    private static String rest(Socket socket) throws IOException {
        return new String(restBytes(socket), US);
    }

    private static byte[] restBytes(Socket socket) throws IOException {
        return socket.getInputStream().readAllBytes();
    }
}
