package io.skerry.edge.listener;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// Long work on an event loop in turns of at most 5 ms, so that others get theirs.
final class Slices {
    private static final long TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private Slices() {}

    /// Calls with each item; completes after the last. To be called on the context.
    static <T> Future<Void> each(
            Context context, LongSupplier nanoClock, Iterator<T> items, Consumer<T> call) {
        Promise<Void> done = Promise.promise();
        turn(context, nanoClock, items, call, done);
        return done.future();
    }

    private static <T> void turn(
            Context context,
            LongSupplier nanoClock,
            Iterator<T> items,
            Consumer<T> call,
            Promise<Void> done) {
        long began = nanoClock.getAsLong();
        while (items.hasNext()) {
            if (nanoClock.getAsLong() - began >= TURN_NANOS) {
                context.runOnContext(v -> turn(context, nanoClock, items, call, done));
                return;
            }
            call.accept(items.next());
        }
        done.complete();
    }
}
