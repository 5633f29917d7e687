package io.skerry.gateway;

import io.skerry.shared.process.AdminServer;
import io.skerry.shared.process.Bus;
import io.skerry.shared.process.ClusterBus;
import io.skerry.shared.process.ClusterSettings;
import io.skerry.shared.process.ServiceMain;
import io.skerry.shared.process.SettingsReader;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `./skerry gateway`: the HTTP door as a process of its own.
public final class GatewayMain {
    private static final Logger log = LoggerFactory.getLogger(GatewayMain.class);

    private static final String HELP =
            """
            usage: ./skerry gateway [--config FILE] [--KEY VALUE ...]

            The HTTP API as a process of its own. It keeps nothing and needs the rule service,
            which it reaches over the event bus; run as many as you like.

              --config FILE            settings as YAML or JSON
              --api HOST:PORT          where the API listens (127.0.0.1:8080)
              --api.insecure           allow an address off loopback, where whoever reaches the
                                       API can change every rule (false)
              --api.connections-max N  open connections (1024)
              --api.watchers-max N     open event streams (100)
              --admin HOST:PORT        /health/live, /health/ready, /metrics (127.0.0.1:0)
              --cluster-bind HOST:PORT the Hazelcast member of this process
              --cluster-members LIST   members to join, HOST:PORT separated by commas

            Every option is also an environment variable: SKERRY_ and its name in capitals, with
            '_' for '-' and '.', such as SKERRY_API_INSECURE.
            """;

    private GatewayMain() {}

    /// Runs until a signal ends the process.
    public static void main(String[] args) {
        ServiceMain.run("gateway", args, Set.of("api.insecure"), HELP, GatewayMain::start);
    }

    private static Future<ServiceMain.Running> start(Vertx vertx, SettingsReader reader) {
        ClusterSettings cluster = ClusterSettings.read(reader, true);
        GatewaySettings settings = GatewaySettings.read(reader);
        reader.finish();
        return ClusterBus.join(vertx, cluster)
                .compose(bus ->
                        Gateway.start(vertx, bus, settings)
                                .compose(gateway -> running(vertx, bus, gateway, settings)));
    }

    private static Future<ServiceMain.Running> running(
            Vertx vertx, Bus bus, Gateway gateway, GatewaySettings settings) {
        log.info("api http://{}", gateway.api());
        return AdminServer.start(
                        vertx,
                        settings.admin(),
                        gateway::isReady,
                        () -> gateway.metricsText() + bus.metrics())
                .map(admin ->
                        hurry -> gateway.stop().eventually(bus::close).eventually(admin::close));
    }
}
