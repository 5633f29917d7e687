package io.skerry.edge;

import io.skerry.shared.process.ClusterBus;
import io.skerry.shared.process.ClusterSettings;
import io.skerry.shared.process.ServiceMain;
import io.skerry.shared.process.SettingsReader;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Set;

/// `./skerry edge`: an edge node as a process of its own.
public final class EdgeMain {
    private static final String HELP =
            """
            usage: ./skerry edge [--config FILE] [--KEY VALUE ...]

            An edge node as a process of its own: opens the ports of the rules, forwards, reports.

              --config FILE            settings as YAML or JSON
              --node NAME              its name, unique (the host name)
              --area AREA              mainland or overseas (overseas)
              --listen SLOTS           where rules listen (0.0.0.0+[::])
              --rules URLS             rule services, tried in turn (http://127.0.0.1:8081)
              --data DIR               folder of the last applied content (.skerry-edge)
              --drain SECONDS          how long sessions may go on when it stops (10)
              --admin HOST:PORT        /health/live, /health/ready, /metrics (127.0.0.1:0)
              --cluster-bind HOST:PORT the Hazelcast member of this process
              --cluster-members LIST   members to join, HOST:PORT separated by commas

            Every option is also an environment variable: SKERRY_ and its name in capitals, with
            '_' for '-' and '.'. All of them: docs/reference/settings-edge.md.
            """;

    private EdgeMain() {}

    /// Runs until a signal ends the process.
    public static void main(String[] args) {
        ServiceMain.run("edge", args, Set.of(), HELP, EdgeMain::start);
    }

    private static Future<ServiceMain.Running> start(Vertx vertx, SettingsReader reader) {
        ClusterSettings cluster = ClusterSettings.read(reader, true);
        EdgeSettings settings = EdgeSettings.read(reader);
        return ClusterBus.join(vertx, cluster)
                .compose(bus ->
                        EdgeNode.start(
                                        vertx,
                                        bus,
                                        settings,
                                        Forwarding::new,
                                        List.of(cluster.clusterBind(), cluster.busBind()))
                                .map(node -> hurry -> node.stop(hurry).eventually(bus::close)));
    }
}
