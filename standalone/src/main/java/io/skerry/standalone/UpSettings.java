package io.skerry.standalone;

import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import io.skerry.shared.process.SettingsReader;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/// What `./skerry up` can be told.
///
/// @param api `--api`: address of the HTTP API, default 127.0.0.1:8080; port 0 lets the system
///   choose
/// @param listen `--listen`: slots as the edge node reads them, default `0.0.0.0+[::]`
/// @param data `--data`: folder of database and last applied content, default `.skerry`
/// @param drainSeconds `--drain`: how long sessions may go on after a stop was asked for, 0 to
///   3600, default 10
/// @param demo `--demo`: whether to add the demonstration instance
/// @param admin `--admin`: address of health and metrics, default 127.0.0.1:0
/// @param slots number of slots in `listen`
record UpSettings(
        HostPort api,
        String listen,
        Path data,
        int drainSeconds,
        boolean demo,
        HostPort admin,
        int slots) {
    static final String HELP =
            """
            usage: ./skerry up [--api HOST:PORT] [--listen SLOTS] [--data DIR] [--drain SECONDS] [--demo]

            Runs everything in one process, with an embedded PostgreSQL in DIR.

              --api HOST:PORT   address of the HTTP API (default 127.0.0.1:8080; port 0: any free one)
              --listen SLOTS    where rules listen (default 0.0.0.0+[::]); slots separated by ',',
                                a slot is an IPv4 address, an IPv6 address in brackets, or both with '+'
              --data DIR        folder of everything that is kept (default .skerry)
              --drain SECONDS   how long open sessions may go on after SIGTERM, 0 to 3600 (default 10)
              --admin HOST:PORT address of /health and /metrics (default 127.0.0.1:0, printed)
              --demo            adds an instance 'demo', an origin and a rule per client-IP mode
            """;

    private static final String LISTEN = "0.0.0.0+[::]";
    private static final int DRAIN_SECONDS_MAX = 3600;

    static UpSettings read(SettingsReader settings) {
        HostPort api = settings.hostPort("api", "127.0.0.1:8080");
        String listen = settings.string("listen", LISTEN);
        Path data = path(settings);
        int drain = settings.integer("drain", 10, 0, DRAIN_SECONDS_MAX);
        boolean demo = settings.flag("demo", false);
        HostPort admin = settings.hostPort("admin", "127.0.0.1:0");
        int slots = Math.max(1, settings.list("listen", LISTEN).size());
        return new UpSettings(api, listen, data, drain, demo, admin, slots);
    }

    private static Path path(SettingsReader settings) {
        String text = settings.string("data", ".skerry");
        try {
            return Path.of(text).toAbsolutePath().normalize();
        } catch (InvalidPathException refused) {
            settings.mistake("data", Code.BAD_FORMAT, "'" + text + "' is no path of this system");
            return Path.of(".skerry").toAbsolutePath();
        }
    }
}
