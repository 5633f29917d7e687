package io.skerry.load;

/// The ports of the origin, in the order of their numbers. Each proxy has one port for each, in the
/// same order.
enum OriginPort {
    /// Echoes.
    ECHO(0),
    /// Echoes one request and closes.
    ONCE(1),
    /// Sends without end.
    SOURCE(2),
    /// Echoes behind a PROXY protocol v2 header.
    ECHO_PPV2(3),
    /// Echoes one request behind a header and closes.
    ONCE_PPV2(4),
    /// Sends without end once it has read a header.
    SOURCE_PPV2(5),
    /// Counts datagrams.
    UDP_SINK(6),
    /// Counts and echoes datagrams.
    UDP_ECHO(7);

    private final int offset;

    OriginPort(int offset) {
        this.offset = offset;
    }

    boolean udp() {
        return this == UDP_SINK || this == UDP_ECHO;
    }

    boolean ppv2() {
        return this == ECHO_PPV2 || this == ONCE_PPV2 || this == SOURCE_PPV2;
    }

    /// The idle time-out that every proxy gets, in seconds. Sessions of a UDP run are soon
    /// forgotten, so that those of many runs do not add up.
    int idleSeconds() {
        return udp() ? 5 : 3_600;
    }

    int number(int base) {
        return base + offset;
    }
}
