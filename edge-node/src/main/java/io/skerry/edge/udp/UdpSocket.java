package io.skerry.edge.udp;

import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.unix.FileDescriptor;
import io.skerry.edge.transport.Shareable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A UDP socket on an event loop. Owns the descriptor: once made it is closed exactly once, by
/// {@link #close} or by the loop's own end.
final class UdpSocket implements EpollIoHandle, Shareable {
    private static final Logger LOG = LoggerFactory.getLogger(UdpSocket.class);

    private final UdpLoop loop;
    private final FileDescriptor fd;
    private final Runnable whenReadable;
    private final Runnable whenLoopEnds;
    private @Nullable IoRegistration registration;
    private boolean shared;
    private boolean closed;

    /// @param whenReadable runs when there is something to read, an error, or nothing after all
    /// @param whenLoopEnds runs when the event loop ends with the socket open; closes it
    UdpSocket(UdpLoop loop, int fd, Runnable whenReadable, Runnable whenLoopEnds) {
        this.loop = loop;
        this.fd = new FileDescriptor(fd);
        this.whenReadable = whenReadable;
        this.whenLoopEnds = whenLoopEnds;
    }

    void register() throws IOException {
        if (registration == null) {
            registration = loop.register(this);
        }
    }

    /// Leaves the loop and stays open, so that another process can have the socket as well.
    void leave() {
        shared = true;
        if (registration != null) {
            registration.cancel();
            registration = null;
        }
    }

    @Override
    public boolean isShared() {
        return shared;
    }

    int number() {
        return fd.intValue();
    }

    @Override
    public FileDescriptor fd() {
        return fd;
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
        if (!closed) {
            loop.touch();
            whenReadable.run();
        }
    }

    /// The event loop ends.
    @Override
    public void close() {
        whenLoopEnds.run();
        release();
    }

    /// Leaves the loop and closes the descriptor; may be called again.
    void release() {
        if (closed) {
            return;
        }
        closed = true;
        if (registration != null) {
            registration.cancel();
        }
        // Not by its number: leaving the loop may have closed it, and the number may be another's.
        try {
            fd.close();
        } catch (IOException failed) {
            LOG.debug("closing a socket failed", failed);
        }
    }
}
