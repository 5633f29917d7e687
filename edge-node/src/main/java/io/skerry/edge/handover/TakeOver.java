package io.skerry.edge.handover;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The new process's side of a hot restart: asks the running one for its sockets. Until {@link
/// #serving} has succeeded the running one goes on, whatever happens here. All methods block.
public final class TakeOver implements AutoCloseable {
    /// The name under which the {@link FolderLock} goes over.
    static final String LOCK = "lock";

    /// How long the running process may take to answer the introduction, and the last word.
    static final Duration HELLO = Duration.ofSeconds(5);

    /// How long it may take for a step: two of its own.
    private static final Duration STEP = Duration.ofSeconds(20);

    /// How long its control ports may take to become free.
    private static final Duration LEAVING = Duration.ofSeconds(30);

    private static final Logger log = LoggerFactory.getLogger(TakeOver.class);

    private final Conversation with;
    private final Message.Welcome welcome;
    private final FolderLock lock;
    private final List<OpenSocket> listeners;

    private TakeOver(
            Conversation with,
            Message.Welcome welcome,
            FolderLock lock,
            List<OpenSocket> listeners) {
        this.with = with;
        this.welcome = welcome;
        this.lock = lock;
        this.listeners = List.copyOf(listeners);
    }

    /// Has the process that holds the folder begin to hand over.
    ///
    /// @param node the name both go by
    /// @throws IOException where it does not answer or refuses; the message says which
    public static TakeOver begin(Path folder, String node) throws IOException {
        Conversation with;
        try {
            with = new Conversation(LocalSocket.connected(folder.resolve(Handover.NAME)));
        } catch (IOException nobody) {
            throw new IOException("it offers no hot restart (" + nobody.getMessage() + ")", nobody);
        }
        try {
            return begin(with, folder, node);
        } catch (IOException failed) {
            with.close();
            throw failed;
        }
    }

    private static TakeOver begin(Conversation with, Path folder, String node) throws IOException {
        int user = with.peer().user();
        if (user != LocalCalls.user()) {
            throw new IOException(
                    "it belongs to user " + user + ", this process to user " + LocalCalls.user());
        }
        with.say(new Message.Hello(Message.VERSION, ProcessHandle.current().pid(), node));
        if (!(heard(with, HELLO).message() instanceof Message.Welcome welcome)) {
            throw new IOException("it did not introduce itself");
        }
        with.say(new Message.Begin());
        List<OpenSocket> listeners = new ArrayList<>(all(with));
        OpenSocket lock =
                listeners.stream()
                        .filter(each -> each.name().equals(LOCK))
                        .findFirst()
                        .orElseThrow(() -> new IOException("it did not hand over the folder"));
        listeners.remove(lock);
        return new TakeOver(with, welcome, FolderLock.of(folder, lock.descriptor()), listeners);
    }

    private static Conversation.Heard heard(Conversation with, Duration atMost) throws IOException {
        Conversation.Heard heard;
        try {
            heard = with.hear(atMost);
        } catch (SocketTimeoutException silent) {
            throw new IOException("it does not answer; is it stopped?", silent);
        }
        if (heard.message() instanceof Message.Refused(String why)) {
            throw new IOException("it refuses: " + why);
        }
        return heard;
    }

    private static List<OpenSocket> all(Conversation with) throws IOException {
        List<OpenSocket> sockets = new ArrayList<>();
        while (true) {
            Conversation.Heard heard = heard(with, STEP);
            if (!(heard.message() instanceof Message.Sockets(var items, boolean more))) {
                throw new IOException("it answered with no sockets");
            }
            sockets.addAll(heard.sockets());
            if (!more) {
                return sockets;
            }
            with.say(new Message.Next());
        }
    }

    /// The process that is taken over from.
    public long pid() {
        return welcome.pid();
    }

    /// The id of the node's life, which goes on.
    public String boot() {
        return welcome.boot();
    }

    /// The folder's lock; the running process has it too until it has handed over.
    public FolderLock lock() {
        return lock;
    }

    /// The running process's listening sockets, and words about them; the caller's to close.
    public List<OpenSocket> listeners() {
        return listeners;
    }

    /// Has the running process accept and read nothing more; it does so again when this one fails.
    ///
    /// @return the sockets of sessions that go over; the caller's to close
    public List<OpenSocket> pause() throws IOException {
        with.say(new Message.Pause());
        return all(with);
    }

    /// Says that this process serves from now on. The running one goes on where this fails, and
    /// ends where it succeeds.
    public void serving() throws IOException {
        IOException unheard = null;
        try {
            with.say(new Message.Serving());
        } catch (IOException gone) {
            unheard = gone;
        }
        try {
            if (!(heard(with, HELLO).message() instanceof Message.Done)) {
                throw new IOException("it did not let go");
            }
        } catch (EOFException dead) {
            // A process that goes on says so before it hangs up.
            log.warn("the process taken over from has died");
        } catch (IOException failed) {
            if (unheard != null || !(failed.getCause() instanceof SocketTimeoutException)) {
                throw failed;
            }
            // It will find the word when it looks up again, and takes nothing until then.
            log.warn("the process taken over from, pid {}, does not answer", pid());
        }
        lock.sign();
    }

    /// Waits until the control ports of the process before are free, as far as it says.
    public void awaitFree() {
        try {
            while (true) {
                with.hear(LEAVING);
            }
        } catch (SocketTimeoutException slow) {
            // The connection stays open: hanging up would look as if this process had died.
            log.warn("the process taken over from, pid {}, takes its time to leave", pid());
        } catch (IOException gone) {
            with.close();
        }
    }

    /// Gives up: the running process goes on.
    @Override
    public void close() {
        with.close();
        lock.close();
        listeners.stream()
                .filter(OpenSocket::isOpen)
                .forEach(each -> LocalCalls.close(each.descriptor()));
    }
}
