package io.skerry.edge.listener;

import io.skerry.edge.handover.OpenSocket;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// What a node listens on, as another process takes it over; read there by {@link
/// InheritedSockets}.
final class HandedSockets {
    private HandedSockets() {}

    /// The rules that are served, the fronts of steered ports and the sockets of all others.
    ///
    /// @param fronts none where no port is steered
    /// @param node our number in the kernel's table, {@link Steering#node}
    static List<OpenSocket> of(RunningListeners running, Collection<Front> fronts, int node) {
        List<OpenSocket> all = new ArrayList<>();
        for (RuleKey rule : running.rules()) {
            Set<ListenerKey> steered =
                    running.of(List.of(rule)).keySet().stream()
                            .filter(running::isSteered)
                            .collect(Collectors.toSet());
            all.add(new ServedRule(rule, steered).word());
        }
        for (Front each : fronts) {
            all.add(InheritedSockets.front(each, node));
        }
        for (Listener each : running.listeners()) {
            if (!running.isSteered(each.key())) {
                add(each, all);
            }
        }
        return all;
    }

    private static void add(Listener listener, Collection<OpenSocket> all) {
        List<Integer> sockets = listener.sockets();
        if (sockets.isEmpty()) {
            throw new IllegalStateException(listener.key() + " has no socket that can go over");
        }
        for (int i = 0; i < sockets.size(); i++) {
            String name = new InheritedSockets.Place(listener.key(), i).toString();
            all.add(new OpenSocket(name, new JsonObject(), sockets.get(i)));
        }
    }
}
