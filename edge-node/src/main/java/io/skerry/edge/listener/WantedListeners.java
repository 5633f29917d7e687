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
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What this node is to listen on for some content, and the rules that it cannot serve whatever the
/// state of its ports. Pure, but for the node's own ports.
///
/// @param listeners by key
/// @param refused rules left out, with the reason
public record WantedListeners(
        Map<ListenerKey, WantedListener> listeners, Map<RuleKey, Refusal> refused) {
    private static final InetAddress ANYWHERE_V4 = IpText.parse("0.0.0.0").orElseThrow();
    private static final InetAddress ANYWHERE_V6 = IpText.parse("::").orElseThrow();

    /// @param own control ports and running listeners of this node
    /// @param toaMissing why the node cannot write the TOA option; empty where it can
    public static WantedListeners of(
            Collection<InstanceContent> contents,
            List<Slot> slots,
            OwnPorts own,
            Optional<String> toaMissing) {
        WantedListeners wanted = new WantedListeners(new HashMap<>(), new HashMap<>());
        TreeMap<String, InstanceContent> sorted = new TreeMap<>();
        contents.forEach(each -> sorted.put(each.instance(), each));
        for (InstanceContent content : sorted.values()) {
            content.rules().values().forEach(rule -> wanted.add(content, rule, slots, toaMissing));
        }
        wanted.refuseLoops(own);
        return wanted;
    }

    private void add(
            InstanceContent content, Rule rule, List<Slot> slots, Optional<String> toaMissing) {
        RuleKey ruleKey = new RuleKey(content.instance(), rule.id());
        List<InetAddress> addresses =
                content.slot() < slots.size()
                        ? slots.get(content.slot()).addresses(content.ipv6())
                        : List.of();
        OriginGroup group = null;
        if (rule.spec().origin() instanceof OriginRef.Group(String id)) {
            group = content.groups().get(id);
            if (group == null) {
                refuse(ruleKey, Refusal.Code.NO_GROUP, "origin group " + id + " is missing");
                return;
            }
        }
        if (addresses.isEmpty()) {
            refuse(
                    ruleKey,
                    Refusal.Code.NO_SLOT,
                    "this node has no address for slot "
                            + content.slot()
                            + (content.slot() < slots.size() ? " without IPv6 access" : ""));
        } else if (rule.spec().clientIp() == ClientIp.TOA && toaMissing.isPresent()) {
            refuse(
                    ruleKey,
                    Refusal.Code.TOA_MISSING,
                    "this node cannot send the TOA option: " + toaMissing.get());
        } else {
            addPorts(new WantedListener(content.instance(), rule, group), addresses);
        }
    }

    private void addPorts(WantedListener wanted, List<InetAddress> addresses) {
        RuleSpec spec = wanted.rule().spec();
        for (InetAddress address : addresses) {
            for (PortRange range : spec.ports()) {
                for (int port = range.first(); port <= range.last(); port++) {
                    ListenerKey key = new ListenerKey(spec.protocol(), address, port);
                    WantedListener other = listeners.putIfAbsent(key, wanted);
                    if (other != null) {
                        remove(wanted);
                        refuse(
                                wanted.ruleKey(),
                                Refusal.Code.PORT_IN_USE,
                                key + " belongs to rule " + other.rule().id());
                        return;
                    }
                }
            }
        }
    }

    private void remove(WantedListener wanted) {
        listeners.values().removeIf(each -> each.ruleKey().equals(wanted.ruleKey()));
    }

    private void refuseLoops(OwnPorts own) {
        Map<InetAddress, Boolean> local = new HashMap<>();
        Map<RuleKey, WantedListener> literal = new HashMap<>();
        for (WantedListener each : listeners.values()) {
            if (each.rule().spec().origin() instanceof OriginRef.Single(OriginAddress.Ip ip)) {
                literal.put(each.ruleKey(), each);
            }
        }
        for (WantedListener each : literal.values()) {
            RuleSpec spec = each.rule().spec();
            if (spec.origin() instanceof OriginRef.Single(OriginAddress.Ip(InetAddress ip))) {
                int looping = loopingPort(spec.protocol(), ip, spec.originPort(), own, local);
                if (looping > 0) {
                    remove(each);
                    refuse(
                            each.ruleKey(),
                            Refusal.Code.LOOP,
                            "origin "
                                    + new ListenerKey(spec.protocol(), ip, looping)
                                    + " is a port of this node");
                }
            }
        }
    }

    private int loopingPort(
            Protocol protocol,
            InetAddress ip,
            PortRange ports,
            OwnPorts own,
            Map<InetAddress, Boolean> local) {
        InetAddress anywhere = ip instanceof Inet4Address ? ANYWHERE_V4 : ANYWHERE_V6;
        for (int port = ports.first(); port <= ports.last(); port++) {
            if (own.contains(protocol, ip, port)
                    || listeners.containsKey(new ListenerKey(protocol, ip, port))
                    || listeners.containsKey(new ListenerKey(protocol, anywhere, port))
                            && local.computeIfAbsent(ip, OwnPorts::isLocal)) {
                return port;
            }
        }
        return 0;
    }

    private void refuse(RuleKey rule, Refusal.Code code, String sentence) {
        refused.put(rule, new Refusal(code, sentence));
    }
}
