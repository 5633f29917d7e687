package io.skerry.edge.steering;

import io.skerry.edge.transport.Transport;

/// The ways of opening ports: a socket for each with one of the transports, or steered. What
/// sessions do is the same in all of them.
public enum Way {
    EPOLL(Transport.EPOLL),
    IO_URING(Transport.IO_URING),
    NIO(Transport.NIO),
    STEERED(Transport.EPOLL);

    private final Transport transport;

    Way(Transport transport) {
        this.transport = transport;
    }

    /// With a socket for each port.
    public static Way of(Transport transport) {
        return switch (transport) {
            case EPOLL -> EPOLL;
            case IO_URING -> IO_URING;
            case NIO -> NIO;
        };
    }

    public Transport transport() {
        return transport;
    }
}
