package io.skerry.standalone;

import io.skerry.edge.EdgeNode;
import io.skerry.edge.EdgeSettings;
import io.skerry.gateway.Gateway;
import io.skerry.gateway.GatewaySettings;
import io.skerry.rules.RuleService;
import io.skerry.rules.RuleServiceSettings;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.process.Bus;
import io.skerry.standalone.postgres.EmbeddedPostgres;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The services of one process and the order in which they come and go.
final class Services {
    private static final Logger log = LoggerFactory.getLogger(Services.class);

    private final Vertx vertx;
    private final Bus bus;
    private final EmbeddedPostgres postgres;
    private @Nullable RuleService rules;
    private @Nullable EdgeNode edge;
    private @Nullable Gateway gateway;

    Services(Vertx vertx, Bus bus, EmbeddedPostgres postgres) {
        this.vertx = vertx;
        this.bus = bus;
        this.postgres = postgres;
    }

    Future<Void> start(
            RuleServiceSettings ruleSettings,
            EdgeSettings edgeSettings,
            GatewaySettings gatewaySettings) {
        return RuleService.start(vertx, bus, ruleSettings)
                .compose(started -> {
                    rules = started;
                    return Gateway.start(vertx, bus, gatewaySettings);
                })
                .compose(started -> {
                    gateway = started;
                    return EdgeNode.start(
                            vertx, bus, edgeSettings, List.of(started.api(), postgres.address()));
                })
                .compose(started -> {
                    edge = started;
                    return started.ready();
                });
    }

    HostPort api() {
        return Objects.requireNonNull(gateway, "started").api();
    }

    /// Stops accepting and drains first, then the API, then what stores; each whatever became of
    /// the one before.
    Future<Void> stop(Future<Void> hurry) {
        EdgeNode node = edge;
        Gateway door = gateway;
        RuleService service = rules;
        return (node == null ? Future.<Void>succeededFuture() : node.stop(hurry))
                .transform(v -> door == null ? Future.<Void>succeededFuture() : door.stop())
                .transform(v -> service == null ? Future.<Void>succeededFuture() : service.stop())
                .transform(v -> vertx.executeBlocking(this::stopPostgres))
                .<Void>mapEmpty()
                .onFailure(failure -> log.error("did not stop in order", failure));
    }

    private boolean stopPostgres() throws IOException, InterruptedException {
        postgres.stop();
        return true;
    }
}
