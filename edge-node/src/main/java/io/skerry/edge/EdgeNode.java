package io.skerry.edge;

import io.skerry.edge.follow.FollowSettings;
import io.skerry.edge.follow.Follower;
import io.skerry.edge.health.CheckTarget;
import io.skerry.edge.health.HealthChecks;
import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.listener.Steering;
import io.skerry.edge.metrics.EdgeMetrics;
import io.skerry.edge.metrics.Limit;
import io.skerry.edge.metrics.RuleCounterRegistry;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.name.Names;
import io.skerry.edge.origin.OriginPools;
import io.skerry.edge.session.SessionLimits;
import io.skerry.edge.toa.Toa;
import io.skerry.edge.toa.ToaMetrics;
import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.PortProbe;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.process.AdminServer;
import io.skerry.shared.process.Bus;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One edge node: follows the configuration, forwards what it says, and reports.
///
/// Every part is made here, once, and handed what it needs; there is no state outside.
public final class EdgeNode {
    private static final Logger log = LoggerFactory.getLogger(EdgeNode.class);

    private static final long READY_POLL_MILLIS = 20;

    private final Vertx vertx;
    private final EdgeSettings settings;
    private final String boot = UUID.randomUUID().toString();
    private final Toa toa;
    private final Capabilities capabilities;
    private final SessionMetrics sessions = new SessionMetrics();
    private final RuleCounterRegistry rules = new RuleCounterRegistry();
    private final SessionLimits limits;
    private final OwnPorts own = new OwnPorts();
    private final Names names;
    private final HealthChecks checks;
    private final OriginPools pools;
    private final Traffic traffic;
    private final EdgeMetrics metrics;
    private volatile NodeReport.State state = NodeReport.State.UP;
    private volatile @Nullable Follower follower;
    private @Nullable AdminServer admin;

    private EdgeNode(Vertx vertx, Context control, EdgeSettings settings, Traffic.Maker maker) {
        this.vertx = vertx;
        this.settings = settings;
        this.toa = Toa.start(settings.toa(), settings.transport().transport());
        this.limits = new SessionLimits(settings.sessionsMax());
        OutgoingPorts outgoing = new OutgoingPorts();
        Steering steering = settings.steers(outgoing);
        this.capabilities = Capabilities.of(toa.missing(), steering.missing());
        this.names = new Names(settings.names(), outgoing);
        this.checks = new HealthChecks(settings.origins().checksMax(), outgoing, this::isOurs);
        this.pools = new OriginPools(settings.origins(), names, checks);
        this.traffic =
                maker.make(
                        new NodeParts(
                                vertx,
                                control,
                                settings,
                                pools,
                                rules,
                                sessions,
                                limits,
                                own,
                                steering,
                                outgoing,
                                toa,
                                this::changed));
        this.metrics =
                new EdgeMetrics(
                        new EdgeMetrics.Sources(
                                Build.version(),
                                settings.rulesMax(),
                                sessions,
                                rules,
                                this::appliedRevision,
                                traffic::listeners,
                                pools::up,
                                checks::count,
                                allLimits()));
        metrics.add(new ToaMetrics(toa));
    }

    /// Starts a node; see {@link #start(Vertx, Bus, EdgeSettings, List)}.
    public static Future<EdgeNode> start(Vertx vertx, Bus bus, EdgeSettings settings) {
        return start(vertx, bus, settings, List.of());
    }

    /// Starts a node. Completes when it serves what it knew from its last life; what it does not
    /// know yet follows. Called on the Vert.x context that control work is to run on.
    ///
    /// @param control further ports of this process, which must not be an origin
    public static Future<EdgeNode> start(
            Vertx vertx, Bus bus, EdgeSettings settings, List<HostPort> control) {
        return start(vertx, bus, settings, SocketTraffic::new, control);
    }

    static Future<EdgeNode> start(
            Vertx vertx,
            Bus bus,
            EdgeSettings settings,
            Traffic.Maker maker,
            List<HostPort> control) {
        EdgeNode node = new EdgeNode(vertx, vertx.getOrCreateContext(), settings, maker);
        control.forEach(port -> node.own.add(Protocol.TCP, port.address(), port.port()));
        bus.serve(
                BusAddress.probe(node.boot),
                message ->
                        node.traffic.probe(PortProbe.read(message)).map(PortProbe.Answer::print));
        return node.startAdmin()
                .compose(started ->
                        Follower.start(
                                vertx,
                                bus,
                                FollowSettings.of(
                                        settings.rules(),
                                        settings.token(),
                                        settings.data(),
                                        settings.crashWindow()),
                                node.traffic,
                                node::report,
                                node.metrics::applied))
                .map(follower -> {
                    node.follower = follower;
                    log.info("edge node {} serves {}", settings.node(), settings.slots());
                    return node;
                })
                .recover(failure ->
                        node.closeAll(Duration.ZERO, Future.succeededFuture())
                                .transform(closed -> Future.failedFuture(failure)));
    }

    private Future<Void> startAdmin() {
        return AdminServer.start(vertx, settings.admin(), this::isReady, metrics::text)
                .map(started -> {
                    admin = started;
                    own.add(Protocol.TCP, settings.admin().address(), started.port());
                    return null;
                });
    }

    /// Whether it serves and means to go on.
    public boolean isReady() {
        Follower now = follower;
        return state == NodeReport.State.UP && now != null && now.isReady() && !now.isDraining();
    }

    /// Completes when the node serves what it was told for the first time, which is nothing where
    /// it was told to drain.
    public Future<Void> ready() {
        Promise<Void> ready = Promise.promise();
        vertx.setPeriodic(
                READY_POLL_MILLIS,
                READY_POLL_MILLIS,
                timer -> {
                    Follower now = follower;
                    boolean told = now != null && now.isReady();
                    if (told || state != NodeReport.State.UP) {
                        vertx.cancelTimer(timer);
                        ready.tryComplete();
                    }
                });
        return ready.future();
    }

    /// The port of health and metrics.
    public int adminPort() {
        return Objects.requireNonNull(admin, "started").port();
    }

    /// The highest revision that is applied.
    public long appliedRevision() {
        Follower now = follower;
        return now == null ? 0 : now.appliedRevision();
    }

    private boolean isOurs(CheckTarget target) {
        return own.contains(target.protocol(), target.address(), target.port());
    }

    private void changed() {
        Follower now = follower;
        if (now != null) {
            now.reportSoon();
        }
    }

    private List<Limit> allLimits() {
        List<Limit> all = new ArrayList<>();
        all.add(new Limit("edge.sessions-max", limits::max, limits::hits));
        all.add(
                new Limit(
                        "origin.persistence-entries",
                        pools::persistenceEntriesMax,
                        pools::persistenceEvicted));
        all.add(new Limit("origin.checks-max", checks::max, checks::hits));
        all.addAll(traffic.limits());
        return all;
    }

    private NodeReport.State state() {
        Follower now = follower;
        boolean drains = now != null && now.isDraining();
        return state == NodeReport.State.UP && drains ? NodeReport.State.DRAINING : state;
    }

    private NodeReport report(Map<String, NodeReport.Applied> instances) {
        long listeners = 0;
        long open = 0;
        for (Protocol protocol : Protocol.values()) {
            listeners += traffic.listeners(protocol);
            open += sessions.open(protocol);
        }
        return new NodeReport(
                settings.node(),
                boot,
                settings.area(),
                state(),
                settings.slots().stream().map(Reachable::addresses).toList(),
                settings.labels(),
                capabilities.present(),
                missing(),
                listeners,
                open,
                instances);
    }

    private Map<String, String> missing() {
        Follower now = follower;
        String heldBack = now == null ? "" : now.heldBack();
        if (heldBack.isEmpty()) {
            return capabilities.missing();
        }
        Map<String, String> missing = new TreeMap<>(capabilities.missing());
        missing.put("crash-loop", heldBack);
        return missing;
    }

    /// Stops in order: unready, says that it leaves, accepts nothing more, lets sessions drain for
    /// as long as the setting says, ends those that are left, closes everything.
    ///
    /// @param hurry completes when the drain is to end at once
    public Future<Void> stop(Future<Void> hurry) {
        state = NodeReport.State.LEAVING;
        Follower now = follower;
        Future<Void> said = now == null ? Future.succeededFuture() : now.stop();
        return said.transform(left -> closeAll(settings.drain(), hurry));
    }

    private Future<Void> closeAll(Duration drain, Future<Void> hurry) {
        AdminServer server = admin;
        Future<Void> closed =
                traffic.stop(drain, hurry)
                        .transform(done -> {
                            names.close();
                            checks.close();
                            toa.stop();
                            return server == null ? Future.succeededFuture() : server.close();
                        });
        return closed.onFailure(bug -> log.error("the node did not close in order", bug));
    }
}
