package io.skerry.edge.tcp;

import static io.skerry.edge.socket.SystemCalls.SOL_SOCKET;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.channel.epoll.EpollIoHandle;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.socket.SocketAddress;
import io.skerry.edge.socket.SystemCalls;
import io.skerry.shared.net.IpText;
import io.vertx.core.Future;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// TCP by the system calls themselves, on an epoll loop of Netty's: what its sockets share.
final class EpollSockets implements TcpSockets {
    /// Bytes read at a time.
    static final int READ_BYTES = 64 * 1024;

    final SystemCalls calls = new SystemCalls();

    private final IoEventLoop loop;
    private final TcpSettings settings;
    private final ByteBuf buffer;
    private final long bufferAddress;
    private final MemorySegment name = Arena.ofAuto().allocate(SocketAddress.ROOM, Long.BYTES);
    private final ArrayDeque<EpollSocket> unread = new ArrayDeque<>();
    private final ArrayDeque<EpollSocket> closing = new ArrayDeque<>();
    private boolean willReadOn;
    private final Runnable readOn = this::readOn;
    private final Runnable release = this::release;

    EpollSockets(IoEventLoop loop, TcpSettings settings) {
        this.loop = loop;
        this.settings = settings;
        ByteBuffer memory = ByteBuffer.allocateDirect(READ_BYTES);
        buffer = Unpooled.wrappedBuffer(memory);
        bufferAddress = MemorySegment.ofBuffer(memory).address();
    }

    TcpSettings settings() {
        return settings;
    }

    /// The memory that every socket of the loop reads into.
    long bufferAddress() {
        return bufferAddress;
    }

    /// The first bytes of that memory.
    ByteBuf read(int count) {
        return buffer.setIndex(0, count);
    }

    IoRegistration register(EpollIoHandle handle) throws IOException {
        io.netty.util.concurrent.Future<IoRegistration> registering = loop.register(handle);
        if (!registering.isSuccess()) {
            throw new IOException("epoll refuses a socket", registering.cause());
        }
        return registering.getNow();
    }

    /// Has a socket read on in the next turn of the loop, after others.
    void readLater(EpollSocket socket) {
        unread.add(socket);
        if (!willReadOn && loop instanceof SingleThreadEventLoop turning) {
            willReadOn = true;
            // Two steps, because a task of this turn would run before the next events.
            turning.executeAfterEventLoopIteration(() -> turning.execute(readOn));
        }
    }

    private void readOn() {
        // Those that are not done queue up again, for the turn after this one.
        willReadOn = false;
        for (int i = unread.size(); i > 0; i--) {
            unread.remove().readOn();
        }
    }

    /// Closes a descriptor after the events of this turn: one of them may be for its number, which
    /// must not have become another's.
    void releaseLater(EpollSocket socket) {
        closing.add(socket);
        if (closing.size() == 1) {
            loop.execute(release);
        }
    }

    private void release() {
        for (EpollSocket each = closing.poll(); each != null; each = closing.poll()) {
            each.release();
        }
    }

    @Override
    public Future<ListeningSocket> listen(ListenerKey key, ListeningSocket.Owner owner) {
        boolean v6 = SocketAddress.isV6(key.address());
        int fd = calls.streamSocket(SocketAddress.family(v6));
        if (fd < 0) {
            return Future.failedFuture(new IOException(SystemCalls.text(-fd)));
        }
        calls.option(fd, SOL_SOCKET, SystemCalls.SO_REUSEADDR, 1);
        calls.option(fd, SOL_SOCKET, SystemCalls.SO_REUSEPORT, 1);
        // Accepted sockets inherit these two.
        calls.option(fd, SOL_SOCKET, SystemCalls.SO_KEEPALIVE, 1);
        calls.option(fd, SystemCalls.SOL_TCP, SystemCalls.TCP_NODELAY, 1);
        if (v6) {
            calls.option(fd, SystemCalls.SOL_IPV6, SystemCalls.IPV6_V6ONLY, 1);
        }
        int length = SocketAddress.write(name, 0, key.address(), key.port());
        int failed = calls.bind(fd, name.address(), length);
        if (failed == 0) {
            failed = calls.listen(fd, settings.backlog());
        }
        if (failed < 0) {
            calls.close(fd);
            String where = IpText.print(key.address()) + " port " + key.port();
            return Future.failedFuture(
                    new BindException("tcp " + where + ": " + SystemCalls.text(-failed)));
        }
        InetSocketAddress at =
                key.address().isAnyLocalAddress() || key.port() == 0
                        ? null
                        : new InetSocketAddress(key.address(), key.port());
        return register(new EpollListening(this, fd, at, owner));
    }

    @Override
    public Future<ListeningSocket> adopt(int descriptor, ListeningSocket.Owner owner) {
        return register(new EpollListening(this, descriptor, null, owner));
    }

    private static Future<ListeningSocket> register(EpollListening listening) {
        try {
            listening.register();
            return Future.succeededFuture(listening);
        } catch (IOException refused) {
            listening.close();
            return Future.failedFuture(refused);
        }
    }

    @Override
    public TcpSocket open(InetAddress origin) throws IOException {
        int fd = calls.streamSocket(SocketAddress.family(SocketAddress.isV6(origin)));
        if (fd < 0) {
            throw new IOException(SystemCalls.text(-fd));
        }
        calls.option(fd, SystemCalls.SOL_TCP, SystemCalls.TCP_NODELAY, 1);
        calls.option(fd, SOL_SOCKET, SystemCalls.SO_KEEPALIVE, 1);
        return new EpollSocket(this, fd, null, null);
    }

    /// Begins to connect; answers 0 or minus the error number.
    int connect(int fd, InetSocketAddress to) {
        int length = SocketAddress.write(name, 0, to.getAddress(), to.getPort());
        return calls.connect(fd, name.address(), length);
    }

    /// Accepts a client; answers its descriptor or minus the error number.
    int accept(int listening) {
        return calls.accept(listening, name.address(), SocketAddress.ROOM);
    }

    /// The socket of the client accepted last.
    ///
    /// @param at what it has dialled; null where the system is to be asked
    EpollSocket accepted(int fd, @Nullable InetSocketAddress at) {
        return new EpollSocket(this, fd, named(), at);
    }

    /// The socket's own address.
    InetSocketAddress local(int fd) {
        name.fill((byte) 0);
        calls.localAddress(fd, name.address(), SocketAddress.ROOM);
        return named();
    }

    private InetSocketAddress named() {
        boolean v6 = SocketAddress.isV6(name, 0);
        long portAndScope = SocketAddress.portAndScope(name, 0, v6);
        InetAddress address =
                SocketAddress.address(
                        v6,
                        SocketAddress.high(name, 0, v6),
                        SocketAddress.low(name, 0, v6),
                        (int) (portAndScope >>> 16));
        return new InetSocketAddress(address, SocketAddress.port(portAndScope));
    }
}
