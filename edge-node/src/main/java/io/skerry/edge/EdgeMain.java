package io.skerry.edge;

import io.skerry.shared.process.ClusterSettings;
import io.skerry.shared.process.ServiceMain;
import io.skerry.shared.process.SettingsReader;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Set;

/// `./skerry edge`: an edge node as a process of its own.
public final class EdgeMain {
    private static final String HELP =
            """
            usage: ./skerry edge [--take-over] [--KEY VALUE]... [--config FILE]

            Runs an edge node: follows the configuration, forwards TCP and UDP, reports.

              --node NAME       name of the node, unique (default: the host name)
              --area AREA       mainland or overseas (default overseas)
              --listen SLOTS    where rules listen (default 0.0.0.0+[::]); slots separated by ',',
                                a slot is an IPv4 address, an IPv6 address in brackets, or both with '+'
              --rules URLS      rule services, tried in turn (default http://127.0.0.1:8081)
              --data DIR        folder of the last applied content (default .skerry-edge)
              --drain TIME      how long open sessions may go on after SIGTERM (default 10s)
              --admin HOST:PORT address of /health and /metrics (default 127.0.0.1:0, printed)
              --take-over       take over the sockets of the process that has the data folder, so that
                                no connection is refused; without such a process an ordinary start
              --config FILE     settings from a YAML or JSON file

            Every setting is also SKERRY_ + its key in capitals; docs/reference/settings-edge.md has all.
            """;

    private EdgeMain() {}

    public static void main(String[] args) {
        ServiceMain.run("edge", args, Set.of("take-over"), HELP, EdgeMain::start);
    }

    private static Future<ServiceMain.Running> start(Vertx vertx, SettingsReader settings) {
        ClusterSettings cluster = ClusterSettings.read(settings, true);
        EdgeSettings edge = EdgeSettings.read(settings);
        return EdgeProcess.start(vertx, cluster, edge);
    }
}
