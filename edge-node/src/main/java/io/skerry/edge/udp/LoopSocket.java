package io.skerry.edge.udp;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A socket as Netty's event loop knows it, whatever the loop waits with: from its registration to
/// its one close.
abstract sealed class LoopSocket implements UdpSocket, IoHandle permits EpollSocket, NioSocket {
    private static final Logger LOG = LoggerFactory.getLogger(LoopSocket.class);

    private final UdpLoop loop;
    private final IoOps read;
    private Runnable whenReadable = () -> {};
    private Runnable whenLoopEnds = () -> {};
    private @Nullable IoRegistration registration;
    private boolean closed;

    /// @param read what the loop waits for
    LoopSocket(UdpLoop loop, IoOps read) {
        this.loop = loop;
        this.read = read;
    }

    /// Closes the socket itself; called once.
    abstract void shut() throws IOException;

    @Override
    public final void register(Runnable readable, Runnable loopEnds) throws IOException {
        whenReadable = readable;
        whenLoopEnds = loopEnds;
        if (registration == null) {
            registration = loop.register(this, read);
        }
    }

    /// Leaves the loop and stays open.
    final void unregister() {
        if (registration != null) {
            registration.cancel();
            registration = null;
        }
    }

    @Override
    public final void handle(IoRegistration from, IoEvent event) {
        if (!closed) {
            loop.touch();
            whenReadable.run();
        }
    }

    /// The event loop ends.
    @Override
    public final void close() {
        whenLoopEnds.run();
        release();
    }

    @Override
    public final void release() {
        if (closed) {
            return;
        }
        closed = true;
        unregister();
        try {
            shut();
        } catch (IOException failed) {
            LOG.debug("closing a socket failed", failed);
        }
    }
}
