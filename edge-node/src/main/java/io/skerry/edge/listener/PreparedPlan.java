package io.skerry.edge.listener;

import io.skerry.shared.content.InstanceContent;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A plan that is ready to be applied, with all that had to be asked for it.
///
/// @param rules of which anything may change
/// @param refused rules that cannot be served whatever the state of their ports
/// @param taken ports that others hold
record PreparedPlan(
        Set<RuleKey> rules,
        ListenerPlan plan,
        OpeningPlan openings,
        Map<RuleKey, Refusal> refused,
        Map<ListenerKey, Refusal> taken) {
    /// What a plan is made from.
    ///
    /// @param again rules to be planned even if they are wanted as before
    /// @param closing ports that listeners may still be holding
    /// @param before how another process served ports that are taken over
    record Now(
            RunningListeners running,
            Set<RuleKey> again,
            Set<ListenerKey> closing,
            InheritedSockets.Before before) {}

    /// Costs what differs from the last plan. Blocking; nothing may change what runs meanwhile.
    ///
    /// @param next what the last plan was made for; takes the new content
    static PreparedPlan of(
            WantedListeners next,
            Collection<InstanceContent> contents,
            Now now,
            ListenerFactories factories,
            PortOwner portOwner) {
        RunningListeners running = now.running();
        Set<RuleKey> rules = new HashSet<>(next.update(contents));
        rules.addAll(now.again());
        ListenerPlan plan = ListenerPlan.of(running.of(rules), next.listeners(rules));
        List<ListenerKey> closed = plan.closed();
        Steering steering = factories.steering();
        OpeningPlan openings =
                OpeningPlan.of(
                        plan,
                        new OpeningPlan.Terms(
                                next.size(),
                                running.size() - closed.size(),
                                running.descriptors() - running.descriptors(closed),
                                now.before()),
                        steering.mode(),
                        steering.missing().isEmpty(),
                        factories.budget(),
                        factories.loops());
        Set<ListenerKey> steered = openings.steeredKeys();
        List<ListenerKey> keys = openings.keys();
        // First kept from others, then looked at: so nobody comes in between. What the process
        // before steers stays reserved for it, should it have to go on.
        BitSet ports = running.steeredPortsWithout(closed);
        steered.forEach(key -> ports.set(key.port()));
        now.before().steered().forEach(key -> ports.set(key.port()));
        steering.reserve(ports);
        Map<ListenerKey, String> elsewhere = keys.isEmpty() ? Map.of() : steering.elsewhere();
        Map<ListenerKey, Refusal> taken =
                portOwner.refusals(
                        keys,
                        key ->
                                running.contains(key)
                                        || now.closing().contains(key)
                                        || now.before().contains(key),
                        steered,
                        elsewhere);
        Set<RuleKey> refused = openings.withAny(taken.keySet());
        ListenerPlan kept = plan.keeping(refused);
        if (!kept.equals(plan)) {
            ports.or(running.steeredPortsWithout(kept.closed()));
            steering.reserve(ports);
        }
        return new PreparedPlan(rules, kept, openings, new HashMap<>(next.refused()), taken);
    }
}
