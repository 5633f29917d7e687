package io.skerry.rules;

import io.skerry.rules.instance.InstanceLimits;
import io.skerry.rules.instance.InstanceOperations;
import io.skerry.rules.node.NodeOperations;
import io.skerry.rules.node.Reports;
import io.skerry.rules.node.Statuses;
import io.skerry.rules.node.Sweep;
import io.skerry.rules.origingroup.GroupOperations;
import io.skerry.rules.revision.Contents;
import io.skerry.rules.revision.DryRun;
import io.skerry.rules.revision.Publication;
import io.skerry.rules.revision.RevisionOperations;
import io.skerry.rules.revision.Writes;
import io.skerry.rules.rollout.RolloutDriver;
import io.skerry.rules.rollout.RolloutOperations;
import io.skerry.rules.rule.Diff;
import io.skerry.rules.rule.Rollback;
import io.skerry.rules.rule.RuleListing;
import io.skerry.rules.rule.RuleOperations;
import io.skerry.rules.serve.NodeApi;
import io.skerry.rules.serve.Pulls;
import io.skerry.rules.store.Database;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.process.Bus;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Wires a rule service together on one virtual-thread context: its code may wait for the database
/// in straight lines, and no two pieces of it run at once.
final class RuleServiceVerticle extends VerticleBase {
    /// Time a start waits for a database that cannot be reached yet.
    static final Duration START_PATIENCE = Duration.ofSeconds(60);

    /// Time that requests under way have when the service stops: the API answers within it.
    private static final Duration UNDER_WAY_MAX = Duration.ofSeconds(5);

    private static final Logger log = LoggerFactory.getLogger(RuleServiceVerticle.class);

    private final Bus bus;
    private final RuleServiceSettings settings;
    private final RuleMetrics metrics;
    private final Set<Future<JsonObject>> underWay = ConcurrentHashMap.newKeySet();
    private volatile boolean stopped;
    private @Nullable Database database;
    private @Nullable HttpServer server;
    private @Nullable Sweep sweep;

    RuleServiceVerticle(Bus bus, RuleServiceSettings settings) {
        this.bus = bus;
        this.settings = settings;
        this.metrics = new RuleMetrics(settings);
    }

    @Override
    public Future<?> start() {
        Database opened = open();
        database = opened;
        Contents contents = new Contents(metrics);
        Publication publication = new Publication(bus, metrics);
        Writes writes =
                new Writes(
                        opened,
                        contents,
                        publication,
                        new DryRun(bus, metrics),
                        settings.historyMaxRevisions(),
                        metrics);
        Statuses statuses = new Statuses(opened, publication, metrics::rollout, metrics);
        Context home = context;
        publication.onTouched(
                instance -> home.runOnContext(v -> statuses.refresh(Set.of(instance))));
        RolloutOperations rollouts = new RolloutOperations(opened, writes);
        RolloutDriver driver =
                new RolloutDriver(
                        opened,
                        publication,
                        rollouts,
                        instance -> statuses.refresh(Set.of(instance)),
                        metrics);
        Operations operations = operations(opened, writes, rollouts);
        Reports reports =
                new Reports(
                        opened,
                        publication,
                        changed -> home.runOnContext(v -> statuses.refresh(changed)),
                        metrics);
        NodeApi api =
                new NodeApi(
                        reports,
                        new Pulls(opened, contents, metrics),
                        settings.nodeToken(),
                        metrics);
        serveNodes(api, home);
        Sweep sweeper = new Sweep(opened, statuses, publication, settings.historyDays(), metrics);
        sweep = sweeper;
        sweeper.run();
        vertx.setPeriodic(
                Sweep.PERIOD_MILLIS,
                timer -> {
                    sweeper.run();
                    driver.run();
                });
        bus.serve(BusAddress.RULES, message -> answer(home, operations, message));
        return Future.succeededFuture();
    }

    private void serveNodes(NodeApi api, Context home) {
        if (settings.rulesBind().isEmpty()) {
            api.serve(bus, home);
            return;
        }
        HostPort bind = settings.rulesBind().get();
        HttpServer listening = api.listen(vertx, bind).await();
        server = listening;
        log.info("rules http://{}", bind.withPort(listening.actualPort()));
    }

    private Operations operations(Database opened, Writes writes, RolloutOperations rollouts) {
        InstanceLimits limits =
                new InstanceLimits(
                        settings.slots(),
                        settings.instanceQuota(),
                        settings.edgeoneConflicts(),
                        settings.accessDomain());
        return new Operations(
                opened,
                new InstanceOperations(opened, writes, limits),
                new RuleOperations(writes),
                new RuleListing(opened),
                new Rollback(writes),
                new Diff(opened),
                rollouts,
                new GroupOperations(opened, writes),
                new NodeOperations(opened, writes),
                new RevisionOperations(opened),
                metrics);
    }

    private Future<JsonObject> answer(Context home, Operations operations, JsonObject message) {
        if (stopped) {
            throw Problem.of(Code.UNAVAILABLE, "this rule service stops").toException();
        }
        Promise<JsonObject> reply = Promise.promise();
        Future<JsonObject> answer = reply.future();
        underWay.add(answer);
        home.runOnContext(v ->
                Future.future((Promise<JsonObject> done) ->
                                done.complete(operations.answer(message)))
                        .onComplete(done -> underWay.remove(answer))
                        .onComplete(reply));
        return answer;
    }

    /// Opens the database, which may come up later than we do.
    private Database open() {
        long deadline = System.nanoTime() + START_PATIENCE.toNanos();
        while (true) {
            try {
                return Database.open(vertx, settings.postgres(), metrics).await();
            } catch (Throwable failure) {
                if (!Database.isPassing(failure) || System.nanoTime() > deadline) {
                    throw failure;
                }
                log.warn(
                        "{} cannot be reached yet, trying again: {}",
                        settings.postgres(),
                        failure.getMessage());
                vertx.timer(1, TimeUnit.SECONDS).await();
            }
        }
    }

    /// Where nodes find it; empty where only the node of the same process does.
    Optional<HostPort> address() {
        HttpServer listening = server;
        return settings.rulesBind()
                .map(bind -> bind.withPort(listening == null ? 0 : listening.actualPort()));
    }

    boolean isReady() {
        Sweep sweeper = sweep;
        return !stopped && sweeper != null && sweeper.isHealthy();
    }

    String metrics() {
        return metrics.text();
    }

    @Override
    public Future<?> stop() {
        stopped = true;
        HttpServer listening = server;
        Database opened = database;
        Future<Void> closed = listening == null ? Future.succeededFuture() : listening.close();
        Future<?> ended =
                Future.join(List.copyOf(underWay))
                        .timeout(UNDER_WAY_MAX.toMillis(), TimeUnit.MILLISECONDS);
        return Future.join(closed, ended)
                .eventually(() -> opened == null ? Future.succeededFuture() : opened.close())
                .otherwiseEmpty();
    }
}
