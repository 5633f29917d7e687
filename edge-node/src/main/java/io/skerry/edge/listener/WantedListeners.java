package io.skerry.edge.listener;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.origin.OriginAddress;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleSpec;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What this node is to listen on for some content, and the rules that it cannot serve whatever the
/// state of its ports. An update costs what differs from the content before, not all there is, and
/// ends where starting anew would. For one thread at a time.
public final class WantedListeners {
    private static final InetAddress ANYWHERE_V4 = IpText.parse("0.0.0.0").orElseThrow();
    private static final InetAddress ANYWHERE_V6 = IpText.parse("::").orElseThrow();

    /// The earlier of two rules has a port that both want.
    private static final Comparator<RuleKey> EARLIER_FIRST =
            Comparator.comparing(RuleKey::instance).thenComparing(RuleKey::rule);

    /// @param addresses of the slot; none where the node does not serve it
    private record Claim(WantedListener wanted, int slot, List<InetAddress> addresses) {
        /// Its ports one after the other until one passes the test; empty where none does.
        Optional<ListenerKey> find(Predicate<ListenerKey> test) {
            RuleSpec spec = wanted.rule().spec();
            for (InetAddress address : addresses) {
                for (PortRange range : spec.ports()) {
                    for (int port = range.first(); port <= range.last(); port++) {
                        ListenerKey key = new ListenerKey(spec.protocol(), address, port);
                        if (test.test(key)) {
                            return Optional.of(key);
                        }
                    }
                }
            }
            return Optional.empty();
        }

        List<ListenerKey> keys() {
            List<ListenerKey> keys = new ArrayList<>();
            find(key -> !keys.add(key));
            return keys;
        }

        /// The literal address of its origin, or null.
        @Nullable InetAddress literal() {
            return wanted.rule().spec().origin() instanceof OriginRef.Single(OriginAddress.Ip ip)
                    ? ip.address()
                    : null;
        }
    }

    /// A rule whose origin is a port of this node.
    ///
    /// @param owner the rule whose port that is; null where the node itself holds it
    private record Loop(WantedListener rule, ListenerKey origin, @Nullable WantedListener owner) {
        /// Names the one of the two that is to be refused.
        void refuse(BiConsumer<RuleKey, Refusal> refused) {
            if (owner == null || owner.rule().revision() <= rule.rule().revision()) {
                String sentence = "origin " + origin + " is a port of this node";
                refused.accept(rule.ruleKey(), new Refusal(Refusal.Code.LOOP, sentence));
            } else {
                String sentence = origin + " is the origin of rule " + rule.rule().id();
                refused.accept(owner.ruleKey(), new Refusal(Refusal.Code.LOOP, sentence));
            }
        }
    }

    private final List<Slot> slots;
    private final OwnPorts own;
    private final Optional<String> toaMissing;
    private Map<RuleKey, Claim> claims = Map.of();

    /// Who has which port, rules whose origin would be a loop included.
    private final Map<ListenerKey, WantedListener> claimed = new HashMap<>();

    private final Map<RuleKey, Refusal> refused = new HashMap<>();
    private final Map<RuleKey, List<Loop>> loops = new TreeMap<>(EARLIER_FIRST);

    /// @param own control ports and running listeners of this node
    /// @param toaMissing why the node cannot write the TOA option; empty where it can
    public WantedListeners(List<Slot> slots, OwnPorts own, Optional<String> toaMissing) {
        this.slots = List.copyOf(slots);
        this.own = own;
        this.toaMissing = toaMissing;
    }

    /// What is wanted for some content, from nothing.
    public static WantedListeners of(
            Collection<InstanceContent> contents,
            List<Slot> slots,
            OwnPorts own,
            Optional<String> toaMissing) {
        WantedListeners wanted = new WantedListeners(slots, own, toaMissing);
        wanted.update(contents);
        return wanted;
    }

    /// Rules left out, with the reason.
    public Map<RuleKey, Refusal> refused() {
        return Collections.unmodifiableMap(refused);
    }

    /// All listeners by key.
    public Map<ListenerKey, WantedListener> listeners() {
        return listeners(claims.keySet());
    }

    /// Those of some rules.
    Map<ListenerKey, WantedListener> listeners(Collection<RuleKey> rules) {
        Map<ListenerKey, WantedListener> listeners = new HashMap<>();
        for (RuleKey each : rules) {
            Claim claim = claims.get(each);
            if (claim != null && !refused.containsKey(each)) {
                claim.keys().forEach(key -> listeners.put(key, claim.wanted()));
            }
        }
        return listeners;
    }

    /// How many listeners there are.
    int size() {
        int size = claimed.size();
        for (RuleKey each : refusedFor(Refusal.Code.LOOP)) {
            Claim claim = claims.get(each);
            size -= claim == null ? 0 : claim.keys().size();
        }
        return size;
    }

    private List<RuleKey> refusedFor(Refusal.Code code) {
        List<RuleKey> rules = new ArrayList<>();
        refused.forEach((rule, refusal) -> {
            if (refusal.code() == code) {
                rules.add(rule);
            }
        });
        return rules;
    }

    /// Takes other content.
    ///
    /// @return the rules of which anything may be otherwise than before
    Set<RuleKey> update(Collection<InstanceContent> contents) {
        Map<RuleKey, Claim> next = claims(contents);
        Set<RuleKey> differing = new HashSet<>();
        next.forEach((rule, claim) -> {
            if (!claim.equals(claims.get(rule))) {
                differing.add(rule);
            }
        });
        claims.keySet().stream().filter(rule -> !next.containsKey(rule)).forEach(differing::add);
        Set<ListenerKey> touched = new HashSet<>();
        Set<RuleKey> affected = withNeighbours(differing, next, touched);
        for (RuleKey each : affected) {
            release(each);
        }
        claims = next;
        for (RuleKey each : affected) {
            Claim claim = claims.get(each);
            if (claim != null) {
                claim(each, claim);
            }
        }
        affected.addAll(refuseLoops(affected, touched));
        return affected;
    }

    private Map<RuleKey, Claim> claims(Collection<InstanceContent> contents) {
        TreeMap<String, InstanceContent> byInstance = new TreeMap<>();
        contents.forEach(each -> byInstance.put(each.instance(), each));
        Map<RuleKey, Claim> next = new HashMap<>();
        for (InstanceContent content : byInstance.values()) {
            List<InetAddress> addresses =
                    content.slot() < slots.size()
                            ? slots.get(content.slot()).addresses(content.ipv6())
                            : List.of();
            for (Rule rule : content.rules().values()) {
                OriginGroup group =
                        rule.spec().origin() instanceof OriginRef.Group(String id)
                                ? content.groups().get(id)
                                : null;
                WantedListener wanted = new WantedListener(content.instance(), rule, group);
                next.put(wanted.ruleKey(), new Claim(wanted, content.slot(), addresses));
            }
        }
        return next;
    }

    /// The rules themselves and all that share a port with one of them, over however many others.
    ///
    /// @param touched gets all ports of these rules, those of before and of afterwards
    private Set<RuleKey> withNeighbours(
            Set<RuleKey> rules, Map<RuleKey, Claim> next, Set<ListenerKey> touched) {
        Set<RuleKey> all = new TreeSet<>(EARLIER_FIRST);
        all.addAll(rules);
        Deque<RuleKey> left = new ArrayDeque<>(rules);
        List<RuleKey> withoutPorts = refusedFor(Refusal.Code.PORT_IN_USE);
        while (!left.isEmpty()) {
            RuleKey rule = left.remove();
            for (Map<RuleKey, Claim> each : List.of(claims, next)) {
                Claim claim = each.get(rule);
                if (claim != null) {
                    for (ListenerKey key : claim.keys()) {
                        touched.add(key);
                        WantedListener owner = claimed.get(key);
                        if (owner != null && all.add(owner.ruleKey())) {
                            left.add(owner.ruleKey());
                        }
                    }
                }
            }
            if (left.isEmpty()) {
                for (RuleKey other : withoutPorts) {
                    Claim claim = claims.get(other);
                    if (!all.contains(other)
                            && claim != null
                            && claim.find(touched::contains).isPresent()) {
                        all.add(other);
                        left.add(other);
                    }
                }
            }
        }
        return all;
    }

    private void release(RuleKey rule) {
        boolean had = hasPorts(rule);
        refused.remove(rule);
        Claim claim = claims.get(rule);
        if (had && claim != null) {
            claim.keys().forEach(claimed::remove);
        }
    }

    private void claim(RuleKey ruleKey, Claim claim) {
        RuleSpec spec = claim.wanted().rule().spec();
        if (spec.origin() instanceof OriginRef.Group(String id) && claim.wanted().group() == null) {
            refuse(ruleKey, Refusal.Code.NO_GROUP, "origin group " + id + " is missing");
        } else if (claim.addresses().isEmpty()) {
            refuse(
                    ruleKey,
                    Refusal.Code.NO_SLOT,
                    "this node has no address for slot "
                            + claim.slot()
                            + (claim.slot() < slots.size() ? " without IPv6 access" : ""));
        } else if (spec.clientIp() == ClientIp.TOA && toaMissing.isPresent()) {
            refuse(
                    ruleKey,
                    Refusal.Code.TOA_MISSING,
                    "this node cannot send the TOA option: " + toaMissing.get());
        } else {
            ListenerKey taken = claim.find(claimed::containsKey).orElse(null);
            WantedListener other = taken == null ? null : claimed.get(taken);
            if (taken == null || other == null) {
                claim.keys().forEach(key -> claimed.put(key, claim.wanted()));
            } else {
                refuse(
                        ruleKey,
                        Refusal.Code.PORT_IN_USE,
                        taken + " belongs to rule " + other.rule().id());
            }
        }
    }

    /// Refuses what would lead to a port of this node. Of a rule and the one whose port is its
    /// origin, the one changed later is refused: a rule that serves outlives the mistake in
    /// another. Whether the port is served does not matter.
    ///
    /// @param affected rules that may have another origin than before
    /// @param touched ports that may belong to another rule than before, or to none
    /// @return further rules that are refused now, or no longer are
    private Set<RuleKey> refuseLoops(Set<RuleKey> affected, Set<ListenerKey> touched) {
        findLoops(affected, touched);
        Map<RuleKey, Refusal> looping = new HashMap<>();
        loops.values().forEach(found -> found.forEach(each -> each.refuse(looping::putIfAbsent)));
        Set<RuleKey> further = new HashSet<>();
        for (RuleKey each : refusedFor(Refusal.Code.LOOP)) {
            if (!looping.containsKey(each)) {
                refused.remove(each);
                further.add(each);
            }
        }
        looping.forEach((rule, refusal) -> {
            if (refused.put(rule, refusal) == null) {
                further.add(rule);
            }
        });
        return further;
    }

    private void findLoops(Set<RuleKey> affected, Set<ListenerKey> touched) {
        Map<Protocol, BitSet> ports =
                Map.of(Protocol.TCP, new BitSet(), Protocol.UDP, new BitSet());
        touched.forEach(key -> ports.getOrDefault(key.protocol(), new BitSet()).set(key.port()));
        loops.keySet().removeIf(rule -> !claims.containsKey(rule));
        Map<InetAddress, Boolean> local = new HashMap<>();
        claims.forEach((rule, claim) -> {
            RuleSpec spec = claim.wanted().rule().spec();
            PortRange origin = spec.originPort();
            int hit = ports.getOrDefault(spec.protocol(), new BitSet()).nextSetBit(origin.first());
            boolean met = hit >= 0 && hit <= origin.last();
            if (met || affected.contains(rule) || loops.containsKey(rule)) {
                InetAddress ip = claim.literal();
                List<Loop> found =
                        ip == null || !hasPorts(rule)
                                ? List.of()
                                : findLoops(claim.wanted(), ip, local);
                if (found.isEmpty()) {
                    loops.remove(rule);
                } else {
                    loops.put(rule, found);
                }
            }
        });
    }

    private boolean hasPorts(RuleKey rule) {
        Refusal refusal = refused.get(rule);
        return refusal == null || refusal.code() == Refusal.Code.LOOP;
    }

    private List<Loop> findLoops(
            WantedListener rule, InetAddress ip, Map<InetAddress, Boolean> local) {
        Protocol protocol = rule.rule().spec().protocol();
        PortRange ports = rule.rule().spec().originPort();
        InetAddress anywhere = ip instanceof Inet4Address ? ANYWHERE_V4 : ANYWHERE_V6;
        List<Loop> found = new ArrayList<>();
        for (int port = ports.first(); port <= ports.last(); port++) {
            ListenerKey origin = new ListenerKey(protocol, ip, port);
            WantedListener owner = claimed.get(origin);
            WantedListener everywhere = claimed.get(new ListenerKey(protocol, anywhere, port));
            if (owner == null
                    && everywhere != null
                    && local.computeIfAbsent(ip, OwnPorts::isLocal)) {
                owner = everywhere;
            }
            if (owner != null || own.contains(protocol, ip, port)) {
                found.add(new Loop(rule, origin, owner));
            }
        }
        return found;
    }

    private void refuse(RuleKey rule, Refusal.Code code, String sentence) {
        refused.put(rule, new Refusal(code, sentence));
    }
}
