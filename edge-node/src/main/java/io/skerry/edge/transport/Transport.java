package io.skerry.edge.transport;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The ways of this machine to wait for sockets.
public enum Transport {
    /// Linux epoll; the default there.
    EPOLL,
    /// Linux io_uring; by setting only.
    IO_URING,
    /// What every JDK has; one listening socket per port.
    NIO;

    /// The fastest that has proved itself: epoll where there is one, else NIO.
    public static Transport best() {
        return EPOLL.isAvailable() ? EPOLL : NIO;
    }

    public boolean isAvailable() {
        return unavailability().isEmpty();
    }

    /// Why it cannot be used here; empty where it can.
    public Optional<String> unavailability() {
        return switch (this) {
            case EPOLL -> reason(Epoll.unavailabilityCause());
            case IO_URING -> reason(IoUring.unavailabilityCause());
            case NIO -> Optional.empty();
        };
    }

    private static Optional<String> reason(@Nullable Throwable cause) {
        if (cause == null) {
            return Optional.empty();
        }
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return Optional.of(root.getMessage() == null ? root.toString() : root.getMessage());
    }

    IoHandlerFactory handlers() {
        return switch (this) {
            case EPOLL -> EpollIoHandler.newFactory();
            case IO_URING -> IoUringIoHandler.newFactory();
            case NIO -> NioIoHandler.newFactory();
        };
    }

    /// Whether several sockets can share one port, the system spreading clients over them.
    public boolean sharesPorts() {
        return switch (this) {
            case EPOLL, IO_URING -> true;
            case NIO -> false;
        };
    }
}
