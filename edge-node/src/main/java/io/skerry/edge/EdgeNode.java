package io.skerry.edge;

import io.skerry.edge.follow.FollowSettings;
import io.skerry.edge.follow.Follower;
import io.skerry.edge.handover.Handable;
import io.skerry.edge.handover.TakeOver;
import io.skerry.edge.health.CheckTarget;
import io.skerry.edge.health.HealthChecks;
import io.skerry.edge.listener.InheritedSockets;
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
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One edge node: follows the configuration, forwards what it says, and reports.
///
/// Every part is made here, once, and handed what it needs; there is no state outside.
public final class EdgeNode {
    private static final Logger log = LoggerFactory.getLogger(EdgeNode.class);

    private static final long READY_POLL_MILLIS = 20;
    private static final long ADMIN_RETRY_MILLIS = 50;

    private final Vertx vertx;
    private final Bus bus;
    private final EdgeSettings settings;
    private final Context control;
    private final @Nullable TakeOver takeOver;
    private final InheritedSockets inherited;
    private final String boot;
    private final Optional<String> unfit;
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

    /// Completes when the sessions that stayed after a hand-over are to end at once.
    private final Promise<Void> hurried = Promise.promise();

    /// Completes when another process has taken over and the last session here is gone.
    private final Promise<Void> over = Promise.promise();

    private boolean handedOver;

    private EdgeNode(
            Vertx vertx,
            Context control,
            Bus bus,
            EdgeSettings settings,
            Traffic.Maker maker,
            @Nullable TakeOver takeOver) {
        this.vertx = vertx;
        this.bus = bus;
        this.control = control;
        this.takeOver = takeOver;
        this.boot = takeOver == null ? UUID.randomUUID().toString() : takeOver.boot();
        this.inherited = new InheritedSockets(takeOver == null ? List.of() : takeOver.listeners());
        this.settings = settings;
        this.toa = Toa.start(settings.toa(), settings.transport().transport());
        this.limits = new SessionLimits(settings.sessionsMax());
        OutgoingPorts outgoing = new OutgoingPorts();
        Steering steering = settings.steers(outgoing, inherited.node());
        this.unfit =
                inherited.isSteered()
                        ? steering.missing()
                                .map(why -> "ports are steered now and would not be: " + why)
                        : Optional.empty();
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
                                inherited,
                                steering,
                                outgoing,
                                toa,
                                this::drained));
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
        return start(vertx, bus, settings, SocketTraffic::new, control, null);
    }

    /// @param takeOver the process to take over from; null where there is none
    static Future<EdgeNode> start(
            Vertx vertx,
            Bus bus,
            EdgeSettings settings,
            Traffic.Maker maker,
            List<HostPort> control,
            @Nullable TakeOver takeOver) {
        EdgeNode node =
                new EdgeNode(vertx, vertx.getOrCreateContext(), bus, settings, maker, takeOver);
        control.forEach(port -> node.own.add(Protocol.TCP, port.address(), port.port()));
        bus.serve(
                BusAddress.probe(node.boot),
                message ->
                        node.traffic.probe(PortProbe.read(message)).map(PortProbe.Answer::print));
        if (node.unfit.isPresent()) {
            return Future.failedFuture(new IllegalStateException(node.unfit.orElseThrow()));
        }
        return (takeOver == null ? node.startAdmin() : Future.<Void>succeededFuture())
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
                                node.metrics::applied,
                                node::takeOver))
                .map(follower -> {
                    node.follower = follower;
                    log.info("edge node {} serves {}", settings.node(), settings.slots());
                    return node;
                })
                .recover(failure ->
                        // Closing in order would touch ports that the other process still serves;
                        // the end of this one closes what it has and nothing else.
                        takeOver != null
                                ? Future.failedFuture(failure)
                                : node.closeAll(Duration.ZERO, Future.succeededFuture())
                                        .transform(closed -> Future.failedFuture(failure)));
    }

    /// Takes over what the process before still serves, if there is one. Everything that can go
    /// wrong has to come before the last step but one.
    private Future<Void> takeOver() {
        TakeOver from = takeOver;
        if (from == null) {
            return Future.succeededFuture();
        }
        Optional<String> lost = traffic.lost();
        if (lost.isPresent()) {
            return Future.failedFuture(new IllegalStateException(lost.orElseThrow()));
        }
        long[] began = new long[1];
        return vertx.executeBlocking(
                        () -> {
                            began[0] = System.nanoTime();
                            return from.pause();
                        })
                .compose(sessions -> {
                    traffic.adopt(Objects.requireNonNull(sessions));
                    return vertx.executeBlocking(() -> {
                        from.serving();
                        return true;
                    });
                })
                .map(serving -> {
                    traffic.begin();
                    log.info(
                            "took over from pid {}: nobody read for {} ms",
                            from.pid(),
                            TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began[0]));
                    startAdminWhenFree();
                    return null;
                });
    }

    /// The port is the other process's for a moment yet.
    private void startAdminWhenFree() {
        startAdmin()
                .onFailure(taken -> {
                    log.debug("the admin address is not free yet", taken);
                    vertx.setTimer(ADMIN_RETRY_MILLIS, t -> startAdminWhenFree());
                });
    }

    /// What a hot restart asks of this node.
    ///
    /// @param leave frees the control ports that are not the node's own
    Handable handable(Supplier<Future<Void>> leave) {
        return new NodeHandover(
                this,
                control,
                settings,
                boot,
                traffic,
                () -> Objects.requireNonNull(follower),
                leave);
    }

    /// Whether it has not begun to stop.
    boolean isUp() {
        return state == NodeReport.State.UP && !handedOver;
    }

    /// Another process has the sockets: closes what control ports there are and begins to drain.
    ///
    /// @return completes when the control ports are free
    Future<Void> letGo() {
        handedOver = true;
        traffic.forgetPaused();
        AdminServer server = admin;
        admin = null;
        Future<Void> free =
                (server == null ? Future.<Void>succeededFuture() : server.close())
                        .transform(closed -> Objects.requireNonNull(follower).leave());
        closeAll(settings.handOverDrain(), hurried.future()).onComplete(over);
        return free;
    }

    /// Completes when another process has taken over and nothing is left to do here.
    Future<Void> over() {
        return over.future();
    }

    private Future<Void> startAdmin() {
        return AdminServer.start(
                        vertx,
                        settings.admin(),
                        this::isReady,
                        () -> metrics.text() + bus.metrics())
                .map(started -> {
                    admin = started;
                    own.add(Protocol.TCP, settings.admin().address(), started.port());
                    return null;
                });
    }

    /// Whether it serves and means to go on.
    public boolean isReady() {
        Follower now = follower;
        return isUp() && now != null && now.isReady() && !now.isDraining();
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

    /// Tells at once that a rule has drained, not only with the next report.
    private void drained() {
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
        if (handedOver) {
            hurry.onComplete(now -> hurried.tryComplete());
            vertx.setTimer(Math.max(1, settings.drain().toMillis()), t -> hurried.tryComplete());
            return over.future();
        }
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
