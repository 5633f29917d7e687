package io.skerry.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.socket.SystemCalls;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A TCP socket on an epoll loop, by the system calls themselves.
///
/// It is watched edge-triggered, once, so that no call is spent on changes of interest: an event
/// sets a flag, and the flag falls when a call finds nothing. Bytes are read into the loop's buffer
/// and written from there; only what the system does not take is copied.
final class EpollSocket implements TcpSocket, EpollIoHandle {
    private static final int IN = EpollIoOps.EPOLLIN.value();
    private static final int OUT = EpollIoOps.EPOLLOUT.value();
    private static final int ERR = EpollIoOps.EPOLLERR.value();
    private static final int RDHUP = EpollIoOps.EPOLLRDHUP.value();
    private static final int PRI = 0x2;
    private static final int HUP = 0x10;

    private static final EpollIoOps READING =
            EpollIoOps.EPOLLET
                    .with(EpollIoOps.EPOLLIN)
                    .with(EpollIoOps.EPOLLRDHUP)
                    .with(EpollIoOps.valueOf(PRI));
    private static final EpollIoOps READING_AND_WRITING = READING.with(EpollIoOps.EPOLLOUT);

    /// Reads in one turn of the loop; then others have their turn.
    private static final int READS_MAX = 8;

    private static final Logger LOG = LoggerFactory.getLogger(EpollSocket.class);

    private final EpollSockets sockets;
    private final FileDescriptor fd;
    private @Nullable InetSocketAddress peer;
    private @Nullable InetSocketAddress local;
    private @Nullable IoRegistration registration;
    private @Nullable Owner owner;
    private boolean connecting;
    private boolean closed;
    private boolean released;

    /// Wanted by the owner.
    private boolean reading;

    /// Something may be there to read. At first, nothing is known.
    private boolean readable = true;

    /// The peer's end has arrived: what is left to read are the bytes before it.
    private boolean endArrived;

    /// An event told of an error, or of urgent data, at which a read stops short: then a read that
    /// fills less than the buffer does not mean that nothing is left.
    private boolean readsStopShort;

    private boolean queuedToRead;
    private boolean writable;
    private boolean watchesWriting;
    private boolean full;
    private @Nullable ByteBuf waiting;
    private @Nullable Runnable whenWritten;

    /// @param fd a socket that never blocks; closed by this
    /// @param peer the client; null for a socket that will connect
    /// @param local what the client dialled; null where the system is to be asked
    EpollSocket(
            EpollSockets sockets,
            int fd,
            @Nullable InetSocketAddress peer,
            @Nullable InetSocketAddress local) {
        this.sockets = sockets;
        this.fd = new FileDescriptor(fd);
        this.peer = peer;
        this.local = local;
    }

    @Override
    public @Nullable InetSocketAddress peer() {
        return peer;
    }

    @Override
    public InetSocketAddress local() {
        InetSocketAddress known = local;
        if (known == null) {
            known = sockets.local(descriptor());
            local = known;
        }
        return known;
    }

    @Override
    public int descriptor() {
        return fd.intValue();
    }

    @Override
    public FileDescriptor fd() {
        return fd;
    }

    @Override
    public void begin(Owner told) {
        owner = told;
        writable = true;
        if (!watch(READING)) {
            told.reset();
        }
    }

    @Override
    public void connect(InetSocketAddress origin, Owner told) {
        owner = told;
        peer = origin;
        connecting = true;
        readable = false;
        watchesWriting = true;
        int answer = sockets.connect(descriptor(), origin);
        if (answer < 0 && answer != -SystemCalls.EINPROGRESS) {
            told.connectFailed(ConnectFailure.reason(-answer));
        } else if (!watch(READING_AND_WRITING)) {
            told.connectFailed(EndReason.DESCRIPTORS);
        }
    }

    private boolean watch(EpollIoOps events) {
        try {
            IoRegistration registered = registration;
            if (registered == null) {
                registered = sockets.register(this);
                registration = registered;
            }
            registered.submit(events);
            return true;
        } catch (IOException | java.io.UncheckedIOException refused) {
            LOG.error("epoll refuses a socket", refused);
            return false;
        }
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
        Owner told = owner;
        if (closed || told == null) {
            return;
        }
        try {
            happened(((EpollIoEvent) event).ops().value(), told);
        } catch (RuntimeException bug) {
            told.bug(bug);
        }
    }

    private void happened(int events, Owner told) {
        if ((events & (IN | RDHUP | PRI | ERR | HUP)) != 0) {
            readable = true;
            endArrived |= (events & RDHUP) != 0;
            readsStopShort |= (events & (PRI | ERR)) != 0;
        }
        if (connecting) {
            finishConnecting(events, told);
        } else if ((events & OUT) != 0 && !writable) {
            writable = true;
            flush();
            if (full && !closed && waitingBytes() <= sockets.settings().lowWater()) {
                full = false;
                told.writable();
            }
        }
        if (closed || connecting) {
            return;
        }
        if (reading) {
            readWhatIsThere(told);
        } else if ((events & ERR) != 0) {
            told.reset();
        }
    }

    private void finishConnecting(int events, Owner told) {
        if ((events & (ERR | HUP)) != 0) {
            told.connectFailed(ConnectFailure.reason(sockets.calls.error(descriptor())));
        } else if ((events & OUT) != 0) {
            connecting = false;
            writable = true;
            told.connected();
        }
    }

    @Override
    public void read(boolean wanted) {
        reading = wanted;
        Owner told = owner;
        if (wanted && readable && !closed && told != null) {
            readWhatIsThere(told);
        }
    }

    void readOn() {
        queuedToRead = false;
        read(reading);
    }

    private void readWhatIsThere(Owner told) {
        for (int i = 0; reading && readable && !closed; i++) {
            if (i == READS_MAX) {
                readLater();
                return;
            }
            int count =
                    sockets.calls.receiveBytes(
                            descriptor(), sockets.bufferAddress(), EpollSockets.READ_BYTES);
            if (count > 0) {
                received(count, told);
            } else if (count == 0) {
                ended(told);
            } else if (count == -SystemCalls.EAGAIN) {
                readable = false;
            } else if (count != -SystemCalls.EINTR) {
                broke("read", -count);
            }
        }
    }

    private void readLater() {
        if (!queuedToRead) {
            queuedToRead = true;
            sockets.readLater(this);
        }
    }

    private void received(int count, Owner told) {
        boolean all = count < EpollSockets.READ_BYTES && !readsStopShort;
        readable = !all || endArrived;
        told.received(sockets.read(count));
        if (all && endArrived && reading && !closed) {
            ended(told);
        }
    }

    private void ended(Owner told) {
        readable = false;
        reading = false;
        told.ended();
    }

    @Override
    public void hold(ByteBuf bytes) {
        keep(bytes);
        bytes.release();
    }

    @Override
    public void write(ByteBuf bytes) {
        if (closed) {
            return;
        }
        if (waiting != null) {
            keep(bytes);
            flush();
        } else if (writable) {
            int sent = send(bytes);
            if (sent >= 0 && sent < bytes.readableBytes()) {
                keep(bytes.skipBytes(sent));
                waitUntilWritable();
            }
        } else {
            keep(bytes);
        }
        full = waitingBytes() >= sockets.settings().highWater();
    }

    private void keep(ByteBuf bytes) {
        ByteBuf kept = waiting;
        if (kept == null) {
            kept = ByteBufAllocator.DEFAULT.directBuffer(bytes.readableBytes());
            waiting = kept;
        } else if (kept.writableBytes() < bytes.readableBytes()) {
            kept.discardReadBytes();
        }
        kept.writeBytes(bytes, bytes.readerIndex(), bytes.readableBytes());
    }

    /// Answers how many bytes the system took, or -1 where the connection is broken.
    private int send(ByteBuf bytes) {
        int sent;
        do {
            sent = sockets.calls.sendBytes(descriptor(), address(bytes), bytes.readableBytes());
        } while (sent == -SystemCalls.EINTR);
        if (sent >= 0) {
            return sent;
        }
        if (sent == -SystemCalls.EAGAIN) {
            return 0;
        }
        broke("write", -sent);
        return -1;
    }

    private static long address(ByteBuf bytes) {
        return bytes.hasMemoryAddress()
                ? bytes.memoryAddress() + bytes.readerIndex()
                : MemorySegment.ofBuffer(bytes.nioBuffer()).address();
    }

    private void waitUntilWritable() {
        writable = false;
        if (!watchesWriting) {
            watchesWriting = true;
            if (!watch(READING_AND_WRITING)) {
                broke("write", SystemCalls.ENOMEM);
            }
        }
    }

    @Override
    public void flush() {
        ByteBuf kept = waiting;
        if (kept == null || !writable || closed) {
            return;
        }
        int sent = send(kept);
        if (sent >= 0 && sent < kept.readableBytes()) {
            kept.skipBytes(sent);
            waitUntilWritable();
        } else if (sent >= 0) {
            kept.release();
            waiting = null;
            written();
        }
    }

    private void written() {
        Runnable then = whenWritten;
        whenWritten = null;
        if (then != null) {
            then.run();
        }
    }

    /// What a client had sent was read when reading began.
    @Override
    public void flushSoon() {
        flush();
    }

    @Override
    public boolean isFull() {
        return full;
    }

    @Override
    public boolean hasWaiting() {
        return waiting != null;
    }

    @Override
    public long acknowledged() {
        return closed ? 0 : sockets.calls.acknowledged(descriptor());
    }

    private int waitingBytes() {
        return waiting == null ? 0 : waiting.readableBytes();
    }

    @Override
    public void whenWritten(Runnable then) {
        if (waiting == null) {
            then.run();
        } else {
            whenWritten = then;
        }
    }

    @Override
    public void end() {
        int answer = closed ? 0 : sockets.calls.shutdownOutput(descriptor());
        if (answer < 0) {
            broke("end", -answer);
        }
    }

    private void broke(String what, int errno) {
        LOG.debug("a socket broke at its {}: error number {}", what, errno);
        if (owner != null && !closed) {
            owner.reset();
        }
    }

    @Override
    public void close(boolean abrupt) {
        if (closed) {
            return;
        }
        closed = true;
        whenWritten = null;
        if (waiting != null) {
            waiting.release();
            waiting = null;
        }
        if (abrupt) {
            sockets.calls.resetOnClose(descriptor());
        }
        if (registration == null) {
            release();
        } else {
            sockets.releaseLater(this);
        }
    }

    /// The event loop ends.
    @Override
    public void close() {
        if (!closed && owner != null) {
            owner.reset();
        }
        close(true);
        release();
    }

    /// Closes the descriptor, which takes it out of the epoll set, and leaves the loop.
    void release() {
        if (released) {
            return;
        }
        released = true;
        try {
            fd.close();
        } catch (IOException failed) {
            LOG.debug("closing a socket failed", failed);
        }
        if (registration != null) {
            registration.cancel();
        }
    }
}
