package io.skerry.edge.toa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import io.skerry.edge.Eventually;
import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.Cgroup;
import io.skerry.edge.bpf.Kernel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ToaWriterTest {
    private static final InetSocketAddress CLIENT =
            new InetSocketAddress(InetAddress.ofLiteral("192.0.2.9"), 4711);

    private Path cgroup = Path.of("/");
    private ServerSocket origin;

    @BeforeEach
    void attach() throws IOException {
        Kernel.required();
        assertThat(Epoll.isAvailable()).isTrue();
        cgroup = Cgroup.ofThisProcess().orElseThrow();
        origin = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        if (origin != null) {
            origin.close();
        }
    }

    /// One connection that says a byte, is answered, and says another.
    private void converse(ToaWriter... writers) throws IOException {
        Socket socket = Socket.newSocketStream();
        try {
            for (ToaWriter writer : writers) {
                assertThat(writer.prepare(socket.intValue(), CLIENT)).isTrue();
            }
            socket.connect(new InetSocketAddress(origin.getInetAddress(), origin.getLocalPort()));
            try (java.net.Socket accepted = origin.accept()) {
                say(socket);
                assertThat(accepted.getInputStream().read()).isEqualTo(1);
                accepted.getOutputStream().write(2);
                Eventually.holds("the answer has come", () -> heard(socket));
                say(socket);
                assertThat(accepted.getInputStream().read()).isEqualTo(1);
            }
        } finally {
            socket.close();
        }
    }

    private static boolean heard(Socket socket) {
        try {
            return socket.recv(ByteBuffer.allocateDirect(1), 0, 1) > 0;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private static void say(Socket socket) throws IOException {
        ByteBuffer one = ByteBuffer.allocateDirect(1).put(0, (byte) 1);
        assertThat(socket.send(one, 0, 1)).isEqualTo(1);
    }

    @Test
    void aPreparedConnectionCarriesTheOptionUntilItIsConfirmed() throws IOException {
        try (ToaWriter writer = ToaWriter.attach(ToaKinds.DEFAULT, cgroup)) {
            converse(writer);
            assertThat(writer.count(ToaCount.BEGUN)).isEqualTo(1);
            assertThat(writer.count(ToaCount.CONFIRMED)).isEqualTo(1);
            assertThat(writer.count(ToaCount.UNCONFIRMED)).isZero();
            // The ACK of the handshake and the first byte.
            assertThat(writer.count(ToaCount.WRITTEN)).isBetween(2L, 3L);
        }
    }

    @Test
    void otherConnectionsAreLeftAlone() throws IOException {
        try (ToaWriter writer = ToaWriter.attach(ToaKinds.DEFAULT, cgroup)) {
            converse();
            assertThat(writer.count(ToaCount.BEGUN)).isZero();
            assertThat(writer.count(ToaCount.WRITTEN)).isZero();
        }
    }

    @Test
    void twoNodesOnOneMachineTouchTheirOwnSocketsAlone() throws IOException {
        try (ToaWriter two = ToaWriter.attach(new ToaKinds(254, 254), cgroup)) {
            try (ToaWriter one = ToaWriter.attach(ToaKinds.DEFAULT, cgroup)) {
                converse(one);
                converse(one);
                converse(two);
                assertThat(one.count(ToaCount.CONFIRMED)).isEqualTo(2);
                assertThat(two.count(ToaCount.CONFIRMED)).isEqualTo(1);
            }
            converse(two);
            assertThat(two.count(ToaCount.CONFIRMED)).isEqualTo(2);
        }
    }

    @Test
    void aCgroupTakesAsManyWritersAsTheKernelAllowsAndTheNextIsRefusedInWords() throws IOException {
        Path full = cgroup.resolve("skerry-test-" + ProcessHandle.current().pid());
        Files.createDirectory(full);
        List<ToaWriter> writers = new ArrayList<>();
        try {
            for (int i = 0; i < 64; i++) {
                writers.add(ToaWriter.attach(ToaKinds.DEFAULT, full));
            }
            assertThatThrownBy(() -> ToaWriter.attach(ToaKinds.DEFAULT, full))
                    .isInstanceOf(BpfException.class)
                    .hasMessageStartingWith(
                            "cgroup " + full + " has as many programs as the kernel takes, 64");
            writers.removeLast().close();
            writers.add(ToaWriter.attach(ToaKinds.DEFAULT, full));
        } finally {
            writers.forEach(ToaWriter::close);
            Files.delete(full);
        }
    }

    @Test
    void whatWasCountedIsKnownAfterTheEnd() throws IOException {
        ToaWriter writer = ToaWriter.attach(ToaKinds.DEFAULT, cgroup);
        try (writer) {
            converse(writer);
        }
        assertThat(writer.count(ToaCount.CONFIRMED)).isEqualTo(1);
    }

    @Test
    void aConnectionThatNobodyAnswersIsCountedAsUnconfirmed() throws IOException {
        try (ToaWriter writer = ToaWriter.attach(ToaKinds.DEFAULT, cgroup)) {
            Socket socket = Socket.newSocketStream();
            assertThat(writer.prepare(socket.intValue(), CLIENT)).isTrue();
            socket.connect(new InetSocketAddress(origin.getInetAddress(), origin.getLocalPort()));
            try (java.net.Socket accepted = origin.accept()) {
                accepted.setSoLinger(true, 0);
            }
            socket.close();
            assertThat(writer.count(ToaCount.BEGUN)).isEqualTo(1);
            assertThat(writer.count(ToaCount.UNCONFIRMED)).isEqualTo(1);
        }
    }

    @Test
    void whatIsNoSocketIsRefusedAndCounted() throws IOException {
        try (ToaWriter writer = ToaWriter.attach(ToaKinds.DEFAULT, cgroup)) {
            assertThat(writer.prepare(-1, CLIENT)).isFalse();
            assertThat(writer.refused()).isEqualTo(1);
        }
    }

    @Test
    void twoPreparationsOfOneSocketTakeTheLast() throws IOException {
        try (ToaWriter writer = ToaWriter.attach(ToaKinds.DEFAULT, cgroup)) {
            converse(writer, writer);
            assertThat(writer.count(ToaCount.CONFIRMED)).isEqualTo(1);
        }
    }
}
