package io.skerry.edge.udp;

import java.io.IOException;

/// The system gives no socket for a session. Without a stack trace: it may be thrown for every
/// datagram of a flood.
final class SocketRefused extends IOException {
    private static final long serialVersionUID = 1L;

    /// What is in the way.
    enum Cause {
        DESCRIPTORS,
        UNREACHABLE
    }

    private final Cause why;

    SocketRefused(Cause why) {
        super(why.name());
        this.why = why;
    }

    Cause why() {
        return why;
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
