package io.skerry.edge;

import io.netty.buffer.PooledByteBufAllocator;
import io.skerry.edge.clientaddress.ClientHeader;
import io.skerry.edge.listener.DescriptorBudget;
import io.skerry.edge.listener.ListenerFactories;
import io.skerry.edge.listener.Listeners;
import io.skerry.edge.listener.RouteSource;
import io.skerry.edge.listener.RuleKey;
import io.skerry.edge.listener.WantedListener;
import io.skerry.edge.metrics.Limit;
import io.skerry.edge.metrics.RuleCounters;
import io.skerry.edge.origin.OriginPool;
import io.skerry.edge.tcp.TcpListeners;
import io.skerry.edge.transport.EventLoops;
import io.skerry.edge.transport.Transport;
import io.skerry.edge.udp.UdpListeners;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.Protocol;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The traffic of a node over real sockets: event loops, TCP and UDP listeners, and what they
/// share.
public final class Forwarding implements Traffic {
    private static final Logger log = LoggerFactory.getLogger(Forwarding.class);

    private static final int LOOPS_CLOSE_SECONDS = 2;

    private final EventLoops loops;
    private final TcpListeners tcp;
    private final Listeners listeners;
    private final DescriptorBudget budget;
    private volatile List<String> instances = List.of();

    public Forwarding(NodeParts parts) {
        EdgeSettings settings = parts.settings();
        this.loops = EventLoops.start(transport(settings.transport()), settings.loopCount());
        this.tcp =
                new TcpListeners(
                        loops,
                        settings.tcp(),
                        (route, client, dialled, origin) ->
                                ClientHeader.tcp(
                                        route.rule().spec().clientIp(),
                                        route.rule().spec().headerDestination(),
                                        client,
                                        dialled,
                                        origin,
                                        PooledByteBufAllocator.DEFAULT),
                        parts.limits(),
                        parts.sessions(),
                        parts.own(),
                        System::nanoTime);
        UdpListeners udp =
                new UdpListeners(
                        loops.group(),
                        parts.own(),
                        parts.limits(),
                        parts.sessions(),
                        settings.udp());
        this.budget = DescriptorBudget.ofProcess(settings.sessionReserve());
        ListenerFactories factories =
                new ListenerFactories(
                        tcp, udp, settings.slots(), loops.all().size(), budget, false);
        this.listeners =
                new Listeners(
                        parts.vertx(), factories, routes(parts), parts.own(), System::nanoTime);
    }

    private static Transport transport(EdgeSettings.TransportChoice choice) {
        Transport wanted =
                switch (choice) {
                    case AUTO -> Transport.best();
                    case EPOLL -> Transport.EPOLL;
                    case IO_URING -> Transport.IO_URING;
                    case NIO -> Transport.NIO;
                };
        wanted.unavailability()
                .ifPresent(reason -> {
                    throw new IllegalStateException(
                            "edge.transport: " + wanted + " cannot be used here: " + reason);
                });
        log.info("transport {}", wanted);
        return wanted;
    }

    private static RouteSource routes(NodeParts parts) {
        return new RouteSource() {
            @Override
            public OriginPool origins(WantedListener wanted) {
                return parts.pools().pool(wanted.rule(), Optional.ofNullable(wanted.group()));
            }

            @Override
            public RuleCounters counters(WantedListener wanted) {
                return parts.rules().counters(wanted.rule().id(), wanted.rule().spec().protocol());
            }

            @Override
            public void forget(RuleKey rule) {
                parts.pools().release(rule.rule());
                parts.rules().release(rule.rule());
            }
        };
    }

    @Override
    public Future<Void> apply(SortedMap<String, InstanceContent> contents) {
        instances = List.copyOf(contents.keySet());
        return listeners.apply(contents.values());
    }

    @Override
    public Future<Void> retryRefused() {
        return listeners.retryRefused();
    }

    @Override
    public Map<String, Outcome> outcomes() {
        Map<String, Outcome> outcomes = new TreeMap<>();
        for (String instance : instances) {
            outcomes.put(
                    instance,
                    new Outcome(listeners.refused(instance), listeners.draining(instance)));
        }
        return outcomes;
    }

    @Override
    public long listeners(Protocol protocol) {
        return listeners.count(protocol);
    }

    @Override
    public List<Limit> limits() {
        return List.of(
                new Limit(
                        "edge.descriptors",
                        budget::forListeners,
                        () -> listeners.refusedForDescriptors() + tcp.acceptPauses()));
    }

    @Override
    public Future<Void> stop(Duration drain, Future<Void> hurry) {
        return listeners.stop(drain, hurry).transform(done -> closeLoops());
    }

    private Future<Void> closeLoops() {
        tcp.close();
        Promise<Void> closed = Promise.promise();
        loops.group()
                .shutdownGracefully(0, LOOPS_CLOSE_SECONDS, TimeUnit.SECONDS)
                .addListener(over -> closed.tryComplete());
        return closed.future();
    }
}
