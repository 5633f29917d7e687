package io.skerry.edge.tcp;

import io.skerry.shared.problem.Code;
import io.skerry.shared.process.SettingsReader;
import java.time.Duration;

/// How a node forwards TCP.
///
/// @param connectTimeout how long one origin may take to accept a connection, 100 ms to 60 s,
///   default 5 s
/// @param backlog connections the system keeps for a listening socket until they are accepted, 1 to
///   65,535, default 4,096; the kernel's `net.core.somaxconn` bounds it too
/// @param highWater bytes waiting to be written to one side at which the other is no longer read, 1
///   KiB to 16 MiB, default 64 KiB
/// @param lowWater bytes waiting at which it is read again, below `highWater`, default 32 KiB
public record TcpSettings(Duration connectTimeout, int backlog, int highWater, int lowWater) {
    /// Origins tried for one session before it ends.
    public static final int ORIGINS_TRIED_MAX = 3;

    public static final TcpSettings DEFAULT =
            new TcpSettings(Duration.ofSeconds(5), 4096, 64 * 1024, 32 * 1024);

    public TcpSettings {
        if (lowWater >= highWater) {
            throw new IllegalArgumentException("low water " + lowWater + " of " + highWater);
        }
    }

    /// Reads `tcp.connect-timeout`, `tcp.backlog`, `tcp.high-water` and `tcp.low-water` (bytes).
    public static TcpSettings read(SettingsReader settings) {
        Duration connect =
                settings.duration(
                        "tcp.connect-timeout",
                        DEFAULT.connectTimeout,
                        Duration.ofMillis(100),
                        Duration.ofSeconds(60));
        int backlog = settings.integer("tcp.backlog", DEFAULT.backlog, 1, 65_535);
        int high = settings.integer("tcp.high-water", DEFAULT.highWater, 1024, 16 * 1024 * 1024);
        int low = settings.integer("tcp.low-water", high / 2, 1, 16 * 1024 * 1024);
        if (low >= high) {
            settings.mistake(
                    "tcp.low-water", Code.OUT_OF_RANGE, "must be below tcp.high-water, " + high);
            low = high / 2;
        }
        return new TcpSettings(connect, backlog, high, low);
    }
}
