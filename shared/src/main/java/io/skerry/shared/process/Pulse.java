package io.skerry.shared.process;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Set;
import java.util.UUID;
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
/// did: it may simply be alone.
///
/// A pulse also says what its member serves, and requests go to full members that answer pings: the
/// cluster drops one that is frozen after 10 s only, and until then every second request would be
/// lost in it. Each such member is asked at an address of its own, which is looked up in the
/// cluster while all is well. The last pulse says that its member leaves.
///
/// Belongs to one context, but for {@link #request} and {@link #metrics}, which all threads may
/// use.
final class Pulse {
    /// Silence after which a process joins again.
    static final long SILENCE_MAX_MILLIS = 10_000;

    private static final long PING_MILLIS = 2_000;
    private static final String PULSE = "skerry.pulse.v1";
    private static final String MEMBER = "skerry.member.v1.";

    private final Context context;
    private final boolean full;
    private final Registrations registrations;
    private final Answering answering = new Answering();

    /// The event bus of this stay in the cluster.
    private @Nullable EventBusPort port;

    /// The name of this stay: what is left in the cluster of one before is not taken for it.
    private String id = "";

    private boolean heardAnybody;
    private long lastHeard;
    private long lastAnswered;

    /// When a member that counts was last heard, in milliseconds, whatever stays came and went.
    private volatile long lastPulse = now();

    Pulse(Context context, boolean full, Registrations registrations) {
        this.context = context;
        this.full = full;
        this.registrations = registrations;
    }

    /// A stay in the cluster begins. Completes when the others can hear of it.
    Future<Void> begin(EventBusPort entered) {
        port = entered;
        id = UUID.randomUUID().toString();
        heardAnybody = false;
        lastHeard = now();
        lastAnswered = lastHeard;
        entered.subscribe(PULSE, context, pulse -> heard(entered, pulse));
        return entered.serve(MEMBER + id, context, this::asked)
                .onComplete(known -> context.runOnContext(v -> beat()));
    }

    /// Publishes one.
    void beat() {
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
        JsonArray serves = new JsonArray();
        registrations.serving().forEach(serve -> serves.add(serve.address()));
        current.publish(
                PULSE,
                new JsonObject()
                        .put("id", id)
                        .put("full", full)
                        .put("serves", serves)
                        .put("leaves", leaves));
    }

    /// Whether this stay in the cluster is of no more use.
    boolean isSilent() {
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
            ping(on, member, pulse);
        }
    }

    private void ping(EventBusPort on, String member, JsonObject pulse) {
        Set<String> serves =
                pulse.getJsonArray("serves", new JsonArray()).stream()
                        .map(String::valueOf)
                        .collect(Collectors.toSet());
        on.reaches(MEMBER + member, PING_MILLIS)
                .onSuccess(answer -> context.runOnContext(v -> answered(on, member, serves)));
    }

    private void answered(EventBusPort on, String member, Set<String> serves) {
        if (on.equals(port)) {
            lastAnswered = now();
            answering.heard(member, serves, lastAnswered);
        }
    }

    /// What one member asks this one and no other: an envelope with an address and a message for
    /// it, or without, which is a ping.
    private Future<JsonObject> asked(JsonObject envelope) {
        String address = envelope.getString("to");
        if (address == null) {
            return Future.succeededFuture(new JsonObject());
        }
        for (Registrations.Serve serve : registrations.serving()) {
            if (serve.address().equals(address)) {
                return serve.apply(envelope.getJsonObject("message"));
            }
        }
        return Future.failedFuture(
                Problem.of(Code.UNAVAILABLE, "nobody serves " + address + " here").toException());
    }

    /// Asks one that answered lately, or where none did, one that the cluster chooses. One that did
    /// nothing, because it leaves, is followed by the next.
    ///
    /// @param on the event bus now
    Future<JsonObject> request(
            EventBusPort on, String address, JsonObject message, long timeoutMillis) {
        long began = now();
        String member = answering.next(address, began).orElse(null);
        if (member == null) {
            return on.request(address, message, timeoutMillis);
        }
        JsonObject envelope = new JsonObject().put("to", address).put("message", message);
        return on.request(MEMBER + member, envelope, timeoutMillis)
                .recover(failure -> {
                    long left = timeoutMillis - (now() - began);
                    if (!EventBusPort.isUnavailable(failure) || left <= 0) {
                        return Future.failedFuture(failure);
                    }
                    answering.forget(member);
                    return request(on, address, message, left);
                });
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
