package io.skerry.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.skerry.edge.FreePort;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.socket.SocketAddress;
import io.skerry.edge.socket.SystemCalls;
import io.skerry.edge.transport.Transport;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a socket of each transport does at its edges: before it connects, at urgent data, at a
/// reset in every state, and where it was opened by somebody else.
@ExtendWith(Leaks.class)
@Timeout(60)
final class TcpSocketsTest {
    private static final Charset US = StandardCharsets.US_ASCII;
    private static final int IP_LOCAL_PORT_RANGE = 51;

    /// Part of the range that Linux gives ports from, 32,768 to 60,999.
    private static final int LOWEST = 40_000;

    private static final int HIGHEST = 40_900;

    private static FixedOrigins home() {
        return new FixedOrigins(TcpRig.HOME);
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void busyConnectionsOfALoopTakeTurnsAndNoneIsForgotten(Transport transport) throws Exception {
        int connections = 6;
        long bytes = 20_000_000;
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            List<Socket> sockets = new ArrayList<>();
            List<CompletableFuture<Long>> received = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                Socket client = rig.dial(listener);
                Socket origin = TcpRig.accept(server);
                for (Socket each : List.of(client, origin)) {
                    sockets.add(each);
                    Thread.startVirtualThread(() -> sendZeros(each, bytes));
                    received.add(countAll(each));
                }
            }
            for (CompletableFuture<Long> each : received) {
                assertThat(each.get(40, TimeUnit.SECONDS)).isEqualTo(bytes);
            }
            for (Socket each : sockets) {
                each.close();
            }
        }
    }

    private static void sendZeros(Socket socket, long bytes) {
        byte[] zeros = new byte[100_000];
        try {
            OutputStream out = socket.getOutputStream();
            for (long sent = 0; sent < bytes; sent += zeros.length) {
                out.write(zeros);
            }
            socket.shutdownOutput();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private static CompletableFuture<Long> countAll(Socket socket) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                    } catch (IOException broken) {
                        throw new UncheckedIOException(broken);
                    }
                },
                Thread::startVirtualThread);
    }

    @ParameterizedTest
    @EnumSource(
            value = Transport.class,
            names = {"EPOLL", "IO_URING"})
    void aSocketTowardsAnOriginCanBePreparedBeforeItConnects(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            rig.beforeConnect =
                    (fd, route, client) ->
                            new SystemCalls()
                                            .option(
                                                    fd,
                                                    SystemCalls.SOL_IP,
                                                    IP_LOCAL_PORT_RANGE,
                                                    HIGHEST << 16 | LOWEST)
                                    == 0;
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                assertThat(client.isConnected()).isTrue();
                assertThat(origin.getPort()).isBetween(LOWEST, HIGHEST);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Transport.class,
            names = {"EPOLL", "IO_URING"})
    void aSocketThatCannotBePreparedDoesNotConnect(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            rig.beforeConnect = (fd, route, client) -> false;
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            rig.knock(listener);
            rig.awaitEnded(EndReason.INTERNAL, 1);
        }
    }

    @Test
    void aDescriptorThatListensAlreadyIsTakenOverAndTellsWhatWasDialled() throws Exception {
        try (TcpRig rig = new TcpRig(Transport.EPOLL);
                ServerSocket server = TcpRig.origin()) {
            SystemCalls calls = new SystemCalls();
            int descriptor = listening(calls);
            int port = port(calls, descriptor);
            rig.adopt(rig.route(home(), server.getLocalPort(), ClientIp.PPV1, 0), descriptor);
            try (Socket client = new Socket()) {
                client.connect(new InetSocketAddress(TcpRig.HOME, port), 5_000);
                String head = "HEAD " + client.getLocalPort() + ">" + port + "\n";
                try (Socket origin = TcpRig.accept(server)) {
                    assertThat(new String(origin.getInputStream().readNBytes(head.length()), US))
                            .isEqualTo(head);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Transport.class,
            names = {"IO_URING", "NIO"})
    void onlyEpollTakesDescriptorsOver(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport)) {
            assertThatThrownBy(() -> rig.adopt(rig.route(home(), 1), 0))
                    .hasCauseInstanceOf(IOException.class)
                    .hasMessageContaining("only transport epoll");
        }
    }

    private static int listening(SystemCalls calls) {
        int descriptor = calls.streamSocket(SystemCalls.AF_INET);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(SocketAddress.ROOM, Long.BYTES);
            int length = SocketAddress.write(name, 0, TcpRig.HOME, 0);
            assertThat(calls.bind(descriptor, name.address(), length)).isZero();
        }
        assertThat(calls.listen(descriptor, 16)).isZero();
        return descriptor;
    }

    private static int port(SystemCalls calls, int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(SocketAddress.ROOM, Long.BYTES);
            assertThat(calls.localAddress(descriptor, name.address(), SocketAddress.ROOM)).isZero();
            return SocketAddress.port(SocketAddress.portAndScope(name, 0, false));
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void bytesAfterUrgentDataAreNotLeftBehind(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            try (Socket client = rig.dial(listener);
                    Socket origin = TcpRig.accept(server)) {
                for (int i = 0; i < 50; i++) {
                    client.getOutputStream().write("ab".getBytes(US));
                    client.sendUrgentData('!');
                    client.getOutputStream().write("cd".getBytes(US));
                    assertThat(new String(origin.getInputStream().readNBytes(4), US))
                            .as("round %d", i)
                            .isEqualTo("abcd");
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void aClientsResetEndsTheSessionBeforeThereIsAnOrigin(Transport transport) throws Exception {
        TcpSettings slow = new TcpSettings(Duration.ofSeconds(20), 16, 65_536, 32_768);
        try (TcpRig rig = new TcpRig(transport, slow, 10)) {
            FixedOrigins pool = home();
            pool.resolving = true;
            Listener listener = rig.open(rig.route(pool, FreePort.tcp()));
            Socket client = rig.dial(listener);
            TcpRig.await("accepted", () -> listener.sessions() == 1);
            TcpRig.reset(client);
            if (transport != Transport.NIO) {
                rig.awaitEnded(EndReason.CLIENT_RESET, 1);
            } else {
                // The JDK tells of a reset only to who reads.
                rig.advance(Duration.ofSeconds(21));
                rig.awaitEnded(EndReason.ORIGIN_UNRESOLVED, 1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void aResetIsPassedOnInEveryStateOfASession(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport);
                ServerSocket server = TcpRig.origin()) {
            Listener listener = rig.open(rig.route(home(), server.getLocalPort()));
            // At once, before a byte.
            Socket early = rig.dial(listener);
            try (Socket origin = TcpRig.accept(server)) {
                TcpRig.reset(early);
                assertIsReset(origin);
            }
            rig.awaitEnded(EndReason.CLIENT_RESET, 1);
            // By an origin whose client has ended.
            try (Socket client = rig.dial(listener)) {
                Socket origin = TcpRig.accept(server);
                client.shutdownOutput();
                assertThat(origin.getInputStream().read()).isEqualTo(-1);
                TcpRig.reset(origin);
                assertIsReset(client);
            }
            rig.awaitEnded(EndReason.ORIGIN_RESET, 1);
            // By a client that does not read, while bytes wait for it.
            Socket full = rig.dial(listener);
            try (Socket origin = TcpRig.accept(server)) {
                Thread sender = Thread.ofVirtual().start(() -> sendWithoutEnd(origin));
                long enough = 4 * 65_536;
                TcpRig.await("full", () -> rig.counters.bytesToClient.sum() > enough);
                TcpRig.reset(full);
                sender.join();
            }
            rig.awaitEnded(EndReason.CLIENT_RESET, 2);
            TcpRig.await("none is left", () -> rig.metrics.open(Protocol.TCP) == 0);
        }
    }

    private static void assertIsReset(Socket socket) {
        assertThatThrownBy(() -> socket.getInputStream().read())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("reset");
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

    @ParameterizedTest
    @EnumSource(Transport.class)
    void anOriginThatRestartsIsServedAgain(Transport transport) throws Exception {
        try (TcpRig rig = new TcpRig(transport)) {
            int port;
            Listener listener;
            try (ServerSocket server = TcpRig.origin()) {
                port = server.getLocalPort();
                listener = rig.open(rig.route(home(), port));
                try (Socket client = rig.dial(listener)) {
                    Socket origin = TcpRig.accept(server);
                    client.getOutputStream().write('x');
                    assertThat(origin.getInputStream().read()).isEqualTo('x');
                    TcpRig.reset(origin);
                    assertIsReset(client);
                }
            }
            rig.awaitEnded(EndReason.ORIGIN_RESET, 1);
            rig.knock(listener);
            rig.awaitEnded(EndReason.ORIGIN_REFUSED, 1);
            try (ServerSocket again = new ServerSocket(port, 50, TcpRig.HOME)) {
                again.setSoTimeout(10_000);
                try (Socket client = rig.dial(listener);
                        Socket origin = TcpRig.accept(again)) {
                    client.getOutputStream().write('x');
                    assertThat(origin.getInputStream().read()).isEqualTo('x');
                }
            }
        }
    }
}
