package io.skerry.edge.tcp;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where clients come in on one event loop: a listening socket that may be shut for a while. Runs
/// on that event loop.
///
/// When the process has no descriptor left, `accept` fails again and again without taking anything
/// off the queue, or a client is accepted and has to be turned away for want of a socket towards
/// its origin. Accepting then pauses and is tried again by a timer, and the clients wait in the
/// backlog. All ports of a front share its entrance, for they share its backlog: none of them lets
/// clients in before another's pause is over, and the pause outlives a port that closes.
final class Entrance {
    static final long PAUSE_MILLIS = 250;

    private static final long SAY_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final Logger LOG = LoggerFactory.getLogger(Entrance.class);

    private final TcpParts parts;
    private final TcpLoop tcpLoop;
    private final Object name;
    private @Nullable ListeningSocket socket;
    private boolean paused;
    private boolean held;
    private boolean said;
    private long saidAt;

    /// @param name what people know it by
    Entrance(TcpParts parts, TcpLoop tcpLoop, Object name) {
        this.parts = parts;
        this.tcpLoop = tcpLoop;
        this.name = name;
    }

    /// The socket listens.
    void opened(ListeningSocket listening) {
        socket = listening;
    }

    /// Lets nobody in for a while.
    void pause(String why) {
        ListeningSocket listening = socket;
        if (paused || listening == null) {
            return;
        }
        paused = true;
        parts.acceptPauses().increment();
        // Said once in a while, not four times a second.
        if (!said || tcpLoop.now() - saidAt >= SAY_AGAIN_NANOS) {
            said = true;
            saidAt = tcpLoop.now();
            LOG.warn("accepting on {} pauses: {}", name, why);
        }
        listening.pause();
        var _ = tcpLoop.loop().schedule(this::resume, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void resume() {
        paused = false;
        ListeningSocket listening = socket;
        if (listening != null && !held) {
            listening.resume();
        }
    }

    /// Lets nobody in, and leaves the socket to another process if one wants it.
    void hold() {
        held = true;
        ListeningSocket listening = socket;
        if (listening != null) {
            listening.leave();
        }
    }

    /// Lets clients in again.
    void accept() {
        held = false;
        if (!paused) {
            resume();
        }
    }

    /// The descriptor of the socket; -1 where it has none.
    int descriptor() {
        ListeningSocket listening = socket;
        return listening == null ? -1 : listening.descriptor();
    }

    /// Closes the socket, if there is one, for good; then tells.
    void close(Runnable closed) {
        ListeningSocket listening = socket;
        socket = null;
        if (listening == null) {
            closed.run();
        } else {
            listening.close(closed);
        }
    }
}
