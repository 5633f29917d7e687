package io.skerry.shared.process;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.json.JsonObject;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The bus of a cluster: Vert.x over Hazelcast, in a Vert.x instance of its own that can be thrown
/// away.
///
/// Implementation notes. After a long freeze, or when the last full member was away, a Hazelcast
/// cluster may take minutes to become one again. So a process that its {@link Pulse} calls silent
/// leaves and joins again with all its {@link Registrations}. All state belongs to the context of
/// the home Vert.x; the clustered one is only reached through it.
public final class ClusterBus implements Bus {
    private static final Logger log = LoggerFactory.getLogger(ClusterBus.class);
    private static final long PULSE_MILLIS = 1_000;
    private static final long GRACE_MILLIS = 250;
    private static final long LEAVE_MILLIS = 5_000;
    private static final long JOIN_RETRY_MILLIS = 2_000;

    /// One stay in the cluster.
    private record Membership(
            ClusterMember member, ClusterNodes nodes, Vertx vertx, EventBusPort port) {}

    private final Vertx home;
    private final Context context;
    private final ClusterSettings settings;
    private final Registrations registrations = new Registrations();
    private final Pulse pulse;
    private volatile @Nullable Membership membership;
    private volatile boolean joinedOnce;
    private @Nullable Promise<Void> closing;

    /// Whether a join or a leave is under way.
    private boolean changing;

    private long timer = -1;
    private String trouble = "";

    private ClusterBus(Vertx home, ClusterSettings settings) {
        this.home = home;
        this.context = home.getOrCreateContext();
        this.settings = settings;
        this.pulse = new Pulse(context, !settings.lite(), registrations);
    }

    /// Begins to join and answers at once: a process works without the bus, only slower. Joining is
    /// repeated until it succeeds.
    public static Future<ClusterBus> join(Vertx home, ClusterSettings settings) {
        return join(home, settings, Future.succeededFuture());
    }

    /// @param free completes when the addresses are free; joining begins then
    public static Future<ClusterBus> join(Vertx home, ClusterSettings settings, Future<Void> free) {
        ClusterBus bus = new ClusterBus(home, settings);
        return Future.future(promise ->
                bus.context.runOnContext(v -> {
                    bus.timer = home.setPeriodic(PULSE_MILLIS, t -> bus.beat());
                    free.onComplete(done -> bus.context.runOnContext(w -> bus.enter()));
                    promise.complete(bus);
                }));
    }

    private void enter() {
        if (closing != null || changing) {
            return;
        }
        changing = true;
        // On a thread of its own: Vert.x objects to one Vert.x being made on a thread of another.
        Thread.ofPlatform().name("skerry-join").start(this::join);
    }

    private VertxOptions options() {
        EventBusOptions busOptions =
                new EventBusOptions()
                        .setHost(settings.busBind().host())
                        .setPort(settings.busBind().port())
                        .setClusterPublicHost(settings.busBind().host())
                        .setClusterPingInterval(3_000)
                        .setClusterPingReplyInterval(3_000)
                        .setConnectTimeout(3_000);
        settings.tls().ifPresent(tls -> tls.secure(busOptions));
        return new VertxOptions().setEventLoopPoolSize(1).setEventBusOptions(busOptions);
    }

    private void join() {
        ClusterMember member;
        try {
            member = ClusterMember.start(settings);
        } catch (ClusterMember.NobodyListens | RuntimeException failed) {
            context.runOnContext(v -> failed(failed));
            return;
        }
        ClusterNodes nodes = new ClusterNodes(member);
        Vertx.builder()
                .with(options())
                .withClusterManager(nodes)
                .buildClustered()
                .onSuccess(joined -> context.runOnContext(v -> entered(member, nodes, joined)))
                // A member left behind would keep its port from the next one.
                .onFailure(failure ->
                        member.end(false)
                                .onComplete(ended -> context.runOnContext(v -> failed(failure))));
    }

    private void failed(Throwable failure) {
        changing = false;
        if (closing != null) {
            closing.tryComplete();
            return;
        }
        troubled(failure);
        home.setTimer(JOIN_RETRY_MILLIS, t -> enter());
    }

    /// Says each trouble once. That no full member listens yet is none: processes of a cluster
    /// start in any order.
    private void troubled(Throwable failure) {
        String now = String.valueOf(failure.getMessage());
        if (now.equals(trouble)) {
            return;
        }
        trouble = now;
        if (failure instanceof ClusterMember.NobodyListens) {
            log.info("waiting for the cluster: {}", now);
        } else {
            log.warn("cannot join the cluster as {}: {}", settings.clusterBind(), now);
        }
    }

    private void entered(ClusterMember member, ClusterNodes nodes, Vertx clustered) {
        changing = false;
        Membership entered =
                new Membership(member, nodes, clustered, new EventBusPort(clustered.eventBus()));
        if (closing != null) {
            leave(entered, true).onComplete(closing);
            return;
        }
        // Nothing of ours runs there: what is left unhandled is Vert.x's own, and of no consequence
        // beyond the silence that ends the membership, such as a promise failed twice when a broken
        // cluster is left.
        clustered.exceptionHandler(failure -> log.debug("in the clustered Vert.x", failure));
        EventBusPort port = entered.port();
        registrations.enter(port);
        pulse.begin(nodes, port).onComplete(known -> joinedOnce = true);
        trouble = "";
        membership = entered;
        log.info(
                "joined the cluster as {} at {}, event bus {}{}",
                settings.lite() ? "lite member" : "member",
                settings.clusterBind(),
                settings.busBind(),
                settings.tls().isPresent() ? " with TLS" : "");
    }

    /// {@inheritDoc}
    @Override
    public String metrics() {
        Membership current = membership;
        int members = current == null ? 0 : current.member().nodes().size();
        return """
        # HELP skerry_bus_members Members of the cluster, this one included; 0 outside.
        # TYPE skerry_bus_members gauge
        skerry_bus_members %d
        """
                        .formatted(members)
                + pulse.metrics();
    }

    private void beat() {
        Membership current = membership;
        if (current == null) {
            return;
        }
        if (!pulse.isOver()) {
            current.nodes().refresh();
            pulse.beat();
            return;
        }
        log.warn(
                "nothing heard from the event bus for {} ms: joining again",
                Pulse.SILENCE_MAX_MILLIS);
        membership = null;
        changing = true;
        leave(current, false).onComplete(done -> context.runOnContext(v -> left()));
    }

    private void left() {
        changing = false;
        if (closing != null) {
            closing.tryComplete();
        } else {
            enter();
        }
    }

    /// Ends a stay: first Vert.x, then the member, also where Vert.x does not end in time.
    ///
    /// @param gently whether the others are to know it at once, where they can be reached
    private Future<Void> leave(Membership old, boolean gently) {
        Promise<Void> closed = Promise.promise();
        long late = home.setTimer(LEAVE_MILLIS, t -> closed.tryComplete());
        old.vertx().close().onComplete(done -> closed.tryComplete());
        return closed.future()
                .compose(done -> {
                    home.cancelTimer(late);
                    return old.member().end(gently);
                });
    }

    /// Whether the others could hear of this process since it started. From then on it does what it
    /// can, also while it has to join again.
    public boolean hasJoined() {
        return joinedOnce;
    }

    /// {@inheritDoc}
    ///
    /// The answer comes on the caller's context. The time is kept by the home Vert.x too: one that
    /// is closed while it waits never completes.
    @Override
    public Future<JsonObject> request(String address, JsonObject message, long timeoutMillis) {
        Membership current = membership;
        if (current == null) {
            return Future.failedFuture(
                    Problem.of(Code.UNAVAILABLE, "not in the cluster now; try again")
                            .toException());
        }
        Context caller = home.getOrCreateContext();
        Promise<JsonObject> answer = Promise.promise();
        long deadline = home.setTimer(timeoutMillis + GRACE_MILLIS, late -> answer.tryFail(lost()));
        pulse.request(current.port(), address, message, timeoutMillis)
                .onComplete(done ->
                        caller.runOnContext(v -> {
                            home.cancelTimer(deadline);
                            if (done.succeeded()) {
                                answer.tryComplete(done.result());
                            } else {
                                answer.tryFail(done.cause());
                            }
                        }));
        return answer.future();
    }

    private static ProblemException lost() {
        return Problem.of(
                        Code.OUTCOME_UNKNOWN,
                        "the connection was lost; repeat with the same Idempotency-Key")
                .toException();
    }

    @Override
    public void publish(String address, JsonObject message) {
        Membership current = membership;
        if (current != null) {
            current.port().publish(address, message);
        }
    }

    @Override
    public void serve(String address, Function<JsonObject, Future<JsonObject>> handler) {
        registrations.serve(address, home.getOrCreateContext(), handler);
        context.runOnContext(v -> pulse.beat());
    }

    @Override
    public void subscribe(String address, Consumer<JsonObject> handler) {
        Context on = home.getOrCreateContext();
        context.runOnContext(v -> {
            Membership current = membership;
            registrations.subscribe(address, on, handler, current == null ? null : current.port());
        });
    }

    @Override
    public Future<Void> close() {
        Promise<Void> done = Promise.promise();
        context.runOnContext(v -> {
            if (closing != null) {
                closing.future().onComplete(done);
                return;
            }
            closing = done;
            home.cancelTimer(timer);
            Membership current = membership;
            membership = null;
            if (current != null) {
                pulse.end();
                // Until the others have heard it they may ask, and are answered.
                home.setTimer(GRACE_MILLIS, t -> leave(current, true).onComplete(done));
            } else if (!changing) {
                done.complete();
            }
        });
        return done.future();
    }
}
