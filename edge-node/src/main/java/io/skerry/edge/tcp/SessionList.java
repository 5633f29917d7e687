package io.skerry.edge.tcp;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The sessions of one listener on one event loop, linked through the sessions themselves. Runs on
/// that event loop.
final class SessionList {
    private @Nullable TcpSession first;
    private int size;

    void add(TcpSession session) {
        TcpSession second = first;
        session.next = second;
        if (second != null) {
            second.previous = session;
        }
        first = session;
        size++;
    }

    void remove(TcpSession session) {
        TcpSession before = session.previous;
        TcpSession after = session.next;
        if (before == null) {
            first = after;
        } else {
            before.next = after;
        }
        if (after != null) {
            after.previous = before;
        }
        session.previous = null;
        session.next = null;
        size--;
    }

    int size() {
        return size;
    }

    /// Calls with each session; the call may end its own session and no other.
    void each(Consumer<TcpSession> call) {
        TcpSession session = first;
        while (session != null) {
            TcpSession next = session.next;
            call.accept(session);
            session = next;
        }
    }
}
