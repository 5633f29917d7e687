package io.skerry.edge.transport;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Netty's epoll handler, with sockets that stay watched while nothing is asked of them.
///
/// Netty 4.2.18 takes a socket out of the epoll set when the last interest in it goes, as it does
/// once the peer has half-closed, and fails to put it back: the next write that does not fit the
/// socket buffer breaks the connection with `epoll_ctl … No such file or directory`. Here such a
/// socket stays in the set, edge-triggered and without interest, which also lets a reset be seen.
///
/// Changes of interest are told to the system once per turn of the loop, just before it waits, and
/// only where the interest differs from what the system knows: Netty changes its mind several times
/// while a connection begins and ends, and each change would be a system call.
final class WatchedEpoll implements IoHandler {
    private static final Logger LOG = LoggerFactory.getLogger(WatchedEpoll.class);

    private final IoHandler epoll;
    private final ThreadAwareExecutor loop;
    private final ArrayDeque<Watched> changed = new ArrayDeque<>();

    private WatchedEpoll(IoHandler epoll, ThreadAwareExecutor loop) {
        this.epoll = epoll;
        this.loop = loop;
    }

    static IoHandlerFactory newFactory() {
        IoHandlerFactory factory = EpollIoHandler.newFactory();
        return loop -> new WatchedEpoll(factory.newHandler(loop), loop);
    }

    @Override
    public void initialize() {
        epoll.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
        for (Watched each = changed.poll(); each != null; each = changed.poll()) {
            each.tell();
        }
        return epoll.run(context);
    }

    @Override
    public void prepareToDestroy() {
        epoll.prepareToDestroy();
    }

    @Override
    public void destroy() {
        epoll.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        return new Watched(handle, epoll.register(handle));
    }

    @Override
    public void wakeup() {
        epoll.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> type) {
        return epoll.isCompatible(type);
    }

    private final class Watched implements IoRegistration {
        private final IoHandle handle;
        private final IoRegistration registration;

        /// What the system knows; null while the socket is not in the set.
        private @Nullable IoOps told;

        private IoOps wanted = EpollIoOps.NONE;
        private boolean waiting;

        Watched(IoHandle handle, IoRegistration registration) {
            this.handle = handle;
            this.registration = registration;
        }

        @Override
        @SuppressWarnings("TypeParameterUnusedInFormals") // the signature is Netty's
        public <T> T attachment() {
            return registration.attachment();
        }

        @Override
        public long submit(IoOps ops) {
            if (told == null || !loop.isExecutorThread(Thread.currentThread())) {
                return submitNow(ops);
            }
            wanted = ops;
            if (!waiting) {
                waiting = true;
                changed.add(this);
            }
            return ((EpollIoOps) ops).value();
        }

        private long submitNow(IoOps ops) {
            boolean none = ops.equals(EpollIoOps.NONE);
            if (none && told == null) {
                return registration.submit(ops);
            }
            wanted = ops;
            told = ops;
            return registration.submit(none ? EpollIoOps.EPOLLET : ops);
        }

        /// Sockets leave the loop only to be closed, and a closed one is out of the set by itself
        /// unless another process has it, too.
        private void closeFirst() {
            if (handle instanceof Shareable socket && socket.isShared()) {
                return;
            }
            try {
                ((EpollIoHandle) handle).fd().close();
            } catch (IOException failed) {
                LOG.debug("closing a socket failed", failed);
            }
        }

        private void tell() {
            waiting = false;
            if (wanted.equals(told) || !registration.isValid()) {
                return;
            }
            try {
                submitNow(wanted);
            } catch (UncheckedIOException failed) {
                LOG.error("epoll refuses a socket, which is closed", failed);
                close();
            }
        }

        private void close() {
            try {
                handle.close();
            } catch (Exception failed) {
                LOG.error("a socket was not closed", failed);
            }
        }

        @Override
        public boolean isValid() {
            return registration.isValid();
        }

        @Override
        public boolean cancel() {
            if (loop.isExecutorThread(Thread.currentThread())) {
                closeFirst();
            }
            return registration.cancel();
        }
    }
}
