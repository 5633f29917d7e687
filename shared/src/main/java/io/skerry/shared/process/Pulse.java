package io.skerry.shared.process;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The pulse of the processes of a cluster: each publishes one every second and pings the full
/// members that it hears, and so knows whom requests reach, and when it should leave and join
/// again.
///
/// A lite member is silent when it hears no pulse of a full one, or gets no answer to its pings,
/// for {@link #SILENCE_MAX_MILLIS}; other lite members prove nothing, for they go on hearing each
/// other in a cluster that lost its heart. A full member is when it hears nobody, unless it never
/// did: it may simply be alone. One that was frozen for so long itself was dropped by the others,
/// and does not wait to find out.
///
/// A pulse also says what its member serves, which is how requests find their way: each goes to the
/// {@link ClusterNodes#address} of one member. Several full members may serve the same address, so
/// one of those that answer pings is asked: the cluster drops one that is frozen after 10 s only.
/// What a lite member serves is its own, and its pulse suffices. The last pulse says that its
/// member leaves.
///
/// Belongs to one context, but for {@link #request} and {@link #metrics}, which all threads may
/// use.
final class Pulse {
    /// Silence after which a process joins again.
    static final long SILENCE_MAX_MILLIS = 10_000;

    private static final long PING_MILLIS = 2_000;
    private static final String PULSE = "skerry.pulse.v1";

    private final Context context;
    private final boolean full;
    private final Registrations registrations;
    private final Answering answering = new Answering();

    /// The event bus of this stay in the cluster.
    private @Nullable EventBusPort port;

    /// Who is in the cluster of this stay.
    private volatile @Nullable ClusterNodes nodes;

    /// The name of this stay.
    private volatile String id = "";

    private boolean heardAnybody;
    private long lastHeard;
    private long lastAnswered;
    private long lastBeat;

    /// When a member that counts was last heard, in milliseconds, whatever stays came and went.
    private volatile long lastPulse = now();

    Pulse(Context context, boolean full, Registrations registrations) {
        this.context = context;
        this.full = full;
        this.registrations = registrations;
    }

    /// A stay in the cluster begins. Completes when the others can hear of it.
    ///
    /// @param among who is in the cluster
    Future<Void> begin(ClusterNodes among, EventBusPort entered) {
        port = entered;
        nodes = among;
        id = among.getNodeId();
        heardAnybody = false;
        lastHeard = now();
        lastAnswered = lastHeard;
        lastBeat = lastHeard;
        entered.subscribe(PULSE, context, pulse -> heard(entered, pulse));
        return entered.serve(ClusterNodes.address(id), context, this::asked)
                .onComplete(known -> context.runOnContext(v -> beat()));
    }

    /// Publishes one.
    void beat() {
        lastBeat = now();
        publish(false);
    }

    /// Publishes the last one: nobody is to ask this member any more.
    void end() {
        publish(true);
    }

    private void publish(boolean leaves) {
        EventBusPort current = port;
        if (current == null) {
            return;
        }
        current.publish(
                PULSE,
                new JsonObject()
                        .put("id", id)
                        .put("full", full)
                        .put("serves", new JsonArray(List.copyOf(registrations.served())))
                        .put("leaves", leaves));
    }

    /// Whether this stay in the cluster is of no more use. To be asked before each beat.
    boolean isOver() {
        if (now() - lastBeat > SILENCE_MAX_MILLIS) {
            return true;
        }
        if (full) {
            return heardAnybody && now() - lastHeard > SILENCE_MAX_MILLIS;
        }
        return now() - Math.min(lastHeard, lastAnswered) > SILENCE_MAX_MILLIS;
    }

    private void heard(EventBusPort on, JsonObject pulse) {
        boolean fromFull = pulse.getBoolean("full", false);
        String member = pulse.getString("id");
        if (id.equals(member) || !on.equals(port)) {
            return;
        }
        if (pulse.getBoolean("leaves", false)) {
            answering.forget(member);
            return;
        }
        if (!full && !fromFull) {
            return;
        }
        lastHeard = now();
        lastPulse = lastHeard;
        heardAnybody = true;
        if (fromFull) {
            ping(on, member, serves(pulse));
        } else {
            answering.heard(member, false, serves(pulse), lastHeard);
        }
    }

    private static Set<String> serves(JsonObject pulse) {
        return pulse.getJsonArray("serves", new JsonArray()).stream()
                .map(String::valueOf)
                .collect(Collectors.toSet());
    }

    private void ping(EventBusPort on, String member, Set<String> serves) {
        on.reaches(ClusterNodes.address(member), PING_MILLIS)
                .onSuccess(answer -> context.runOnContext(v -> answered(on, member, serves)));
    }

    private void answered(EventBusPort on, String member, Set<String> serves) {
        if (on.equals(port)) {
            lastAnswered = now();
            answering.heard(member, true, serves, lastAnswered);
        }
    }

    /// What one member asks this one and no other: an envelope with an address and a message for
    /// it, or without, which is a ping.
    private Future<JsonObject> asked(JsonObject envelope) {
        String address = envelope.getString("to");
        return address == null
                ? Future.succeededFuture(new JsonObject())
                : registrations.answer(address, envelope.getJsonObject("message"));
    }

    /// Asks one that serves the address; one that did nothing, because it leaves, is followed by
    /// the next. This one is asked where no other is.
    ///
    /// @param on the event bus now
    Future<JsonObject> request(
            EventBusPort on, String address, JsonObject message, long timeoutMillis) {
        long began = now();
        ClusterNodes among = nodes;
        List<String> able =
                answering.at(address, began, each -> among != null && among.lists(each));
        if (able.isEmpty()) {
            able = registrations.served().contains(address) ? List.of(id) : able;
        }
        JsonObject envelope = new JsonObject().put("to", address).put("message", message);
        return able.isEmpty()
                ? Future.failedFuture(EventBusPort.nobody(address))
                : request(on, able.iterator(), envelope, began + timeoutMillis);
    }

    private static Future<JsonObject> request(
            EventBusPort on, Iterator<String> able, JsonObject envelope, long end) {
        return on.request(ClusterNodes.address(able.next()), envelope, Math.max(1, end - now()))
                .recover(failure ->
                        EventBusPort.isUnavailable(failure) && able.hasNext() && now() < end
                                ? request(on, able, envelope, end)
                                : Future.failedFuture(failure));
    }

    /// What is known of the others, in the Prometheus text format.
    String metrics() {
        return """
        # HELP skerry_bus_silence_seconds Time since another member was heard.
        # TYPE skerry_bus_silence_seconds gauge
        skerry_bus_silence_seconds %s
        # HELP skerry_bus_members_answering Other full members that answer now.
        # TYPE skerry_bus_members_answering gauge
        skerry_bus_members_answering %d
        """
                .formatted((now() - lastPulse) / 1000.0, answering.count(now()));
    }

    private static long now() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }
}
