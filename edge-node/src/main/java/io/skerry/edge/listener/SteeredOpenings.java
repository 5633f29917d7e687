package io.skerry.edge.listener;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens and closes steered ports: all those of a plan together, by one change of the kernel's
/// table. Runs on the control context.
final class SteeredOpenings {
    private static final Logger LOG = LoggerFactory.getLogger(SteeredOpenings.class);
    private static final InetAddress HOME_V4 = IpText.parse("127.0.0.1").orElseThrow();
    private static final InetAddress HOME_V6 = IpText.parse("::1").orElseThrow();

    private final Context context;
    private final ListenerFactories factories;
    private final LongSupplier nanoClock;
    private final RuleOpening.Host host;

    SteeredOpenings(
            Context context,
            ListenerFactories factories,
            LongSupplier nanoClock,
            RuleOpening.Host host) {
        this.context = context;
        this.factories = factories;
        this.nanoClock = nanoClock;
        this.host = host;
    }

    private Steering steering() {
        return factories.steering();
    }

    /// Opens what can be opened and tells the host of each rule; fails only by a bug.
    ///
    /// @param open steered ports that stay open
    /// @param closed steered ports that are closed
    /// @param taken ports that others hold
    Future<Void> apply(
            int open, Set<ListenerKey> closed, OpeningPlan plan, Map<ListenerKey, Refusal> taken) {
        List<OpeningPlan.Opening> rules = admitted(open, plan, taken);
        if (rules.isEmpty() && closed.isEmpty()) {
            return Future.succeededFuture();
        }
        List<OpenRule> opened = rules.stream().map(OpenRule::new).toList();
        return fronts().compose(fronts ->
                        openAll(opened)
                                .compose(all -> settled())
                                .compose(settled -> change(fronts, closed, rules)))
                .onSuccess(done ->
                        opened.forEach(each -> host.opened(each.wanted(), each.listeners(), true)))
                .recover(failure -> {
                    LOG.error("steering failed", failure);
                    for (OpenRule each : opened) {
                        host.abandoned(each.wanted(), each.listeners());
                        host.refused(each.wanted(), Openings.failed(failure));
                    }
                    return Future.succeededFuture();
                });
    }

    private List<OpeningPlan.Opening> admitted(
            int open, OpeningPlan plan, Map<ListenerKey, Refusal> taken) {
        int max = steering().portsMax();
        int ports = open;
        List<OpeningPlan.Opening> admitted = new ArrayList<>();
        for (OpeningPlan.Opening rule : plan.steered()) {
            Refusal inUse = Openings.taken(rule, taken);
            int wanted = rule.keys().size();
            if (inUse != null) {
                host.refused(rule.wanted(), inUse);
            } else if (ports + wanted > max) {
                host.refused(
                        rule.wanted(),
                        new Refusal(
                                Refusal.Code.STEERING_FULL,
                                "its "
                                        + wanted
                                        + " ports are too many: "
                                        + ports
                                        + " are steered and at most "
                                        + max
                                        + " may be (edge.steering-ports-max)"));
            } else {
                ports += wanted;
                admitted.add(rule);
            }
        }
        return admitted;
    }

    /// The sockets that steered traffic is led to; opened with the first call.
    Future<List<Front>> fronts() {
        boolean v4 = factories.slots().stream().anyMatch(slot -> slot.v4() != null);
        boolean v6 = factories.slots().stream().anyMatch(slot -> slot.v6() != null);
        List<InetAddress> homes = new ArrayList<>();
        if (v4) {
            homes.add(HOME_V4);
        }
        if (v6) {
            homes.add(HOME_V6);
        }
        return both(
                factories.tcp().fronts(homes, host.inheritedFronts(Protocol.TCP)),
                factories.udp().fronts(homes, host.inheritedFronts(Protocol.UDP)));
    }

    private static Future<List<Front>> both(Future<List<Front>> one, Future<List<Front>> other) {
        return one.compose(some -> other.map(more -> concat(some, more)));
    }

    private static List<Front> concat(Collection<Front> some, Collection<Front> more) {
        List<Front> all = new ArrayList<>(some);
        all.addAll(more);
        return List.copyOf(all);
    }

    /// A rule with its ports, as far as they have been asked for. A port that is being closed opens
    /// on the thread that closes it, so what has opened is asked of the futures.
    private record OpenRule(OpeningPlan.Opening rule, List<Future<Listener>> ports) {
        OpenRule(OpeningPlan.Opening rule) {
            this(rule, new ArrayList<>(rule.keys().size()));
        }

        WantedListener wanted() {
            return rule.wanted();
        }

        List<Listener> listeners() {
            return ports.stream().filter(Future::succeeded).map(Future::result).toList();
        }
    }

    private Future<Void> openAll(List<OpenRule> rules) {
        record Port(OpenRule rule, ListenerKey key) {}
        List<Port> keys = new ArrayList<>();
        for (OpenRule each : rules) {
            each.rule().keys().forEach(key -> keys.add(new Port(each, key)));
        }
        List<Future<?>> all = new ArrayList<>(keys.size());
        return Slices.each(
                        context,
                        nanoClock,
                        keys.iterator(),
                        port -> {
                            ListenerFactory factory = factories.of(port.key().protocol());
                            Route route = host.route(port.key(), port.rule().wanted());
                            Future<Listener> opening = factory.openSteered(port.key(), route);
                            port.rule().ports().add(opening);
                            all.add(opening);
                        })
                .compose(v -> all.isEmpty() ? Future.succeededFuture() : Future.join(all))
                .mapEmpty();
    }

    /// The sessions of what closes go on by themselves first, so that nothing of theirs is lost.
    private Future<Void> settled() {
        List<Future<Void>> all = new ArrayList<>();
        for (Protocol each : Protocol.values()) {
            all.add(factories.of(each).settled());
        }
        return Future.join(all).mapEmpty();
    }

    private Future<Void> change(
            List<Front> fronts, Set<ListenerKey> closed, List<OpeningPlan.Opening> rules) {
        List<ListenerKey> keys = new ArrayList<>();
        rules.forEach(rule -> keys.addAll(rule.keys()));
        return context.executeBlocking(
                        () -> {
                            steering().change(fronts, closed, keys);
                            return true;
                        })
                .mapEmpty();
    }

    /// Steers nothing any more; sessions go on.
    Future<Void> close() {
        return settled()
                .transform(settled ->
                        context.executeBlocking(() -> {
                            steering().close();
                            return null;
                        }));
    }
}
