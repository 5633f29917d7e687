package io.skerry.edge.listener;

import io.skerry.shared.net.Protocol;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Opens ports of one rule, a few at a time, until all are open or one fails. Runs on the control
/// context.
final class RuleOpening {
    /// Ports being opened at once: enough to keep the event loops busy, few enough that a turn of
    /// theirs stays short.
    private static final int AT_ONCE = 16;

    /// @param opened those that are open, also after a failure
    /// @param failedKey the port that could not be opened, or null
    /// @param failure what the system said
    record Outcome(
            List<Listener> opened, @Nullable ListenerKey failedKey, @Nullable Throwable failure) {}

    /// Whoever keeps the listeners. All on the control context.
    interface Host {
        /// Descriptors that listeners hold.
        long descriptors();

        /// Ports that listeners hold or are just closing.
        Set<ListenerKey> ours();

        boolean isStopped();

        Route route(ListenerKey key, WantedListener wanted);

        /// Sockets of a port that are open already, the caller's from now on; mostly none.
        List<Integer> inherited(ListenerKey key);

        /// Fronts that are open already, the caller's from now on; mostly none.
        List<Front> inheritedFronts(Protocol protocol);

        /// All ports of a rule are open.
        void opened(WantedListener rule, List<Listener> listeners, boolean steered);

        /// These were opened in vain.
        void abandoned(WantedListener rule, List<Listener> listeners);

        void refused(WantedListener rule, Refusal refusal);
    }

    private final Context context;
    private final Function<ListenerKey, Future<Listener>> opener;
    private final Iterator<ListenerKey> keys;
    private final List<Listener> opened = new ArrayList<>();
    private final Promise<Outcome> promise = Promise.promise();
    private int pending;
    private @Nullable ListenerKey failedKey;
    private @Nullable Throwable failure;

    private RuleOpening(
            Context context,
            Iterator<ListenerKey> keys,
            Function<ListenerKey, Future<Listener>> opener) {
        this.context = context;
        this.keys = keys;
        this.opener = opener;
    }

    static Future<Outcome> open(
            Context context,
            List<ListenerKey> keys,
            Function<ListenerKey, Future<Listener>> opener) {
        RuleOpening opening = new RuleOpening(context, keys.iterator(), opener);
        opening.next();
        return opening.promise.future();
    }

    private void next() {
        while (failure == null && pending < AT_ONCE && keys.hasNext()) {
            ListenerKey key = keys.next();
            pending++;
            opener.apply(key)
                    .onComplete(result ->
                            context.runOnContext(v -> {
                                pending--;
                                if (result.succeeded()) {
                                    opened.add(result.result());
                                } else if (failure == null) {
                                    failedKey = key;
                                    failure = result.cause();
                                }
                                next();
                            }));
        }
        if (pending == 0) {
            promise.tryComplete(new Outcome(List.copyOf(opened), failedKey, failure));
        }
    }
}
