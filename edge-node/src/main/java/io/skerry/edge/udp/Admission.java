package io.skerry.edge.udp;

import io.skerry.edge.listener.Route;
import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.session.SessionLimits;
import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Whether one more session may begin: by the node, by its rule, by its client. Safe for all
/// threads.
final class Admission {
    private record ClientOfRule(String rule, InetAddress client) {}

    private final SessionLimits limits;
    private final int perClient;
    private final ConcurrentHashMap<ClientOfRule, Integer> clients = new ConcurrentHashMap<>();

    Admission(SessionLimits limits, int perClient) {
        this.limits = limits;
        this.perClient = perClient;
    }

    /// Takes a place everywhere and answers null, or takes none and says why. Every success is
    /// matched by one {@link #leave}.
    @Nullable DropReason enter(Route route, InetAddress client) {
        if (!limits.enter()) {
            return DropReason.SESSION_LIMIT;
        }
        int max = route.rule().spec().maxConnections();
        int open = route.counters().open.incrementAndGet();
        if (max > 0 && open > max) {
            leaveRule(route);
            return DropReason.MAX_CONNECTIONS;
        }
        int[] now = new int[1];
        clients.compute(
                new ClientOfRule(route.rule().id(), client),
                (key, count) -> {
                    now[0] = count == null ? 1 : count + 1;
                    return Math.min(now[0], perClient);
                });
        if (now[0] > perClient) {
            leaveRule(route);
            return DropReason.CLIENT_LIMIT;
        }
        return null;
    }

    void leave(Route route, InetAddress client) {
        clients.computeIfPresent(
                new ClientOfRule(route.rule().id(), client),
                (key, count) -> count == 1 ? null : count - 1);
        leaveRule(route);
    }

    private void leaveRule(Route route) {
        route.counters().open.decrementAndGet();
        limits.leave();
    }
}
