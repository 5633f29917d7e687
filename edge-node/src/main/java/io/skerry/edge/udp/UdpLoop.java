package io.skerry.edge.udp;

import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandle;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.util.concurrent.Future;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.transport.OutgoingPorts;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the UDP sockets of one event loop share: memory, sessions and the clock. All but {@link
/// #execute} is for the loop's thread only.
final class UdpLoop {
    private static final Logger LOG = LoggerFactory.getLogger(UdpLoop.class);

    /// How often sessions are looked at; each is once in {@link #PARTS} ticks.
    private static final long TICK_MILLIS = 250;

    private static final int PARTS = 4;

    /// Sessions handled in one go when many are to be ended or moved.
    private static final int SLICE = 128;

    final UdpSockets sockets;
    final ReceiveBatch in = new ReceiveBatch();
    final SendBatch out;
    final SessionMemory memory = new SessionMemory();
    final SessionTable<UdpSession> sessions = new SessionTable<>(RandomGenerator.getDefault());
    final SessionKey wanted = new SessionKey();

    /// Sessions that are not read because another process may go on with them.
    final List<UdpSession> paused = new ArrayList<>();

    /// Datagrams read from a socket before others have their turn: so many batches.
    private static final int ROUNDS = 4;

    /// Whose a received datagram is.
    interface Ports {
        /// Null where nobody's.
        @Nullable UdpPort at(ReceiveBatch in, int i);
    }

    private final IoEventLoop loop;
    private @Nullable Future<?> ticking;
    private int part;
    private long millis;

    /// @param outgoing from which ports sockets towards origins may leave
    /// @param addresses the node's addresses, for sockets that cannot tell which was dialled
    UdpLoop(
            IoEventLoop loop,
            SessionMetrics metrics,
            int receiveBuffer,
            OutgoingPorts outgoing,
            Supplier<List<InetAddress>> addresses) {
        this.loop = loop;
        out = new SendBatch(metrics);
        sockets =
                loop.isCompatible(EpollIoHandle.class)
                        ? new EpollSockets(this, receiveBuffer, outgoing)
                        : new NioSockets(this, receiveBuffer, addresses);
    }

    void execute(Runnable task) {
        loop.execute(task);
    }

    /// Milliseconds of a clock that only goes forward, as of the last {@link #touch}.
    long millis() {
        return millis;
    }

    /// Reads the clock.
    void touch() {
        millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }

    /// Has the loop call the handle whenever its socket can be read or has an error.
    IoRegistration register(IoHandle handle, IoOps readable) throws IOException {
        Future<IoRegistration> registering = loop.register(handle);
        if (!registering.isSuccess()) {
            throw new IOException("the event loop refuses a socket", registering.cause());
        }
        IoRegistration registration = registering.getNow();
        registration.submit(readable);
        return registration;
    }

    /// Runs a task once the loop has looked at its sockets again: only then has a selector given up
    /// the sockets that were closed. (Tasks that are due wait for the next turn, others may not.)
    void inNextTurn(Runnable task) {
        var _ = loop.schedule(task, 0, TimeUnit.NANOSECONDS);
    }

    /// Runs a task again and again until it is cancelled, also after it has thrown: Netty would
    /// not.
    Future<?> every(long taskMillis, Runnable task) {
        Runnable guarded =
                () -> {
                    try {
                        task.run();
                    } catch (RuntimeException bug) {
                        LOG.error("repeated work broke", bug);
                    }
                };
        return loop.scheduleAtFixedRate(guarded, taskMillis, taskMillis, TimeUnit.MILLISECONDS);
    }

    /// Receives what waits at a socket and hands it to the sessions; answers whether that was a
    /// full batch or more.
    boolean receive(UdpSocket socket, Ports ports) {
        int count;
        int round = 0;
        do {
            count = in.receive(socket);
            UdpSession current = null;
            for (int i = 0; i < count; i++) {
                UdpPort port = ports.at(in, i);
                UdpSession session = port == null ? null : port.sessionOf(in, i, current);
                if (session != current) {
                    if (current != null) {
                        current.flush();
                    }
                    current = session;
                    if (current != null) {
                        current.startBatch();
                    }
                }
                if (current != null) {
                    current.forward(in, i);
                }
            }
            if (current != null) {
                current.flush();
            }
        } while (count == ReceiveBatch.SLOTS && ++round < ROUNDS);
        return round > 0;
    }

    void add(UdpSession session) {
        sessions.add(session);
        if (ticking == null) {
            ticking = every(TICK_MILLIS, this::tick);
        }
    }

    void remove(UdpSession session) {
        sessions.remove(session);
        if (sessions.size() == 0 && ticking != null) {
            ticking.cancel(false);
            ticking = null;
        }
    }

    private void tick() {
        touch();
        int from = (int) ((long) sessions.capacity() * part / PARTS);
        int to = (int) ((long) sessions.capacity() * (part + 1) / PARTS);
        part = (part + 1) % PARTS;
        // An ended session may pull another into its slot, or shrink the table: look there again.
        for (int i = from; i < Math.min(to, sessions.capacity()); ) {
            UdpSession session = sessions.at(i);
            if (session == null || staysOpen(session)) {
                i++;
            }
        }
    }

    private static boolean staysOpen(UdpSession session) {
        try {
            return session.staysOpen();
        } catch (RuntimeException bug) {
            LOG.error("a udp session broke", bug);
            session.end(EndReason.INTERNAL);
            return false;
        }
    }

    /// Handles sessions a few at a time, so that traffic goes on between; then runs `whenDone`.
    void inSlices(List<UdpSession> list, Consumer<UdpSession> action, Runnable whenDone) {
        int end = Math.min(SLICE, list.size());
        list.subList(0, end).forEach(action);
        if (end < list.size()) {
            List<UdpSession> rest = list.subList(end, list.size());
            loop.execute(() -> inSlices(rest, action, whenDone));
        } else {
            whenDone.run();
        }
    }
}
