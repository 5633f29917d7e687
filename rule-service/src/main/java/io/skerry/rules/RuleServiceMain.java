package io.skerry.rules;

import io.skerry.shared.process.AdminServer;
import io.skerry.shared.process.ClusterBus;
import io.skerry.shared.process.ClusterSettings;
import io.skerry.shared.process.ServiceMain;
import io.skerry.shared.process.SettingsReader;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Set;

/// `./skerry rule-service`: a rule service as a process of its own.
public final class RuleServiceMain {
    private static final String HELP =
            """
            usage: skerry rule-service [--config FILE] [--KEY VALUE]...

            Owns the configuration: checks, stores, numbers and publishes it.
            Every KEY also works as SKERRY_KEY in the environment (or SKERRY_KEY_FILE).

              --postgres URI             postgresql://user:password@host:port/database
              --rules-bind HOST:PORT     where edge nodes pull and report (127.0.0.1:8081)
              --node-token SECRET        what they must show; required off loopback
              --slots N                  slots of the deployment, 1 to 64 (1)
              --access-domain NAME       suffix of access domains (l4.skerry.test)
              --instance-quota N         instances at most, 1 to 10000 (1)
              --edgeone-conflicts on|off the manual's conflict table (on)
              --history.max-revisions N  revisions kept for rollback (10000)
              --cluster-bind HOST:PORT   Hazelcast member (127.0.0.1:15701)
              --bus-bind HOST:PORT       event bus (port + 100)
              --cluster-members LIST     members to join
              --cluster-insecure BOOL    allow a cluster off loopback (false)
              --admin HOST:PORT          health and metrics (127.0.0.1:0)
            """;

    private RuleServiceMain() {}

    public static void main(String[] args) {
        ServiceMain.run("rule-service", args, Set.of(), HELP, RuleServiceMain::start);
    }

    private static Future<ServiceMain.Running> start(Vertx vertx, SettingsReader reader) {
        RuleServiceSettings settings = RuleServiceSettings.read(reader);
        ClusterSettings cluster = ClusterSettings.read(reader, false);
        reader.finish();
        return ClusterBus.join(vertx, cluster)
                .compose(bus ->
                        RuleService.start(vertx, bus, settings)
                                .compose(service -> withAdmin(vertx, bus, service, settings)));
    }

    private static Future<ServiceMain.Running> withAdmin(
            Vertx vertx, ClusterBus bus, RuleService service, RuleServiceSettings settings) {
        return AdminServer.start(
                        vertx,
                        settings.admin(),
                        () -> bus.hasJoined() && service.isReady(),
                        () -> service.metrics() + bus.metrics())
                .map(admin ->
                        hurry -> service.stop().eventually(bus::close).eventually(admin::close));
    }
}
