package io.skerry.edge.tcp;

import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.skerry.edge.socket.SystemCalls;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A listening socket on an epoll loop.
final class EpollListening implements ListeningSocket, EpollIoHandle {
    /// Clients accepted in one turn of the loop; the others have their turn too.
    private static final int ACCEPTS_MAX = 32;

    private static final Logger LOG = LoggerFactory.getLogger(EpollListening.class);

    private final EpollSockets sockets;
    private final FileDescriptor fd;
    private final @Nullable InetSocketAddress at;
    private final Owner owner;
    private @Nullable IoRegistration registration;
    private boolean paused;
    private boolean closed;

    /// @param fd a listening socket that never blocks; closed by this
    /// @param at what every client has dialled; null where each may have dialled something else
    EpollListening(EpollSockets sockets, int fd, @Nullable InetSocketAddress at, Owner owner) {
        this.sockets = sockets;
        this.fd = new FileDescriptor(fd);
        this.at = at;
        this.owner = owner;
    }

    /// Where it is bound.
    InetSocketAddress boundTo() {
        return sockets.local(fd.intValue());
    }

    void register() throws IOException {
        registration = sockets.register(this);
        watch(EpollIoOps.EPOLLIN);
    }

    private void watch(EpollIoOps events) {
        if (registration != null) {
            registration.submit(events);
        }
    }

    @Override
    public FileDescriptor fd() {
        return fd;
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
        for (int i = 0; i < ACCEPTS_MAX && !paused && !closed; i++) {
            int client = sockets.accept(fd.intValue());
            if (client >= 0) {
                accepted(sockets.accepted(client, at));
            } else if (client == -SystemCalls.EAGAIN) {
                return;
            } else if (!isOfOneClient(-client)) {
                owner.failed(new IOException(SystemCalls.text(-client)));
                return;
            }
        }
    }

    private void accepted(EpollSocket client) {
        try {
            owner.accepted(client);
        } catch (RuntimeException bug) {
            LOG.error("accepting broke", bug);
            client.close(true);
        }
    }

    /// Whether another client may be accepted all the same; see `accept(2)`.
    private static boolean isOfOneClient(int errno) {
        return switch (errno) {
            case SystemCalls.EINTR,
                    SystemCalls.ECONNABORTED,
                    SystemCalls.EPROTO,
                    SystemCalls.EPERM,
                    SystemCalls.ETIMEDOUT,
                    SystemCalls.ENETUNREACH,
                    SystemCalls.EHOSTUNREACH ->
                    true;
            default -> false;
        };
    }

    @Override
    public void pause() {
        paused = true;
        // Not without any event: Netty 4.2.18 cannot watch a socket again after that.
        watch(EpollIoOps.EPOLLET);
    }

    @Override
    public void resume() {
        if (closed) {
            return;
        }
        paused = false;
        try {
            if (registration == null) {
                register();
            } else {
                watch(EpollIoOps.EPOLLIN);
            }
        } catch (IOException full) {
            owner.failed(full);
        }
    }

    @Override
    public void leave() {
        paused = true;
        if (registration != null) {
            registration.cancel();
            registration = null;
        }
    }

    @Override
    public int descriptor() {
        return fd.intValue();
    }

    @Override
    public void close(Runnable then) {
        close();
        then.run();
    }

    /// The event loop ends, or the port is closed.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        // First: a socket that another process has too stays in the epoll set beyond its end here.
        leave();
        try {
            fd.close();
        } catch (IOException failed) {
            LOG.debug("closing a socket failed", failed);
        }
    }
}
