package io.skerry.shared.process;

import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.NetworkConfig;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.spi.cluster.hazelcast.ConfigUtil;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The bus of a cluster: Vert.x over Hazelcast, in a Vert.x instance of its own that can be thrown
/// away.
///
/// Implementation notes. After a long freeze, or when the last full member was away, a Hazelcast
/// cluster re-forms but the event bus's registrations do not come back for minutes. So every
/// process publishes a pulse each second, and full members answer pings. A lite member that hears
/// no pulse of a full one, or gets no answer to its pings, for {@link #SILENCE_MAX_MILLIS} leaves
/// and joins again with all its handlers; other lite members prove nothing, for they go on hearing
/// each other in a cluster that lost its heart. A full member does the same when it hears nobody,
/// unless it never did: it may simply be alone. All state belongs to the context of the home
/// Vert.x; the clustered one is only reached through it.
public final class ClusterBus implements Bus {
    /// Silence after which a process joins again.
    static final long SILENCE_MAX_MILLIS = 10_000;

    private static final Logger log = LoggerFactory.getLogger(ClusterBus.class);
    private static final long PULSE_MILLIS = 1_000;
    private static final long GRACE_MILLIS = 250;
    private static final long JOIN_RETRY_MILLIS = 2_000;
    private static final int PROBE_MILLIS = 1_000;
    private static final long PING_MILLIS = 2_000;
    private static final String PULSE = "skerry.pulse.v1";
    private static final String PING = "skerry.ping.v1";

    private sealed interface Registration {
        record Serve(
                String address, Context context, Function<JsonObject, Future<JsonObject>> handler)
                implements Registration {}

        record Subscribe(String address, Context context, Consumer<JsonObject> handler)
                implements Registration {}
    }

    /// One stay in the cluster.
    private record Membership(Vertx vertx, EventBusPort port) {}

    private final Vertx home;
    private final Context context;
    private final ClusterSettings settings;
    private final String id = UUID.randomUUID().toString();
    private final List<Registration> registrations = new ArrayList<>();
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
        if (!settings.lite()) {
            build();
            return;
        }
        fullMemberListens()
                .onComplete(listens -> {
                    if (listens.succeeded()) {
                        build();
                    } else {
                        tried(Future.failedFuture(new NobodyListens(settings.members())));
                    }
                });
    }

    /// Lite members never begin a cluster: one without full members can do nothing, and full ones
    /// that start meanwhile would lose their time joining it.
    private Future<Void> fullMemberListens() {
        NetClient client =
                home.createNetClient(new NetClientOptions().setConnectTimeout(PROBE_MILLIS));
        List<Future<Void>> probes = new ArrayList<>();
        for (String member : settings.members()) {
            int colon = member.lastIndexOf(':');
            String host = member.substring(0, colon).replace("[", "").replace("]", "");
            int port = Integer.parseInt(member.substring(colon + 1));
            probes.add(client.connect(port, host).compose(socket -> socket.close()));
        }
        return Future.any(probes).<Void>mapEmpty().eventually(client::close);
    }

    private void build() {
        HazelcastClusterManager manager = new HazelcastClusterManager(hazelcast(settings));
        EventBusOptions busOptions =
                new EventBusOptions()
                        .setHost(settings.busBind().host())
                        .setPort(settings.busBind().port())
                        .setClusterPublicHost(settings.busBind().host())
                        .setClusterPingInterval(3_000)
                        .setClusterPingReplyInterval(3_000)
                        .setConnectTimeout(3_000);
        settings.tls().ifPresent(tls -> tls.secure(busOptions));
        VertxOptions options =
                new VertxOptions().setEventLoopPoolSize(1).setEventBusOptions(busOptions);
        // On a thread of its own: Vert.x objects to one Vert.x being made on a thread of another.
        Thread.ofPlatform()
                .name("skerry-join")
                .start(() ->
                        Vertx.builder()
                                .with(options)
                                .withClusterManager(manager)
                                .buildClustered()
                                .onComplete(joined -> context.runOnContext(v -> tried(joined))));
    }

    private void tried(AsyncResult<Vertx> joined) {
        changing = false;
        if (joined.succeeded()) {
            entered(joined.result());
            return;
        }
        if (closing != null) {
            closing.tryComplete();
            return;
        }
        troubled(joined.cause());
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
        if (failure instanceof NobodyListens) {
            log.info("waiting for the cluster: {}", now);
        } else {
            log.warn("cannot join the cluster as {}: {}", settings.clusterBind(), now);
        }
    }

    /// No full member accepts a connection.
    private static final class NobodyListens extends RuntimeException {
        private static final long serialVersionUID = 1;

        NobodyListens(List<String> members) {
            super("no rule service listens at " + String.join(", ", members));
        }
    }

    private void entered(Vertx clustered) {
        if (closing != null) {
            clustered.close().onComplete(closing);
            return;
        }
        // Nothing of ours runs there: what is left unhandled is Vert.x's own, and of no consequence
        // beyond the silence that ends the membership, such as a promise failed twice when a broken
        // cluster is left.
        clustered.exceptionHandler(failure -> log.debug("in the clustered Vert.x", failure));
        EventBusPort port = new EventBusPort(clustered.eventBus());
        port.subscribe(PULSE, context, this::heard);
        registrations.forEach(registration -> register(port, registration));
        if (!settings.lite()) {
            port.serve(PING, context, Future::succeededFuture);
        }
        lastHeard = now();
        lastAnswered = lastHeard;
        heardAnybody = false;
        trouble = "";
        membership = new Membership(clustered, port);
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
        if (counts && !id.equals(pulse.getString("id"))) {
            lastHeard = now();
            lastPulse = lastHeard;
            heardAnybody = true;
        }
    }

    /// {@inheritDoc}
    @Override
    public String metrics() {
        return """
        # HELP skerry_bus_silence_seconds Time since another member was heard.
        # TYPE skerry_bus_silence_seconds gauge
        skerry_bus_silence_seconds %s
        """
                .formatted((now() - lastPulse) / 1000.0);
    }

    private void pulse() {
        Membership current = membership;
        if (current == null) {
            return;
        }
        JsonObject pulse = new JsonObject().put("id", id).put("full", !settings.lite());
        current.port().publish(PULSE, pulse);
        if (settings.lite()) {
            ping(current);
        } else {
            lastAnswered = now();
        }
        boolean expected = heardAnybody || settings.lite();
        if (expected && now() - Math.min(lastHeard, lastAnswered) > SILENCE_MAX_MILLIS) {
            log.warn(
                    "nothing heard from the event bus for {} ms: joining again",
                    SILENCE_MAX_MILLIS);
            membership = null;
            changing = true;
            current.vertx().close().onComplete(done -> context.runOnContext(v -> left()));
        }
    }

    private void ping(Membership current) {
        current.port()
                .reaches(PING, PING_MILLIS)
                .onSuccess(answer ->
                        context.runOnContext(v -> {
                            if (current.equals(membership)) {
                                lastAnswered = now();
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
        current.port()
                .request(address, message, timeoutMillis)
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
                current.vertx().close().onComplete(done);
            } else if (!changing) {
                done.complete();
            }
        });
        return done.future();
    }

    /// Hazelcast with the member list alone: no multicast, no other port, no other address.
    private static Config hazelcast(ClusterSettings settings) {
        Config config = ConfigUtil.loadConfig();
        config.setClusterName("skerry");
        config.setLiteMember(settings.lite());
        config.setProperty("hazelcast.shutdownhook.enabled", "false");
        config.setProperty("hazelcast.phone.home.enabled", "false");
        config.setProperty("hazelcast.logging.type", "slf4j");
        config.setProperty("hazelcast.socket.bind.any", "false");
        config.setProperty("hazelcast.max.no.heartbeat.seconds", "10");
        config.setProperty("hazelcast.heartbeat.interval.seconds", "1");
        config.setProperty("hazelcast.merge.first.run.delay.seconds", "5");
        config.setProperty("hazelcast.merge.next.run.delay.seconds", "5");
        config.setProperty("hazelcast.max.join.seconds", "10");
        config.setProperty("hazelcast.wait.seconds.before.join", "1");
        config.setProperty("hazelcast.operation.call.timeout.millis", "10000");
        NetworkConfig network = config.getNetworkConfig();
        network.setPort(settings.clusterBind().port()).setPortAutoIncrement(false);
        network.setReuseAddress(true);
        network.getInterfaces()
                .setEnabled(true)
                .clear()
                .addInterface(settings.clusterBind().host());
        JoinConfig join = network.getJoin();
        join.getAutoDetectionConfig().setEnabled(false);
        join.getMulticastConfig().setEnabled(false);
        join.getTcpIpConfig()
                .setEnabled(true)
                .setConnectionTimeoutSeconds(3)
                .setMembers(settings.members());
        return config;
    }
}
