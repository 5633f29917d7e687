package io.skerry.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.channel.EventLoop;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.steering.Way;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/// Clients and origins that behave badly.
@ExtendWith(Leaks.class)
@Timeout(60)
final class TcpSurvivalTest {
    private static final int MANY = 20;

    /// Bytes that the system takes at once for a client that does not read.
    private static final int HELD = 300_000;

    private static final Charset US = StandardCharsets.US_ASCII;

    /// What may wait in each direction: up to the high-water mark, and one read more.
    private static final long WAITING_MAX = 2 * (65_536 + 65_536);

    @ParameterizedTest
    @EnumSource(Way.class)
    void aClientThatSendsWithoutReadingFillsNoMoreThanItsMarks(Way way) throws Exception {
        try (TcpRig rig = new TcpRig(way);
                ServerSocket server = TcpRig.origin();
                Sockets clients = new Sockets()) {
            Thread.ofVirtual().start(() -> echoAll(server));
            Listener listener = rig.open(rig.route(new FixedOrigins(TcpRig.HOME), port(server)));
            long before = direct();
            for (int i = 0; i < MANY; i++) {
                Socket client = clients.add(rig.dial(listener));
                Thread.ofVirtual().start(() -> sendWithoutEnd(client));
            }
            awaitStandstill(rig);
            assertThat(rig.metrics.open(Protocol.TCP)).isEqualTo(MANY);
            long each = (direct() - before) / MANY;
            System.out.println(way + ": " + each + " bytes of buffers for a full session");
            assertThat(each).isLessThanOrEqualTo(2 * WAITING_MAX);

            rig.advance(Duration.ofSeconds(61));
            rig.awaitEnded(EndReason.IDLE, MANY);
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void anOriginThatAcceptsAndNeverAnswersOrReads(Way way) throws Exception {
        try (TcpRig rig = new TcpRig(way);
                ServerSocket server = TcpRig.origin();
                Sockets sockets = new Sockets()) {
            Listener listener = rig.open(rig.route(new FixedOrigins(TcpRig.HOME), port(server)));
            Socket quiet = sockets.add(rig.dial(listener));
            Socket atOrigin = sockets.add(TcpRig.accept(server));
            quiet.getOutputStream().write("hello?".getBytes(US));
            Socket loud = sockets.add(rig.dial(listener));
            sockets.add(TcpRig.accept(server));
            Thread.ofVirtual().start(() -> sendWithoutEnd(loud));
            awaitStandstill(rig);
            assertThat(rig.counters.bytesToOrigin.sum()).isLessThan(64_000_000);

            rig.advance(Duration.ofSeconds(61));
            rig.awaitEnded(EndReason.IDLE, 2);
            assertThat(quiet.getInputStream().read()).isEqualTo(-1);
            assertThat(new String(atOrigin.getInputStream().readAllBytes(), US))
                    .isEqualTo("hello?");
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void whatTheIdleTimeCutsOffEndsWithAReset(Way way) throws Exception {
        try (TcpRig rig = new TcpRig(way);
                ServerSocket server = TcpRig.origin();
                Sockets sockets = new Sockets()) {
            Listener listener = rig.open(rig.route(new FixedOrigins(TcpRig.HOME), port(server)));
            Socket client = sockets.add(rig.dial(listener));
            Socket origin = sockets.add(TcpRig.accept(server));
            Thread.ofVirtual().start(() -> sendWithoutEnd(origin));
            awaitStandstill(rig);
            rig.advance(Duration.ofSeconds(61));
            rig.awaitEnded(EndReason.IDLE, 1);
            // Its end would look like the end of the stream.
            assertThatThrownBy(() -> client.getInputStream().readAllBytes())
                    .isInstanceOf(IOException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aReaderThatIsSlowKeepsItsSession(Way way) throws Exception {
        try (TcpRig rig = new TcpRig(way);
                ServerSocket server = TcpRig.origin();
                Sockets sockets = new Sockets()) {
            Listener listener = rig.open(rig.route(new FixedOrigins(TcpRig.HOME), port(server)));
            Socket client = sockets.add(rig.dial(listener));
            Socket origin = sockets.add(TcpRig.accept(server));
            Thread.ofVirtual().start(() -> sendWithoutEnd(origin));
            awaitStandstill(rig);
            for (int i = 0; i < 3; i++) {
                rig.advance(Duration.ofSeconds(40));
                long before = rig.counters.bytesToClient.sum();
                while (rig.counters.bytesToClient.sum() == before) {
                    client.getInputStream().readNBytes(65_536);
                }
            }
            assertThat(rig.metrics.open(Protocol.TCP)).isEqualTo(1);
            TcpRig.reset(client);
            rig.awaitEnded(EndReason.CLIENT_RESET, 1);
        }
    }

    /// Nothing passes the node while the system hands out what it holds, for longer than the idle
    /// time. NIO and io_uring do not tell how far it has come.
    @ParameterizedTest
    @EnumSource(
            value = Way.class,
            names = {"EPOLL", "STEERED"})
    void aReaderThatIsSlowKeepsItsSessionWhileTheSystemHoldsBytesForIt(Way way) throws Exception {
        try (TcpRig rig = new TcpRig(way);
                ServerSocket server = TcpRig.origin();
                Socket client = new Socket()) {
            Listener listener = rig.open(rig.route(new FixedOrigins(TcpRig.HOME), port(server)));
            client.setReceiveBufferSize(8_192);
            client.setSoTimeout(10_000);
            client.connect(new InetSocketAddress(TcpRig.HOME, listener.key().port()));
            try (Socket origin = TcpRig.accept(server)) {
                origin.getOutputStream().write(new byte[HELD]);
                TcpRig.await("taken", () -> rig.counters.bytesToClient.sum() == HELD);
                int read = 0;
                while (read < HELD - 60_000) {
                    rig.advance(Duration.ofSeconds(10));
                    read += client.getInputStream().readNBytes(20_000).length;
                    awaitTicks(rig);
                    assertThat(rig.metrics.open(Protocol.TCP)).as("after %s", read).isEqualTo(1);
                }
                // And no longer once it stops to read.
                for (int i = 0; i < 9 && rig.metrics.open(Protocol.TCP) > 0; i++) {
                    rig.advance(Duration.ofSeconds(10));
                    awaitTicks(rig);
                }
                rig.awaitEnded(EndReason.IDLE, 1);
                assertThat(client.getInputStream().readAllBytes()).hasSize(HELD - read);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aSessionThatABugEndsTakesTheIdleTimeFromNoOther(Way way) throws Exception {
        try (TcpRig rig = new TcpRig(way);
                ServerSocket server = TcpRig.origin();
                Sockets sockets = new Sockets()) {
            FixedOrigins bad = new FixedOrigins(TcpRig.HOME);
            bad.resolving = true;
            Listener broken = rig.open(rig.route(bad, port(server)));
            Listener sound = rig.open(rig.route(new FixedOrigins(TcpRig.HOME), port(server)));
            // Enough for each of both loops to have some of both.
            for (int i = 0; i < MANY; i++) {
                sockets.add(rig.dial(broken));
                sockets.add(rig.dial(sound));
                sockets.add(TcpRig.accept(server));
            }
            TcpRig.await("begun", () -> rig.metrics.open(Protocol.TCP) == 2 * MANY);
            bad.bugs.set(MANY);
            rig.awaitEnded(EndReason.INTERNAL, MANY);
            rig.advance(Duration.ofSeconds(61));
            rig.awaitEnded(EndReason.IDLE, MANY);
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aBugWhileASessionBeginsEndsItOnBothSides(Way way) throws Exception {
        try (TcpRig rig = new TcpRig(way);
                ServerSocket server = TcpRig.origin()) {
            FixedOrigins bad = new FixedOrigins(TcpRig.HOME);
            Listener listener = rig.open(rig.route(bad, port(server)));
            bad.bugs.set(1);
            rig.knock(listener);
            rig.awaitEnded(EndReason.INTERNAL, 1);
            try (Socket next = rig.dial(listener)) {
                next.getOutputStream().write('x');
                assertThat(TcpRig.accept(server).getInputStream().read()).isEqualTo('x');
            }
        }
    }

    private static void awaitTicks(TcpRig rig) throws Exception {
        for (EventLoop loop : rig.loops.all()) {
            loop.schedule(() -> {}, 3 * TcpLoop.TICK_MILLIS, TimeUnit.MILLISECONDS).get();
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void clientsThatResetWhileTheyWaitInTheBacklog(Way way) throws Exception {
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        Logger netty = (Logger) LoggerFactory.getLogger("io.netty");
        try (TcpRig rig = new TcpRig(way);
                ServerSocket server = TcpRig.origin()) {
            FixedOrigins origins = new FixedOrigins(TcpRig.HOME);
            Listener listener = rig.open(rig.route(origins, port(server), ClientIp.PPV2, 0));
            logged.start();
            netty.addAppender(logged);
            CountDownLatch released = halt(rig);
            for (int i = 0; i < MANY; i++) {
                TcpRig.reset(rig.dial(listener));
            }
            released.countDown();
            rig.awaitEnded(EndReason.CLIENT_RESET, MANY);
            assertThat(logged.list).extracting(ILoggingEvent::getFormattedMessage).isEmpty();
        } finally {
            netty.detachAppender(logged);
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void theHeaderAndTheFirstBytesOfAClientAreOneSegment(Way way) throws Exception {
        try (TcpRig rig = new TcpRig(way);
                ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(TcpRig.HOME, 0));
            int port = server.socket().getLocalPort();
            FixedOrigins origins = new FixedOrigins(TcpRig.HOME);
            Listener listener = rig.open(rig.route(origins, port, ClientIp.PPV2, 0));
            for (int i = 0; i < MANY; i++) {
                CountDownLatch released = halt(rig);
                try (Socket client = rig.dial(listener)) {
                    client.getOutputStream().write("first".getBytes(US));
                    released.countDown();
                    String want =
                            "HEAD " + client.getLocalPort() + ">" + client.getPort() + "\nfirst";
                    try (SocketChannel origin = server.accept()) {
                        ByteBuffer heard = ByteBuffer.allocate(want.length());
                        while (heard.hasRemaining()) {
                            assertThat(origin.read(heard)).isPositive();
                        }
                        assertThat(new String(heard.array(), US)).isEqualTo(want);
                        assertThat(Segments.received(origin)).isEqualTo(1);
                    }
                }
            }
        }
    }

    /// Sockets closed together.
    private static final class Sockets implements AutoCloseable {
        final List<Socket> all = new ArrayList<>();

        Socket add(Socket socket) {
            all.add(socket);
            return socket;
        }

        @Override
        public void close() throws IOException {
            for (Socket each : all) {
                each.close();
            }
        }
    }

    /// No event loop does anything until the latch is released.
    private static CountDownLatch halt(TcpRig rig) throws InterruptedException {
        CountDownLatch released = new CountDownLatch(1);
        CountDownLatch halted = new CountDownLatch(rig.loops.all().size());
        for (EventLoop loop : rig.loops.all()) {
            loop.execute(() -> {
                halted.countDown();
                try {
                    released.await();
                } catch (InterruptedException over) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        halted.await();
        return released;
    }

    private static void awaitStandstill(TcpRig rig) {
        long[] last = {-1, System.nanoTime()};
        TcpRig.await(
                "standstill",
                () -> {
                    long now = rig.counters.bytesToOrigin.sum() + rig.counters.bytesToClient.sum();
                    if (now != last[0] || now == 0) {
                        last[0] = now;
                        last[1] = System.nanoTime();
                    }
                    return System.nanoTime() - last[1] > 700_000_000L;
                });
    }

    private static void sendWithoutEnd(Socket socket) {
        byte[] bytes = new byte[50_000];
        try {
            while (true) {
                socket.getOutputStream().write(bytes);
            }
        } catch (IOException over) {
            // As expected.
        }
    }

    private static void echoAll(ServerSocket server) {
        while (!server.isClosed()) {
            try {
                Socket socket = TcpRig.accept(server);
                Thread.ofVirtual().start(() -> echo(socket));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void echo(Socket socket) {
        try (socket) {
            socket.setSoTimeout(0);
            socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (IOException over) {
            // The session has ended.
        }
    }

    private static long direct() {
        return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT)
                .metric()
                .usedDirectMemory();
    }

    private static int port(ServerSocket server) {
        return server.getLocalPort();
    }
}
