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
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The bus of a cluster: Vert.x over Hazelcast, in a Vert.x instance of its own that can be thrown
/// away.
///
/// Implementation notes. After a long freeze, or when the last full member was away, a Hazelcast
/// cluster re-forms but the event bus's registrations do not come back for minutes. So every
/// process publishes a pulse each second, and pings those that it hears. A lite member that hears
/// no pulse of a full one, or gets no answer to its pings, for {@link #SILENCE_MAX_MILLIS} leaves
/// and joins again with all its handlers; other lite members prove nothing, for they go on hearing
/// each other in a cluster that lost its heart. A full member does the same when it hears nobody,
/// unless it never did: it may simply be alone. A pulse also says what its member serves, and
/// requests go to those that answer pings: the cluster drops one that is frozen after 10 s only,
/// and until then every second request would be lost in it. Each such member is asked at an address
/// of its own, which is looked up in the cluster while all is well. All state belongs to the
/// context of the home Vert.x; the clustered one is only reached through it.
public final class ClusterBus implements Bus {
    /// Silence after which a process joins again.
    static final long SILENCE_MAX_MILLIS = 10_000;

    private static final Logger log = LoggerFactory.getLogger(ClusterBus.class);
    private static final long PULSE_MILLIS = 1_000;
    private static final long GRACE_MILLIS = 250;
    private static final long LEAVE_MILLIS = 5_000;
    private static final long JOIN_RETRY_MILLIS = 2_000;
    private static final long PING_MILLIS = 2_000;
    private static final String PULSE = "skerry.pulse.v1";
    private static final String MEMBER = "skerry.member.v1.";

    private sealed interface Registration {
        record Serve(
                String address, Context context, Function<JsonObject, Future<JsonObject>> handler)
                implements Registration {}

        record Subscribe(String address, Context context, Consumer<JsonObject> handler)
                implements Registration {}
    }

    /// One stay in the cluster.
    private record Membership(ClusterMember member, Vertx vertx, EventBusPort port) {}

    private final Vertx home;
    private final Context context;
    private final ClusterSettings settings;
    private final String id = UUID.randomUUID().toString();
    private final List<Registration> registrations = new ArrayList<>();
    private final Answering answering = new Answering();
    private volatile @Nullable Membership membership;
    private @Nullable Promise<Void> closing;

    /// Whether a join or a leave is under way.
    private boolean changing;

    private boolean heardAnybody;
    private long lastHeard;

    /// When a rule service was last heard, in milliseconds, whatever memberships came and went.
    private volatile long lastPulse = now();

    private long lastAnswered;
    private long timer = -1;
    private String trouble = "";

    private ClusterBus(Vertx home, ClusterSettings settings) {
        this.home = home;
        this.context = home.getOrCreateContext();
        this.settings = settings;
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
                    bus.timer = home.setPeriodic(PULSE_MILLIS, t -> bus.pulse());
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
        Vertx.builder()
                .with(options())
                .withClusterManager(new HazelcastClusterManager(member.instance()))
                .buildClustered()
                .onSuccess(joined -> context.runOnContext(v -> entered(member, joined)))
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

    private void entered(ClusterMember member, Vertx clustered) {
        changing = false;
        Membership entered =
                new Membership(member, clustered, new EventBusPort(clustered.eventBus()));
        if (closing != null) {
            leave(entered, true).onComplete(closing);
            return;
        }
        // Nothing of ours runs there: what is left unhandled is Vert.x's own, and of no consequence
        // beyond the silence that ends the membership, such as a promise failed twice when a broken
        // cluster is left.
        clustered.exceptionHandler(failure -> log.debug("in the clustered Vert.x", failure));
        EventBusPort port = entered.port();
        port.subscribe(PULSE, context, this::heard);
        registrations.forEach(registration -> register(port, registration));
        port.serve(MEMBER + id, context, this::asked);
        lastHeard = now();
        lastAnswered = lastHeard;
        heardAnybody = false;
        trouble = "";
        membership = entered;
        log.info(
                "joined the cluster as {} at {}, event bus {}{}",
                settings.lite() ? "lite member" : "member",
                settings.clusterBind(),
                settings.busBind(),
                settings.tls().isPresent() ? " with TLS" : "");
    }

    private static void register(EventBusPort port, Registration registration) {
        switch (registration) {
            case Registration.Serve(var address, var on, var handler) ->
                    port.serve(address, on, handler);
            case Registration.Subscribe(var address, var on, var handler) ->
                    port.subscribe(address, on, handler);
        }
    }

    private void heard(JsonObject pulse) {
        boolean counts = !settings.lite() || pulse.getBoolean("full", false);
        String member = pulse.getString("id");
        Membership current = membership;
        if (counts && !id.equals(member) && current != null) {
            lastHeard = now();
            lastPulse = lastHeard;
            heardAnybody = true;
            ping(current, member, strings(pulse.getJsonArray("serves", new JsonArray())));
        }
    }

    /// What one member asks this one and no other: an envelope with an address and a message for
    /// it, or without, which is a ping.
    private Future<JsonObject> asked(JsonObject envelope) {
        String address = envelope.getString("to");
        if (address == null) {
            return Future.succeededFuture(new JsonObject());
        }
        for (Registration registration : registrations) {
            if (registration instanceof Registration.Serve(var served, var on, var handler)
                    && served.equals(address)) {
                Promise<JsonObject> answer = Promise.promise();
                on.runOnContext(v ->
                        Future.future((Promise<JsonObject> done) ->
                                        handler.apply(envelope.getJsonObject("message"))
                                                .onComplete(done))
                                .onComplete(answer));
                return answer.future();
            }
        }
        return Future.failedFuture("nobody serves " + address + " here");
    }

    /// {@inheritDoc}
    @Override
    public String metrics() {
        return """
        # HELP skerry_bus_silence_seconds Time since another member was heard.
        # TYPE skerry_bus_silence_seconds gauge
        skerry_bus_silence_seconds %s
        # HELP skerry_bus_members_answering Members, of lite ones full members, that answer now.
        # TYPE skerry_bus_members_answering gauge
        skerry_bus_members_answering %d
        """
                .formatted((now() - lastPulse) / 1000.0, answering.count(now()));
    }

    private void pulse() {
        Membership current = membership;
        if (current == null) {
            return;
        }
        JsonObject pulse =
                new JsonObject()
                        .put("id", id)
                        .put("full", !settings.lite())
                        .put("serves", new JsonArray(served()));
        current.port().publish(PULSE, pulse);
        if (!settings.lite()) {
            lastAnswered = now();
        }
        boolean expected = heardAnybody || settings.lite();
        if (expected && now() - Math.min(lastHeard, lastAnswered) > SILENCE_MAX_MILLIS) {
            log.warn(
                    "nothing heard from the event bus for {} ms: joining again",
                    SILENCE_MAX_MILLIS);
            membership = null;
            changing = true;
            leave(current, false).onComplete(done -> context.runOnContext(v -> left()));
        }
    }

    private List<String> served() {
        List<String> addresses = new ArrayList<>();
        for (Registration registration : registrations) {
            if (registration instanceof Registration.Serve serve) {
                addresses.add(serve.address());
            }
        }
        return addresses;
    }

    private static Set<String> strings(JsonArray array) {
        return array.stream().map(String::valueOf).collect(Collectors.toSet());
    }

    /// Asks a member that was heard whether it also answers.
    private void ping(Membership current, String member, Set<String> serves) {
        current.port()
                .reaches(MEMBER + member, PING_MILLIS)
                .onSuccess(answer ->
                        context.runOnContext(v -> {
                            if (current.equals(membership)) {
                                lastAnswered = now();
                                answering.heard(member, serves, lastAnswered);
                            }
                        }));
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

    private static long now() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }

    /// Whether the process is in the cluster now.
    public boolean isJoined() {
        return membership != null;
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
        request(current.port(), address, message, timeoutMillis)
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

    /// Asks one that answered lately, or where none did, one that the cluster chooses.
    private Future<JsonObject> request(
            EventBusPort port, String address, JsonObject message, long timeoutMillis) {
        String member = answering.next(address, now()).orElse(null);
        if (member == null) {
            return port.request(address, message, timeoutMillis);
        }
        JsonObject envelope = new JsonObject().put("to", address).put("message", message);
        return port.request(MEMBER + member, envelope, timeoutMillis)
                .recover(failure -> {
                    if (!isNotServed(failure)) {
                        return Future.failedFuture(failure);
                    }
                    // It has just left, and was not asked.
                    answering.forget(member);
                    return port.request(address, message, timeoutMillis);
                });
    }

    private static boolean isNotServed(Throwable failure) {
        return failure instanceof ProblemException known
                && known.problem().code() == Code.UNAVAILABLE;
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
        add(new Registration.Serve(address, home.getOrCreateContext(), handler));
    }

    @Override
    public void subscribe(String address, Consumer<JsonObject> handler) {
        add(new Registration.Subscribe(address, home.getOrCreateContext(), handler));
    }

    private void add(Registration registration) {
        context.runOnContext(v -> {
            registrations.add(registration);
            Membership current = membership;
            if (current != null) {
                register(current.port(), registration);
            }
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
                leave(current, true).onComplete(done);
            } else if (!changing) {
                done.complete();
            }
        });
        return done.future();
    }
}
