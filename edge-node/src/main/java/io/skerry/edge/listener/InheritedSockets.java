package io.skerry.edge.listener;

import io.skerry.edge.handover.OpenSocket;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Listening sockets that were open before the node started, from the process that it takes over
/// from. On the control context.
public final class InheritedSockets {
    private static final Pattern NAME = Pattern.compile("(tcp|udp):(.+):(\\d{1,5})/(\\d{1,4})");

    private final Map<ListenerKey, TreeMap<Integer, Integer>> sockets = new HashMap<>();
    private final Set<ListenerKey> served;
    private final List<OpenSocket> unknown = new ArrayList<>();
    private @Nullable String trouble;

    /// A listener's socket as {@link #toString} names it.
    ///
    /// @param index which of the listener's sockets, from 0
    public record Place(ListenerKey key, int index) {
        /// Empty where the name is of something else.
        public static Optional<Place> parse(String name) {
            Matcher parts = NAME.matcher(name);
            if (!parts.matches()) {
                return Optional.empty();
            }
            Protocol protocol = Protocol.valueOf(parts.group(1).toUpperCase(Locale.ROOT));
            int port = Integer.parseInt(parts.group(3));
            int index = Integer.parseInt(parts.group(4));
            return IpText.parse(parts.group(2))
                    .map(address -> new Place(new ListenerKey(protocol, address, port), index));
        }

        /// Such as `tcp:0.0.0.0:443/0`.
        @Override
        public String toString() {
            return key + "/" + index;
        }
    }

    /// @param all each belongs to this object until it is taken
    public InheritedSockets(List<OpenSocket> all) {
        for (OpenSocket each : all) {
            Place.parse(each.name())
                    .ifPresentOrElse(
                            place ->
                                    sockets.computeIfAbsent(place.key(), k -> new TreeMap<>())
                                            .put(place.index(), each.descriptor()),
                            () -> unknown.add(each));
        }
        served = Set.copyOf(sockets.keySet());
    }

    Set<ListenerKey> keys() {
        return Set.copyOf(sockets.keySet());
    }

    /// The sockets of a port, which are the caller's from now on; empty where there are none.
    List<Integer> take(ListenerKey key) {
        TreeMap<Integer, Integer> taken = sockets.remove(key);
        return taken == null ? List.of() : List.copyOf(taken.values());
    }

    /// Rules of a plan are open or refused, which is trouble where the process before served them.
    void opened(OpeningPlan plan, Map<RuleKey, Refusal> refused) {
        if (served.isEmpty() || refused.isEmpty()) {
            return;
        }
        for (OpeningPlan.Opening each : plan.rules()) {
            Refusal refusal = refused.get(each.wanted().ruleKey());
            if (refusal != null) {
                each.keys().forEach(key -> refused(key, refusal));
            }
        }
    }

    /// A port is refused.
    void refused(ListenerKey key, Refusal refusal) {
        if (trouble == null && served.contains(key)) {
            trouble = key + " is served now and would not be: " + refusal;
        }
    }

    /// Why the node must not take over; empty where it may.
    public Optional<String> trouble() {
        return Optional.ofNullable(trouble);
    }

    /// What nobody took, the caller's from now on.
    public List<Integer> takeRest() {
        List<Integer> rest = new ArrayList<>();
        sockets.values().forEach(each -> rest.addAll(each.values()));
        unknown.forEach(each -> rest.add(each.descriptor()));
        sockets.clear();
        unknown.clear();
        return rest;
    }
}
