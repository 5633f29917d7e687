package io.skerry.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.skerry.edge.listener.Listener;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.transport.Transport;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(Leaks.class)
@Timeout(60)
final class TcpListenerTest {
    private static final InetAddress HOME = TcpRig.HOME;

    private static FixedOrigins home() {
        return new FixedOrigins(HOME);
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void carriesEveryByteBothWaysInWhateverPieces(Transport transport) throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        byte[] up = new byte[3_000_000];
        byte[] down = new byte[5_000_000];
        random.nextBytes(up);
        random.nextBytes(down);

        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                CompletableFuture<byte[]> atOrigin = readAll(origin);
                CompletableFuture<byte[]> atClient = readAll(client);
                writeInPieces(client, up, new Random(seed + 1));
                writeInPieces(origin, down, new Random(seed + 2));

                assertThat(Arrays.equals(atOrigin.get(20, TimeUnit.SECONDS), up)).isTrue();
                assertThat(Arrays.equals(atClient.get(20, TimeUnit.SECONDS), down)).isTrue();
            }
            TcpRig.await("closed", () -> rig.metrics.open(Protocol.TCP) == 0);
            assertThat(rig.counters.bytesToOrigin.sum()).isEqualTo(up.length);
            assertThat(rig.counters.bytesToClient.sum()).isEqualTo(down.length);
            assertThat(rig.counters.sessions.sum()).isEqualTo(1);
        }
    }

    private static CompletableFuture<byte[]> readAll(Socket socket) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return socket.getInputStream().readAllBytes();
                    } catch (IOException broken) {
                        throw new java.io.UncheckedIOException(broken);
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
                throw new java.io.UncheckedIOException(broken);
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void theOriginMayGoOnAfterTheClientsEnd(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                send(client, "question");
                client.shutdownOutput();
                assertThat(rest(origin)).isEqualTo("question");
                send(origin, "answer");
                origin.shutdownOutput();

                assertThat(rest(client)).isEqualTo("answer");
            }
            rig.awaitEnded(EndReason.CLIENT_CLOSED, 1);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void carriesALongAnswerToAClientThatEndedFirst(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            byte[] answer = new byte[20_000_000];
            new Random(3).nextBytes(answer);
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                client.shutdownOutput();
                assertThat(rest(origin)).isEmpty();
                writeInPieces(origin, answer, new Random(4));
                awaitStandstill(rig);

                assertThat(Arrays.equals(rest8(client), answer)).isTrue();
            }
            rig.awaitEnded(EndReason.CLIENT_CLOSED, 1);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void theClientMayGoOnAfterTheOriginsEnd(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                send(origin, "greeting");
                origin.shutdownOutput();
                assertThat(rest(client)).isEqualTo("greeting");
                send(client, "still here");
                client.shutdownOutput();

                assertThat(rest(origin)).isEqualTo("still here");
            }
            rig.awaitEnded(EndReason.ORIGIN_CLOSED, 1);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void passesOnAClientThatEndsBeforeTheOriginAccepts(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            FixedOrigins pool = home();
            pool.resolving = true;
            Listener listener = rig.open(rig.route(pool, server.getLocalPort()));
            try (Socket client = rig.dial(listener)) {
                send(client, "early");
                client.shutdownOutput();
                TcpRig.await("accepted", () -> listener.sessions() == 1);
                pool.resolving = false;
                try (Socket origin = TcpRig.accept(server)) {
                    assertThat(rest(origin)).isEqualTo("early");
                }
                assertThat(rest(client)).isEmpty();
            }
            rig.awaitEnded(EndReason.CLIENT_CLOSED, 1);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void passesAClientsResetOn(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            Socket client = rig.dial(listener);
            try (Socket origin = TcpRig.accept(server)) {
                send(client, "x");
                assertThat(origin.getInputStream().read()).isEqualTo('x');
                TcpRig.reset(client);

                assertThatThrownBy(() -> origin.getInputStream().read())
                        .isInstanceOf(SocketException.class)
                        .hasMessageContaining("reset");
            }
            rig.awaitEnded(EndReason.CLIENT_RESET, 1);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void passesAnOriginsResetOn(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            try (Socket client = rig.dial(listener)) {
                Socket origin = TcpRig.accept(server);
                send(origin, "x");
                assertThat(client.getInputStream().read()).isEqualTo('x');
                TcpRig.reset(origin);

                assertThatThrownBy(() -> client.getInputStream().read())
                        .isInstanceOf(SocketException.class)
                        .hasMessageContaining("reset");
            }
            rig.awaitEnded(EndReason.ORIGIN_RESET, 1);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void passesAResetOnAlsoWhenHalfClosed(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            Socket client = rig.dial(listener);
            try (Socket origin = TcpRig.accept(server)) {
                client.shutdownOutput();
                assertThat(rest(origin)).isEmpty();
                TcpRig.reset(client);
                TcpRig.await(
                        "noticed",
                        () -> {
                            try {
                                origin.getOutputStream().write(1);
                                return false;
                            } catch (IOException gone) {
                                return true;
                            }
                        });
            }
            rig.awaitEnded(EndReason.CLIENT_RESET, 1);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void stopsReadingTheOriginWhileTheClientIsFull(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            byte[] sent = new byte[64 * 1024 * 1024];
            new Random(7).nextBytes(sent);
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                writeInPieces(origin, sent, new Random(8));
                awaitStandstill(rig);
                // What the kernel's four socket buffers hold, and no more than the mark of ours.
                assertThat(rig.counters.bytesToClient.sum()).isLessThan(sent.length / 2);

                assertThat(Arrays.equals(rest8(client), sent)).isTrue();
            }
        }
    }

    private static void awaitStandstill(TcpRig rig) {
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

    @ParameterizedTest
    @EnumSource(Transport.class)
    void writesTheHeaderOnceAndAheadOfTheClientsBytes(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener =
                    rig.open(rig.route(home(), server.getLocalPort(), ClientIp.PPV1, 0));
            try (Socket client = rig.dial(listener)) {
                send(client, "hello");
                try (Socket origin = TcpRig.accept(server)) {
                    client.shutdownOutput();

                    assertThat(rest(origin))
                            .isEqualTo(
                                    "HEAD "
                                            + client.getLocalPort()
                                            + ">"
                                            + listener.key().port()
                                            + "\nhello");
                }
            }
            TcpRig.await("closed", () -> rig.metrics.open(Protocol.TCP) == 0);
            assertThat(rig.counters.bytesToOrigin.sum()).isEqualTo(5);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void writesTheHeaderAlsoWhereTheOriginSpeaksFirst(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener =
                    rig.open(rig.route(home(), server.getLocalPort(), ClientIp.PPV1, 0));
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                assertThat(new String(origin.getInputStream().readNBytes(4), US)).isEqualTo("HEAD");
                send(origin, "220 ready");
                origin.shutdownOutput();

                assertThat(rest(client)).isEqualTo("220 ready");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void goesToTheNextOriginWhereOneRefuses(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            FixedOrigins pool = new FixedOrigins(ip("127.0.0.77"), ip("127.0.0.78"), HOME);
            Listener listener = rig.open(rig.route(pool, server.getLocalPort()));
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                send(client, "x");
                assertThat(origin.getInputStream().read()).isEqualTo('x');
            }
            assertThat(pool.failed).hasSize(2);
            assertThat(pool.opened.get()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void resetsTheClientWhereEveryOriginRefuses(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport)) {
            FixedOrigins pool =
                    new FixedOrigins(
                            ip("127.0.0.77"), ip("127.0.0.78"), ip("127.0.0.79"), ip("127.0.0.80"));
            Listener listener = rig.open(rig.route(pool, TcpRig.freePort()));
            assertThat(isCutOff(rig, listener)).isTrue();
            rig.awaitEnded(EndReason.ORIGIN_REFUSED, 1);
            assertThat(pool.failed).hasSize(TcpSettings.ORIGINS_TRIED_MAX);
            assertThat(pool.opened.get()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void goesToTheNextOriginWhereOneIsSilent(Transport transport) throws Exception {
        TcpSettings quick = new TcpSettings(Duration.ofMillis(300), 16, 65_536, 32_768);
        try (TcpRig rig = new TcpRig(transport, quick, 10);
                SilentOrigin silent = SilentOrigin.open(ip("127.0.0.91"));
                ServerSocket server = new ServerSocket(silent.port(), 5, ip("127.0.0.92"))) {
            FixedOrigins pool = new FixedOrigins(ip("127.0.0.91"), ip("127.0.0.92"));
            Listener listener = rig.open(rig.route(pool, silent.port()));
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                send(client, "x");
                assertThat(origin.getInputStream().read()).isEqualTo('x');
            }
            assertThat(pool.failed).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void endsWhereTheOnlyOriginIsSilentAlsoWhenTheClientLeaves(Transport transport)
            throws Exception {
        TcpSettings quick = new TcpSettings(Duration.ofMillis(500), 16, 65_536, 32_768);
        try (TcpRig rig = new TcpRig(transport, quick, 10);
                SilentOrigin silent = SilentOrigin.open(ip("127.0.0.91"))) {
            Listener listener = rig.open(rig.route(new FixedOrigins(silent.ip()), silent.port()));
            try (Socket client = rig.dial(listener)) {
                rig.awaitEnded(EndReason.ORIGIN_TIMEOUT, 1);
                assertThatThrownBy(() -> client.getInputStream().read())
                        .isInstanceOf(SocketException.class);
            }
            Socket leaving = rig.dial(listener);
            TcpRig.await("accepted", () -> listener.sessions() == 1);
            TcpRig.reset(leaving);
            TcpRig.await("ended", () -> rig.metrics.open(Protocol.TCP) == 0);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void waitsForANameToResolveAndEndsWhereItHasNoAddress(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            FixedOrigins pool = home();
            pool.resolving = true;
            Listener listener = rig.open(rig.route(pool, server.getLocalPort()));
            try (Socket client = rig.dial(listener)) {
                TcpRig.await("accepted", () -> listener.sessions() == 1);
                pool.resolving = false;
                TcpRig.accept(server).close();
                assertThat(client.getInputStream().read()).isEqualTo(-1);
            }
            pool.resolving = true;
            try (Socket client = rig.dial(listener)) {
                TcpRig.await("accepted", () -> listener.sessions() >= 1);
                rig.advance(Duration.ofSeconds(3));
                rig.awaitEnded(EndReason.ORIGIN_UNRESOLVED, 1);
                assertThat(client.isClosed()).isFalse();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void refusesToForwardToAPortOfItsOwn(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport)) {
            int port = TcpRig.freePort();
            rig.own.add(Protocol.TCP, HOME, port);
            Listener listener = rig.open(HOME, port, rig.route(home(), port));
            assertThat(isCutOff(rig, listener)).isTrue();
            rig.awaitEnded(EndReason.LOOP, 1);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void endsASessionWithoutAByteForTheIdleTime(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                rig.advance(Duration.ofSeconds(55));
                awaitTick(rig);
                send(client, "x");
                assertThat(origin.getInputStream().read()).isEqualTo('x');
                rig.advance(Duration.ofSeconds(55));
                awaitTick(rig);
                assertThat(rig.metrics.open(Protocol.TCP)).isEqualTo(1);
                rig.advance(Duration.ofSeconds(6));

                assertThat(client.getInputStream().read()).isEqualTo(-1);
                assertThat(origin.getInputStream().read()).isEqualTo(-1);
            }
            rig.awaitEnded(EndReason.IDLE, 1);
        }
    }

    private static void awaitTick(TcpRig rig) throws Exception {
        for (var loop : rig.loops.all()) {
            loop.schedule(() -> {}, 3 * TcpLoop.TICK_MILLIS, TimeUnit.MILLISECONDS).get();
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void drainsAndEndsWhatIsLeftWithAReset(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            CountDownLatch drained = new CountDownLatch(1);
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                listener.drain(drained::countDown);
                TcpRig.await("port closed", () -> isRefused(rig, listener));
                send(client, "x");
                assertThat(origin.getInputStream().read()).isEqualTo('x');
                assertThat(drained.getCount()).isEqualTo(1);

                listener.endSessions(EndReason.DRAIN_DEADLINE);
                assertThat(drained.await(5, TimeUnit.SECONDS)).isTrue();
                assertThatThrownBy(() -> client.getInputStream().read())
                        .isInstanceOf(SocketException.class);
            }
            // More than one where a probe was accepted while the port was closing.
            assertThat(rig.metrics.endedBy(Protocol.TCP, EndReason.DRAIN_DEADLINE)).isPositive();
            rig.forget(listener);
        }
    }

    private static boolean isCutOff(TcpRig rig, Listener listener) {
        try (Socket socket = rig.dial(listener)) {
            return socket.getInputStream().read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    private static boolean isRefused(TcpRig rig, Listener listener) {
        try (Socket socket = rig.dial(listener)) {
            return !socket.isConnected();
        } catch (IOException refused) {
            return true;
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void reroutesNewSessionsOnly(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket before = TcpRig.origin();
                ServerSocket after = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), before.getLocalPort()));
            try (Socket old = rig.dial(listener);
                    Socket oldOrigin = TcpRig.accept(before)) {
                listener.reroute(rig.route(home(), after.getLocalPort()));
                try (Socket young = rig.dial(listener);
                        Socket youngOrigin = TcpRig.accept(after)) {
                    send(old, "o");
                    send(young, "y");
                    assertThat(oldOrigin.getInputStream().read()).isEqualTo('o');
                    assertThat(youngOrigin.getInputStream().read()).isEqualTo('y');
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void takesAsManySessionsAsTheRuleMayAndNoMore(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort(), ClientIp.OFF, 2));
            try (Socket a = rig.dial(listener);
                    Socket b = rig.dial(listener)) {
                TcpRig.await("both are in", () -> rig.metrics.open(Protocol.TCP) == 2);
                rig.knock(listener);
                rig.awaitEnded(EndReason.MAX_CONNECTIONS, 1);
                assertThat(rig.metrics.open(Protocol.TCP)).isEqualTo(2);
                assertThat(List.of(a, b)).allMatch(Socket::isConnected);
            }
            TcpRig.await("all gone", () -> goneWithServer(rig, server));
        }
    }

    private static boolean goneWithServer(TcpRig rig, ServerSocket server) {
        try {
            server.setSoTimeout(1);
            server.accept().close();
        } catch (IOException none) {
            return rig.metrics.open(Protocol.TCP) == 0;
        }
        return rig.metrics.open(Protocol.TCP) == 0;
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void turnsClientsAwayAtTheLimitOfTheNode(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport, TcpSettings.DEFAULT, 1);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            try (Socket first = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                rig.knock(listener);
                rig.awaitEnded(EndReason.SESSION_LIMIT, 1);
                send(first, "x");
                assertThat(origin.getInputStream().read()).isEqualTo('x');
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void opensBothFamiliesOfOnePortSideBySide(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket one = TcpRig.origin();
                ServerSocket two = TcpRig.origin()) {
            int port = TcpRig.freePort();
            Listener v6 = rig.open(ip("::"), port, rig.route(home(), two.getLocalPort()));
            assertThat(isRefused(rig, v6)).as("[::] takes no IPv4").isTrue();
            rig.open(ip("0.0.0.0"), port, rig.route(home(), one.getLocalPort()));
            try (Socket a = new Socket();
                    Socket b = new Socket()) {
                a.connect(new InetSocketAddress(HOME, port));
                b.connect(new InetSocketAddress(ip("::1"), port));
                try (Socket atOne = TcpRig.accept(one);
                        Socket atTwo = TcpRig.accept(two)) {
                    send(a, "4");
                    send(b, "6");
                    assertThat(atOne.getInputStream().read()).isEqualTo('4');
                    assertThat(atTwo.getInputStream().read()).isEqualTo('6');
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void reportsAPortThatIsTakenAndLeavesNothingOpen(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket taken = TcpRig.origin()) {
            assertThatThrownBy(() -> rig.open(HOME, taken.getLocalPort(), rig.route(home(), 1)))
                    .hasCauseInstanceOf(BindException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void endsManySessionsAtOnce(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            List<Socket> all = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                all.add(rig.dial(listener));
                all.add(TcpRig.accept(server));
            }
            for (Socket each : all) {
                each.close();
            }
            TcpRig.await("gone", () -> rig.metrics.open(Protocol.TCP) == 0);
            assertThat(rig.counters.sessions.sum()).isEqualTo(30);
        }
    }

    private static final java.nio.charset.Charset US = StandardCharsets.US_ASCII;

    private static InetAddress ip(String text) {
        return IpText.parse(text).orElseThrow();
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(US));
    }

    private static String rest(Socket socket) throws IOException {
        return new String(rest8(socket), US);
    }

    private static byte[] rest8(Socket socket) throws IOException {
        return socket.getInputStream().readAllBytes();
    }
}
