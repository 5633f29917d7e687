package io.skerry.edge.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.skerry.edge.Eventually;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Both sides of a hot restart in one process; files stand in for sockets.
class HandoverTest {
    @TempDir Path folder;
    private final FakeNode node = new FakeNode();
    private final List<Integer> opened = new ArrayList<>();
    private Handover handover;

    /// Writes down what is asked of it.
    private static final class FakeNode implements Handable {
        final List<String> calls = new CopyOnWriteArrayList<>();
        volatile List<OpenSocket> listeners = List.of();
        volatile List<OpenSocket> sessions = List.of();
        volatile Optional<String> refusal = Optional.empty();

        @Override
        public String name() {
            return "edge-1";
        }

        @Override
        public String boot() {
            return "boot-1";
        }

        @Override
        public Optional<String> refusal() {
            return refusal;
        }

        @Override
        public Future<List<OpenSocket>> begin() {
            calls.add("begin");
            return Future.succeededFuture(listeners);
        }

        @Override
        public Future<List<OpenSocket>> pause() {
            calls.add("pause");
            return Future.succeededFuture(sessions);
        }

        @Override
        public Future<Void> resume() {
            calls.add("resume");
            return Future.succeededFuture();
        }

        @Override
        public Future<Void> letGo() {
            calls.add("let go");
            return Future.succeededFuture();
        }
    }

    @BeforeEach
    void offer() throws IOException {
        handover = Handover.offer(folder, node, FolderLock.take(folder).orElseThrow());
    }

    @AfterEach
    void close() {
        handover.close();
        opened.forEach(LocalCalls::close);
    }

    /// A descriptor of a file that holds the name.
    private OpenSocket file(String name) throws IOException {
        Path path = folder.resolve("file-" + opened.size());
        Files.writeString(path, name);
        try (java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofConfined()) {
            int fd = LocalCalls.open(arena.allocateFrom(path.toString()));
            opened.add(fd);
            return new OpenSocket(name, new JsonObject().put("n", opened.size()), fd);
        }
    }

    private static String content(OpenSocket socket) {
        try {
            return Files.readString(Path.of("/proc/self/fd/" + socket.descriptor()));
        } catch (IOException unreadable) {
            return unreadable.toString();
        } finally {
            LocalCalls.close(socket.descriptor());
        }
    }

    @Test
    void everySocketArrivesUnderItsName() throws IOException {
        List<OpenSocket> listeners = new ArrayList<>();
        for (int i = 0; i < 2 * LocalSocket.DESCRIPTORS_MAX + 7; i++) {
            listeners.add(file("tcp:127.0.0.1:" + (1_000 + i) + "/0"));
        }
        node.listeners = listeners;
        node.sessions = List.of(file("udp:127.0.0.1:53/0"));
        TakeOver taken = TakeOver.begin(folder, "edge-1");
        assertThat(taken.boot()).isEqualTo("boot-1");
        assertThat(taken.pid()).isEqualTo(ProcessHandle.current().pid());
        assertThat(taken.listeners()).hasSameSizeAs(listeners);
        for (int i = 0; i < listeners.size(); i++) {
            OpenSocket got = taken.listeners().get(i);
            assertThat(got.name()).isEqualTo(listeners.get(i).name());
            assertThat(got.about()).isEqualTo(listeners.get(i).about());
            assertThat(content(got)).isEqualTo(got.name());
        }
        assertThat(node.calls).containsExactly("begin");
        List<OpenSocket> sessions = taken.pause();
        assertThat(sessions).hasSize(1);
        assertThat(content(sessions.getFirst())).isEqualTo("udp:127.0.0.1:53/0");
        taken.serving();
        taken.awaitFree();
        assertThat(node.calls).containsExactly("begin", "pause", "let go");
        taken.lock().close();
    }

    @Test
    void theFolderGoesAlong() throws IOException {
        assertThat(FolderLock.take(folder)).isEmpty();
        TakeOver taken = TakeOver.begin(folder, "edge-1");
        taken.pause();
        taken.serving();
        taken.awaitFree();
        assertThat(FolderLock.take(folder)).isEmpty();
        assertThat(FolderLock.owner(folder)).isEqualTo("pid " + ProcessHandle.current().pid());
        taken.lock().close();
        FolderLock again = FolderLock.take(folder).orElseThrow();
        again.close();
    }

    @Test
    void theNextProcessOffersItAgain() throws IOException {
        for (int restart = 0; restart < 3; restart++) {
            TakeOver taken = TakeOver.begin(folder, "edge-1");
            taken.pause();
            taken.serving();
            taken.awaitFree();
            handover = Handover.offer(folder, node, taken.lock());
        }
        assertThat(node.calls).filteredOn("let go"::equals).hasSize(3);
    }

    private LocalSocket newcomer() throws IOException {
        LocalSocket socket = LocalSocket.connected(folder.resolve(Handover.NAME));
        socket.timeout(Duration.ofSeconds(20));
        return socket;
    }

    private static Message ask(LocalSocket socket, Message message) throws IOException {
        socket.send(message.print(), List.of());
        LocalSocket.Received received = socket.receive();
        received.descriptors().forEach(LocalCalls::close);
        return Message.read(received.bytes());
    }

    @Test
    void aProcessThatDiesBeforeItServesChangesNothing() throws IOException {
        Message hello = new Message.Hello(Message.VERSION, 1, "edge-1");
        try (LocalSocket socket = newcomer()) {
            assertThat(ask(socket, hello)).isInstanceOf(Message.Welcome.class);
        }
        try (LocalSocket socket = newcomer()) {
            ask(socket, hello);
            ask(socket, new Message.Begin());
        }
        try (LocalSocket socket = newcomer()) {
            ask(socket, hello);
            ask(socket, new Message.Begin());
            ask(socket, new Message.Pause());
        }
        Eventually.holds("it goes on", () -> node.calls.size() == 5);
        assertThat(node.calls).containsExactly("begin", "resume", "begin", "pause", "resume");
        assertThat(FolderLock.take(folder)).isEmpty();
        theFolderGoesAlong();
    }

    @Test
    void garbageAndWordsOutOfTurnChangeNothing() throws IOException {
        Message hello = new Message.Hello(Message.VERSION, 1, "edge-1");
        try (LocalSocket socket = newcomer()) {
            socket.send("get out".getBytes(StandardCharsets.UTF_8), List.of());
            assertThatThrownBy(socket::receive).isInstanceOf(IOException.class);
        }
        try (LocalSocket socket = newcomer()) {
            ask(socket, hello);
            ask(socket, new Message.Begin());
            assertThat(ask(socket, new Message.Serving())).isInstanceOf(Message.Refused.class);
        }
        try (LocalSocket socket = newcomer()) {
            ask(socket, hello);
            ask(socket, new Message.Begin());
            int descriptor = opened.isEmpty() ? file("x").descriptor() : opened.getFirst();
            socket.send(new Message.Pause().print(), List.of(descriptor));
            assertThat(Message.read(socket.receive().bytes())).isInstanceOf(Message.Refused.class);
        }
        assertThat(node.calls).containsExactly("begin", "resume", "begin", "resume");
    }

    @Test
    void anotherNodeVersionOrTransportIsRefusedWithTheReason() throws IOException {
        assertThatThrownBy(() -> TakeOver.begin(folder, "edge-2"))
                .hasMessageContaining("the running edge is edge-1, the new one is edge-2");
        try (LocalSocket socket = newcomer()) {
            assertThat(ask(socket, new Message.Hello(9, 1, "edge-1")))
                    .isInstanceOfSatisfying(
                            Message.Refused.class,
                            refused -> assertThat(refused.why()).contains("version 9"));
        }
        node.refusal = Optional.of("a hot restart needs edge.transport epoll");
        assertThatThrownBy(() -> TakeOver.begin(folder, "edge-1"))
                .hasMessageContaining("needs edge.transport epoll");
        assertThat(node.calls).isEmpty();
    }

    @Test
    void nobodyElseMayTouchTheSocket() throws IOException {
        assertThat(
                        PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(folder.resolve(Handover.NAME))))
                .isEqualTo("rw-------");
    }

    @Test
    void aFolderWhoseNameIsTooLongIsRefused() throws IOException {
        Path deep = folder.resolve("d".repeat(LocalSocket.PATH_MAX));
        try (FolderLock lock = FolderLock.take(deep).orElseThrow()) {
            assertThatThrownBy(() -> Handover.offer(deep, node, lock))
                    .hasMessageContaining("longer than 107 bytes");
        }
        Path longest =
                folder.resolve("x".repeat(LocalSocket.PATH_MAX - folder.toString().length() - 1));
        LocalSocket.bound(longest).close();
    }

    @Test
    void moreThanOneMessageMayHoldIsRefused() throws IOException {
        try (LocalSocket socket = newcomer()) {
            assertThatThrownBy(() -> socket.send(new byte[LocalSocket.BYTES_MAX + 1], List.of()))
                    .isInstanceOf(IllegalArgumentException.class);
            List<Integer> many = java.util.Collections.nCopies(LocalSocket.DESCRIPTORS_MAX + 1, 0);
            assertThatThrownBy(() -> socket.send(new byte[1], many))
                    .isInstanceOf(IllegalArgumentException.class);
            socket.send(
                    new byte[LocalSocket.BYTES_MAX],
                    java.util.Collections.nCopies(LocalSocket.DESCRIPTORS_MAX, 0));
        }
    }
}
