package io.skerry.standalone;

import io.skerry.edge.EdgeSettings;
import io.skerry.gateway.GatewaySettings;
import io.skerry.rules.RuleServiceSettings;
import io.skerry.shared.process.Bus;
import io.skerry.shared.process.LocalBus;
import io.skerry.shared.process.ServiceMain;
import io.skerry.shared.process.SettingsReader;
import io.skerry.standalone.demo.Demo;
import io.skerry.standalone.postgres.EmbeddedPostgres;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// `./skerry up`: everything in one process, in the order database, rule service, edge node, API;
/// and the reverse at the end.
public final class Up {
    private Up() {}

    public static void main(String[] args) {
        ServiceMain.run("up", args, Set.of("demo"), UpSettings.HELP, Up::start);
    }

    private static Future<ServiceMain.Running> start(Vertx vertx, SettingsReader reader) {
        UpSettings settings = UpSettings.read(reader);
        GatewaySettings gateway = GatewaySettings.read(reader);
        SettingsReader ruleReader = reader.with(ruleDefaults(settings, reader));
        RuleServiceSettings.read(ruleReader);
        EdgeSettings edge = EdgeSettings.read(reader.with(edgeDefaults(settings)));
        Bus bus = new LocalBus(vertx);
        return vertx.executeBlocking(() -> EmbeddedPostgres.start(settings.data()))
                .map(Objects::requireNonNull)
                .compose(postgres -> {
                    RuleServiceSettings rules =
                            RuleServiceSettings.read(
                                    ruleReader.with(Map.of("postgres", postgres.uri())));
                    Services services = new Services(vertx, bus, postgres);
                    return services.start(rules, edge, gateway)
                            .compose(v -> demo(vertx, bus, settings, edge))
                            .map(lines -> ready(services, lines))
                            .recover(failure ->
                                    services.stop(Future.succeededFuture())
                                            .transform(v -> Future.failedFuture(failure)));
                });
    }

    private static Map<String, String> ruleDefaults(UpSettings settings, SettingsReader reader) {
        Map<String, String> fixed = new LinkedHashMap<>();
        fixed.put("postgres", "postgresql://skerry@127.0.0.1:5432/skerry");
        fixed.put("rules-bind", "local");
        fixed.put("slots", Integer.toString(settings.slots()));
        fixed.put("instance-quota", reader.string("instance-quota", "100"));
        return fixed;
    }

    private static Map<String, String> edgeDefaults(UpSettings settings) {
        return Map.of(
                "node",
                "local",
                "area",
                "every",
                "rules",
                "local",
                "listen",
                settings.listen(),
                "data",
                settings.data().resolve("edge").toString(),
                // A SIGKILL by hand ends all of it, and would be taken for a crash of the node.
                "edge.crash-window",
                "0");
    }

    private static Future<List<String>> demo(
            Vertx vertx, Bus bus, UpSettings settings, EdgeSettings edge) {
        return settings.demo()
                ? new Demo(vertx, bus).add(Reachable.of(edge.slots()))
                : Future.succeededFuture(List.of());
    }

    private static ServiceMain.Running ready(Services services, List<String> lines) {
        System.out.println("ready http://" + services.api());
        lines.forEach(System.out::println);
        System.out.flush();
        return services::stop;
    }
}
