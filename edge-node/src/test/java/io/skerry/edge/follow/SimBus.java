package io.skerry.edge.follow;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.process.Bus;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A bus that drops, doubles, delays and so reorders messages while it is bad, and cuts nodes off.
/// Every message is copied through text, as a wire does.
final class SimBus {
    private static final int LATE_MILLIS = 4_000;
    private static final int PROMPT_MILLIS = 20;

    private final SimTime time;
    private final Random random;
    private final Function<JsonObject, @Nullable JsonObject> services;
    private final BiConsumer<String, JsonObject> heard;
    private final Map<String, List<Consumer<JsonObject>>> listeners = new HashMap<>();
    private final Map<String, Boolean> cutOff = new HashMap<>();
    private boolean bad = true;
    private long lastFault;

    /// @param services answers requests; `null` where no rule service lives
    /// @param heard told of each answer that a node hears
    SimBus(
            SimTime time,
            Function<JsonObject, @Nullable JsonObject> services,
            BiConsumer<String, JsonObject> heard) {
        this.heard = heard;
        this.time = time;
        this.random = time.random;
        this.services = services;
    }

    /// From now on everything arrives, once and soon.
    void heal() {
        bad = false;
        cutOff.clear();
        lastFault = Math.max(lastFault, time.now());
    }

    /// When the last message that was tampered with arrived, or was given up by who waits for it.
    long lastFault() {
        return lastFault;
    }

    void cutOff(String node, boolean cut) {
        cutOff.put(node, cut && bad);
    }

    void leave(String node) {
        listeners.remove(node);
    }

    /// Tells all nodes.
    void publish(JsonObject message) {
        List.copyOf(listeners.keySet())
                .forEach(node -> send(node, 0, () -> hear(node, copy(message))));
    }

    private void hear(String node, JsonObject message) {
        List.copyOf(listeners.getOrDefault(node, List.of())).forEach(each -> each.accept(message));
    }

    private static JsonObject copy(JsonObject message) {
        return new JsonObject(message.encode());
    }

    /// @param patience how long somebody waits for what a lost message would bring, in milliseconds
    private void send(String node, long patience, Runnable arrival) {
        boolean cut = cutOff.getOrDefault(node, false);
        if (!bad) {
            time.after(1 + random.nextInt(PROMPT_MILLIS), arrival);
            return;
        }
        if (cut || random.nextInt(5) == 0) {
            lastFault = Math.max(lastFault, time.now() + patience);
            return;
        }
        int copies = random.nextInt(5) == 0 ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            boolean late = random.nextInt(4) == 0;
            long delay = 1L + random.nextInt(late ? LATE_MILLIS : PROMPT_MILLIS);
            lastFault = Math.max(lastFault, time.now() + Math.max(delay, patience));
            time.after(delay, arrival);
        }
    }

    /// The bus as one life of a node sees it: nothing arrives after that.
    Bus of(String node, BooleanSupplier alive) {
        listeners.put(node, new ArrayList<>());
        return new Bus() {
            @Override
            public Future<JsonObject> request(String address, JsonObject message, long timeout) {
                Promise<JsonObject> answer = Promise.promise();
                JsonObject sent = copy(message);
                time.after(
                        timeout,
                        () ->
                                answer.tryFail(
                                        Problem.of(Code.OUTCOME_UNKNOWN, "late").toException()));
                send(node, timeout, () -> asked(node, sent, timeout, answer));
                return Future.future(promise ->
                        answer.future()
                                .onComplete(done -> {
                                    if (alive.getAsBoolean()) {
                                        promise.handle(done);
                                    }
                                }));
            }

            @Override
            public void publish(String address, JsonObject message) {
                throw new UnsupportedOperationException("nodes publish nothing");
            }

            @Override
            public void serve(String address, Function<JsonObject, Future<JsonObject>> handler) {
                throw new UnsupportedOperationException("nodes serve nothing");
            }

            @Override
            public void subscribe(String address, Consumer<JsonObject> handler) {
                listeners.computeIfAbsent(node, n -> new ArrayList<>()).add(handler);
            }

            @Override
            public Future<Void> close() {
                return Future.succeededFuture();
            }
        };
    }

    private void asked(
            String node, JsonObject message, long patience, Promise<JsonObject> promise) {
        JsonObject answer = services.apply(message);
        if (answer == null) {
            promise.tryFail(Problem.of(Code.UNAVAILABLE, "nobody").toException());
            return;
        }
        JsonObject sent = copy(answer);
        send(
                node,
                patience,
                () -> {
                    if (!promise.future().isComplete()) {
                        heard.accept(node, sent);
                        promise.complete(sent);
                    }
                });
    }
}
