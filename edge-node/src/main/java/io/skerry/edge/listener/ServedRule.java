package io.skerry.edge.listener;

import io.skerry.edge.handover.OpenSocket;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A rule that a process serves, as the one that takes over from it is told.
///
/// @param steered those of its ports that have no socket
record ServedRule(RuleKey rule, Set<ListenerKey> steered) {
    private static final String NAME = "rule";
    private static final Pattern RANGE = Pattern.compile("(tcp|udp):(.+):(\\d{1,5})-(\\d{1,5})");

    ServedRule {
        steered = Set.copyOf(steered);
    }

    private record Place(Protocol protocol, InetAddress address) {}

    /// With ports as ranges, such as `tcp:0.0.0.0:20000-20019`.
    OpenSocket word() {
        JsonArray ranges = new JsonArray();
        Map<Place, BitSet> ports = new LinkedHashMap<>();
        for (ListenerKey each : steered) {
            ports.computeIfAbsent(new Place(each.protocol(), each.address()), p -> new BitSet())
                    .set(each.port());
        }
        ports.forEach((place, numbers) -> {
            for (int first = numbers.nextSetBit(0); first >= 0; ) {
                int end = numbers.nextClearBit(first);
                ListenerKey from = new ListenerKey(place.protocol(), place.address(), first);
                ranges.add(from + "-" + (end - 1));
                first = numbers.nextSetBit(end);
            }
        });
        return OpenSocket.word(
                NAME,
                new JsonObject()
                        .put("instance", rule.instance())
                        .put("rule", rule.rule())
                        .put("steered", ranges));
    }

    /// Empty where it is something else.
    static Optional<ServedRule> read(OpenSocket word) {
        if (word.isOpen() || !word.name().equals(NAME)) {
            return Optional.empty();
        }
        JsonObject about = word.about();
        Set<ListenerKey> steered = new HashSet<>();
        for (Object range : about.getJsonArray("steered", new JsonArray())) {
            read(String.valueOf(range), steered);
        }
        RuleKey rule = new RuleKey(about.getString("instance", ""), about.getString("rule", ""));
        return Optional.of(new ServedRule(rule, steered));
    }

    private static void read(String range, Collection<ListenerKey> keys) {
        Matcher parts = RANGE.matcher(range);
        if (parts.matches()) {
            Protocol protocol = Protocol.valueOf(parts.group(1).toUpperCase(Locale.ROOT));
            int first = Integer.parseInt(parts.group(3));
            int last = Math.min(65_535, Integer.parseInt(parts.group(4)));
            IpText.parse(parts.group(2))
                    .ifPresent(address -> {
                        for (int port = first; port <= last; port++) {
                            keys.add(new ListenerKey(protocol, address, port));
                        }
                    });
        }
    }
}
