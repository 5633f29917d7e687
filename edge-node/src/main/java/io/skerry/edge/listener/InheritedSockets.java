package io.skerry.edge.listener;

import io.skerry.edge.handover.OpenSocket;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Listening sockets that were open before the node started, from the process that it takes over
/// from, and what that process served with them. On the control context.
public final class InheritedSockets {
    private static final Pattern NAME = Pattern.compile("(tcp|udp):(.+):(\\d{1,5})/(\\d{1,4})");

    private static final String FRONT = "front:";

    private final Map<ListenerKey, TreeMap<Integer, Integer>> sockets = new HashMap<>();
    private final List<Front> fronts = new ArrayList<>();
    private final Set<RuleKey> served =
            new TreeSet<>(Comparator.comparing(RuleKey::instance).thenComparing(RuleKey::rule));
    private final Set<ListenerKey> steered = new HashSet<>();
    private final List<OpenSocket> unknown = new ArrayList<>();
    private OptionalInt node = OptionalInt.empty();

    /// How ports were served that nobody has opened here yet.
    ///
    /// @param sockets ports that have sockets
    /// @param steered ports that the fronts serve
    record Before(Set<ListenerKey> sockets, Set<ListenerKey> steered) {
        Before {
            sockets = Set.copyOf(sockets);
            steered = Set.copyOf(steered);
        }

        boolean contains(ListenerKey key) {
            return sockets.contains(key) || steered.contains(key);
        }
    }

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

    /// A front on its way to another process, such as `front:tcp:127.0.0.1:40001/0`.
    ///
    /// @param node the number of the node in the kernel's table
    static OpenSocket front(Front front, int node) {
        ListenerKey at = new ListenerKey(front.protocol(), front.address(), front.port());
        return new OpenSocket(
                FRONT + new Place(at, front.loop()),
                new JsonObject().put("node", node),
                front.fd());
    }

    /// @param all each belongs to this object until it is taken
    public InheritedSockets(List<OpenSocket> all) {
        for (OpenSocket each : all) {
            String name = each.name();
            boolean isFront = name.startsWith(FRONT);
            Place place = Place.parse(isFront ? name.substring(FRONT.length()) : name).orElse(null);
            if (!each.isOpen()) {
                ServedRule.read(each).ifPresent(this::note);
            } else if (place == null) {
                unknown.add(each);
            } else if (isFront) {
                ListenerKey at = place.key();
                int fd = each.descriptor();
                fronts.add(new Front(at.protocol(), place.index(), at.address(), at.port(), fd));
                node = OptionalInt.of(each.about().getInteger("node", 0));
            } else {
                sockets.computeIfAbsent(place.key(), k -> new TreeMap<>())
                        .put(place.index(), each.descriptor());
            }
        }
    }

    private void note(ServedRule rule) {
        served.add(rule.rule());
        steered.addAll(rule.steered());
    }

    Before before() {
        return new Before(sockets.keySet(), steered);
    }

    /// Whether the process before steers ports.
    public boolean isSteered() {
        return !steered.isEmpty();
    }

    /// The number of the node in the kernel's table, where the process before steers.
    public OptionalInt node() {
        return node;
    }

    /// The sockets of a port, which are the caller's from now on; empty where there are none.
    List<Integer> take(ListenerKey key) {
        TreeMap<Integer, Integer> taken = sockets.remove(key);
        return taken == null ? List.of() : List.copyOf(taken.values());
    }

    /// The fronts of a protocol, which are the caller's from now on; empty where there are none.
    List<Front> takeFronts(Protocol protocol) {
        List<Front> taken = fronts.stream().filter(each -> each.protocol() == protocol).toList();
        fronts.removeAll(taken);
        return taken;
    }

    /// What would be served no longer if this node took over, in a sentence; empty where nothing.
    ///
    /// @param running rules that are served here
    /// @param refused rules that are not, or not as they should be
    Optional<String> lost(Set<RuleKey> running, Map<RuleKey, Refusal> refused) {
        for (RuleKey each : served) {
            Refusal refusal = refused.get(each);
            if (refusal != null || !running.contains(each)) {
                return Optional.of(
                        "rule "
                                + each.rule()
                                + " of "
                                + each.instance()
                                + " is served now and would not be: "
                                + (refusal == null ? "it is not in the data folder" : refusal));
            }
        }
        return Optional.empty();
    }

    /// What nobody took, the caller's from now on. Nothing is left of the process before.
    public List<Integer> takeRest() {
        List<Integer> rest = new ArrayList<>();
        sockets.values().forEach(each -> rest.addAll(each.values()));
        unknown.forEach(each -> rest.add(each.descriptor()));
        fronts.forEach(each -> rest.add(each.fd()));
        sockets.clear();
        fronts.clear();
        unknown.clear();
        served.clear();
        steered.clear();
        return rest;
    }
}
