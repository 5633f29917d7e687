package io.skerry.edge.handover;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The running node's side of a hot restart: waits on `DIR/handover.sock` for a process of the same
/// user that wants to take over, and hands it the sockets. Until that one has said that it serves,
/// everything is undone when it fails.
public final class Handover implements AutoCloseable {
    static final String NAME = "handover.sock";

    /// How long the new process may take between two messages of the introduction.
    static final Duration HELLO = Duration.ofSeconds(5);

    /// How long the new process may take to open what it was given.
    static final Duration STARTING = Duration.ofSeconds(60);

    /// How long nothing may be read: from `pause` on, between two messages.
    static final Duration PAUSED = Duration.ofSeconds(5);

    /// How long the node's own steps may take.
    private static final Duration STEP = Duration.ofSeconds(10);

    private static final Logger log = LoggerFactory.getLogger(Handover.class);

    private final LocalSocket listening;
    private final Handable node;
    private final FolderLock lock;
    private final Thread thread;
    private volatile boolean closed;

    private Handover(LocalSocket listening, Handable node, FolderLock lock) {
        this.listening = listening;
        this.node = node;
        this.lock = lock;
        this.thread = Thread.ofPlatform().daemon().name("edge-handover").unstarted(this::run);
    }

    /// Begins to wait. Blocks for a moment.
    ///
    /// @param lock of the folder; from now on closed here, with this or when it is handed over
    /// @throws IOException where there can be no such socket, as in a folder with a long name
    public static Handover offer(Path folder, Handable node, FolderLock lock) throws IOException {
        Path path = folder.resolve(NAME);
        if (LocalSocket.fits(path)) {
            Files.deleteIfExists(path);
        }
        LocalSocket socket = LocalSocket.bound(path);
        try {
            // Nobody gets in before it listens.
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            socket.listen();
        } catch (IOException failed) {
            socket.close();
            throw failed;
        }
        Handover handover = new Handover(socket, node, lock);
        handover.thread.start();
        return handover;
    }

    private void run() {
        boolean handedOver = false;
        while (!handedOver && !closed) {
            try (Conversation with = new Conversation(listening.accept())) {
                handedOver = serve(with);
            } catch (IOException | RuntimeException failed) {
                if (!closed) {
                    log.warn("a hot restart came to nothing: {}", failed.getMessage());
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        listening.close();
    }

    /// Talks to one process; answers whether it has taken over.
    private boolean serve(Conversation with) throws IOException, InterruptedException {
        String why = introduce(with);
        if (why != null) {
            log.warn("a hot restart is refused: {}", why);
            with.say(new Message.Refused(why));
            return false;
        }
        with.say(new Message.Welcome(ProcessHandle.current().pid(), node.boot()));
        if (!(with.hear(HELLO).message() instanceof Message.Begin)) {
            throw new IOException("the new process did not begin");
        }
        log.info("hot restart: pid {} takes over", with.peer().pid());
        try {
            handOut(with);
        } catch (IOException | RuntimeException failed) {
            await(node.resume());
            log.warn("hot restart: the new process failed, this one goes on");
            refuse(with, "it goes on itself: " + failed.getMessage());
            throw failed;
        }
        log.info("hot restart: pid {} serves", with.peer().pid());
        lock.close();
        // The new process notices the end of this connection, and takes the control ports then.
        await(node.letGo());
        return true;
    }

    /// Whoever is still there has to know that nothing was handed over.
    private static void refuse(Conversation with, String why) {
        try {
            with.say(new Message.Refused(why));
        } catch (IOException gone) {
            log.debug("nobody is there to be told", gone);
        }
    }

    /// Why the process at the other end may not take over; null where it may.
    private @Nullable String introduce(Conversation with) throws IOException {
        LocalSocket.Peer peer = with.peer();
        if (peer.user() != LocalCalls.user()) {
            return "the running edge belongs to user "
                    + LocalCalls.user()
                    + ", the new one to user "
                    + peer.user();
        }
        if (!(with.hear(HELLO).message()
                instanceof Message.Hello(int version, long pid, var name))) {
            return "a hot restart begins with hello";
        }
        if (version != Message.VERSION) {
            return "the running edge hands over in version "
                    + Message.VERSION
                    + ", the new one takes over in version "
                    + version
                    + "; stop the running one and start the new one instead";
        }
        if (!name.equals(node.name())) {
            return "the running edge is " + node.name() + ", the new one is " + name;
        }
        return node.refusal().orElse(null);
    }

    private void handOut(Conversation with) throws IOException, InterruptedException {
        List<OpenSocket> listeners = new ArrayList<>();
        listeners.add(new OpenSocket(TakeOver.LOCK, new JsonObject(), lock.descriptor()));
        listeners.addAll(await(node.begin()));
        if (!(sendAll(with, listeners, STARTING) instanceof Message.Pause)) {
            throw new IOException("the new process said something else than pause");
        }
        if (!(sendAll(with, await(node.pause()), PAUSED) instanceof Message.Serving)) {
            throw new IOException("the new process said something else than serving");
        }
        with.say(new Message.Done());
    }

    /// Sends all sockets, some with each message; answers what the new process said after the last.
    private static Message sendAll(Conversation with, List<OpenSocket> all, Duration patience)
            throws IOException {
        int sent = 0;
        while (true) {
            sent += with.sendSome(all.subList(sent, all.size()));
            Message heard = with.hear(patience).message();
            if (sent == all.size()) {
                return heard;
            }
            if (!(heard instanceof Message.Next)) {
                throw new IOException("the new process said something else than next");
            }
        }
    }

    private static <T> T await(Future<T> future) throws IOException, InterruptedException {
        try {
            return future.toCompletionStage()
                    .toCompletableFuture()
                    .get(STEP.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException failed) {
            Throwable cause = failed.getCause();
            throw new IOException(cause == null ? "failed" : cause.getMessage(), failed);
        } catch (TimeoutException slow) {
            throw new IOException("the running node takes too long", slow);
        }
    }

    /// Waits for nobody any more.
    @Override
    public void close() {
        closed = true;
        listening.wake();
        lock.close();
    }
}
