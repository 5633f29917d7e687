package io.skerry.standalone.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/// The way of one rule service to PostgreSQL: can be cut, and can do something to the commit of a
/// write, of all messages. Knows as much of the protocol as that takes (PostgreSQL documentation,
/// "Message Formats"): the first message has no type, each other is a type and a length.
final class PostgresLink implements AutoCloseable {
    private static final int BYTES = 64 * 1024;

    /// Length of `SSLRequest` and `GSSENCRequest`, which another first message follows; the one
    /// that starts is longer.
    private static final int ASKS_FOR_ENCRYPTION = 8;

    /// What becomes of the next commit of a write.
    enum AtCommit {
        PASS,
        /// It does not arrive, and the connection breaks.
        CUT_BEFORE,
        /// It is done, but the connection breaks in place of the answer.
        CUT_AFTER,
        /// It stays under way until the connection ends; {@link #held()} says when.
        HOLD
    }

    private final ServerSocket server;
    private final int target;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final AtomicReference<AtCommit> next = new AtomicReference<>(AtCommit.PASS);
    private volatile CompletableFuture<Void> held = new CompletableFuture<>();
    private volatile boolean cut;

    /// @param target port of 127.0.0.1 where the database listens
    PostgresLink(String bind, int target) {
        this.target = target;
        try {
            server = new ServerSocket(0, 256, InetAddress.ofLiteral(bind));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        Thread.ofVirtual().start(this::serve);
    }

    /// The database's address with this way in place of the direct one.
    String uri(String direct) {
        String there = server.getInetAddress().getHostAddress() + ":" + server.getLocalPort();
        return direct.replace("127.0.0.1:" + target, there);
    }

    /// Breaks all connections and takes no other until {@link #heal()}.
    void cut() {
        cut = true;
        connections.forEach(Connection::close);
    }

    void heal() {
        cut = false;
    }

    /// Arms the link, once.
    void atCommit(AtCommit what) {
        held = new CompletableFuture<>();
        next.set(what);
    }

    /// Whether the link still waits for a commit.
    boolean isArmed() {
        return next.get() != AtCommit.PASS;
    }

    /// Completes when a commit is held; everything before it has been done by the database.
    CompletableFuture<Void> held() {
        return held;
    }

    private void serve() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                if (cut) {
                    client.close();
                } else {
                    Connection connection = new Connection(client);
                    connections.add(connection);
                    connection.start();
                }
            } catch (IOException refusedOrClosed) {
                // The next accept says whether the test is over.
            }
        }
    }

    @Override
    public void close() {
        cut();
        try {
            server.close();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private final class Connection {
        private final Socket client;
        private final Socket database = new Socket();
        private boolean writes;
        private volatile boolean answerCuts;

        Connection(Socket client) {
            this.client = client;
        }

        void start() {
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            client.setTcpNoDelay(true);
                            database.setTcpNoDelay(true);
                            database.connect(
                                    new InetSocketAddress(
                                            InetAddress.ofLiteral("127.0.0.1"), target));
                            Thread.ofVirtual().start(this::answers);
                            requests();
                        } catch (IOException ended) {
                            close();
                        }
                    });
        }

        private void answers() {
            byte[] bytes = new byte[BYTES];
            try {
                InputStream from = database.getInputStream();
                OutputStream to = client.getOutputStream();
                for (int read; (read = from.read(bytes)) >= 0 && !answerCuts; ) {
                    to.write(bytes, 0, read);
                }
            } catch (IOException ended) {
                // Closed below.
            }
            close();
        }

        private void requests() throws IOException {
            DataInputStream from = new DataInputStream(client.getInputStream());
            OutputStream to = database.getOutputStream();
            byte[] first;
            do {
                first = message(new byte[0], from.readInt(), from);
                to.write(first);
            } while (first.length == ASKS_FOR_ENCRYPTION);
            while (true) {
                byte[] type = {from.readByte()};
                byte[] message = message(type, from.readInt(), from);
                if (type[0] != 'Q' || mayPass(text(message))) {
                    to.write(message);
                    to.flush();
                }
            }
        }

        private static byte[] message(byte[] type, int length, DataInputStream from)
                throws IOException {
            ByteBuffer message = ByteBuffer.allocate(type.length + length);
            message.put(type).putInt(length);
            from.readFully(message.array(), message.position(), message.remaining());
            return message.array();
        }

        private static String text(byte[] query) {
            return new String(query, 5, query.length - 6, UTF_8);
        }

        private boolean mayPass(String query) {
            if (query.startsWith("BEGIN")) {
                // Reads have no lock time-out, and notes are not waited for.
                writes = query.contains("lock_timeout") && !query.contains("synchronous_commit");
            }
            if (!query.equals("COMMIT") || !writes) {
                return true;
            }
            return switch (next.getAndSet(AtCommit.PASS)) {
                case PASS -> true;
                case CUT_BEFORE -> {
                    close();
                    yield false;
                }
                case CUT_AFTER -> {
                    answerCuts = true;
                    yield true;
                }
                case HOLD -> {
                    held.complete(null);
                    yield false;
                }
            };
        }

        void close() {
            connections.remove(this);
            try {
                client.close();
                database.close();
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
        }
    }
}
