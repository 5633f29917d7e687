package io.skerry.edge.follow;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.HashSet;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// A time that passes from event to event, all on the thread of the test: the same seed gives the
/// same run.
final class SimTime {
    private record Event(long at, long number, Runnable what) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    final Random random;
    private long now;
    private long numbers;
    private @Nullable String broken;

    SimTime(long seed) {
        random = new Random(seed);
    }

    /// Something happened that must not: ends the run. Thrown where it happens it might be caught.
    void broken(String what) {
        if (broken == null) {
            broken = "after " + now + " ms: " + what;
        }
    }

    /// Milliseconds since the beginning.
    long now() {
        return now;
    }

    void after(long millis, Runnable what) {
        events.add(new Event(now + millis, numbers++, what));
    }

    /// Lets time pass.
    void runUntil(long end) {
        for (Event next = events.peek(); next != null && next.at() <= end; next = events.peek()) {
            events.remove();
            now = next.at();
            next.what().run();
            if (broken != null) {
                throw new AssertionError(broken);
            }
        }
        now = end;
    }

    /// As much of a Vert.x as the following of the configuration uses, for one life of a process:
    /// nothing of it happens any more when that is over. Blocking work takes up to 3 ms.
    Vertx vertx(BooleanSupplier alive) {
        Set<Long> cancelled = new HashSet<>();
        long[] timers = new long[1];
        Context context =
                proxy(
                        Context.class,
                        (self, method, arguments) -> {
                            if (!method.getName().equals("runOnContext")) {
                                throw new UnsupportedOperationException(method.toString());
                            }
                            Handler<Void> work = handler(arguments[0]);
                            after(
                                    0,
                                    () -> {
                                        if (alive.getAsBoolean()) {
                                            work.handle(null);
                                        }
                                    });
                            return null;
                        });
        return proxy(
                Vertx.class,
                (self, method, arguments) ->
                        switch (method.getName()) {
                            case "getOrCreateContext" -> context;
                            case "setTimer" -> {
                                long id = timers[0]++;
                                Handler<Long> handler = handler(arguments[1]);
                                later(
                                        (Long) arguments[0],
                                        () -> alive.getAsBoolean() && !cancelled.remove(id),
                                        handler,
                                        id);
                                yield id;
                            }
                            case "cancelTimer" -> cancelled.add((Long) arguments[0]);
                            case "executeBlocking" -> blocking(alive, (Callable<?>) arguments[0]);
                            default -> throw new UnsupportedOperationException(method.toString());
                        });
    }

    private <T> void later(long millis, BooleanSupplier alive, Handler<T> handler, T value) {
        after(
                millis,
                () -> {
                    if (alive.getAsBoolean()) {
                        handler.handle(value);
                    }
                });
    }

    private <T> Future<T> blocking(BooleanSupplier alive, Callable<T> work) {
        return Future.future(promise ->
                after(
                        random.nextInt(4),
                        () -> {
                            if (alive.getAsBoolean()) {
                                try {
                                    promise.complete(work.call());
                                } catch (Exception failed) {
                                    promise.fail(failed);
                                }
                            }
                        }));
    }

    @SuppressWarnings("unchecked") // what Vert.x takes there
    private static <T> Handler<T> handler(Object argument) {
        return (Handler<T>) argument;
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(
                Proxy.newProxyInstance(
                        SimTime.class.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
