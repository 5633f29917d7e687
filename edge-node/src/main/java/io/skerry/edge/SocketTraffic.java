package io.skerry.edge;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.unix.FileDescriptor;
import io.skerry.edge.clientaddress.ClientHeader;
import io.skerry.edge.handover.OpenSocket;
import io.skerry.edge.listener.DescriptorBudget;
import io.skerry.edge.listener.InheritedSockets;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.ListenerFactories;
import io.skerry.edge.listener.ListenerFactory;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.Listeners;
import io.skerry.edge.listener.Refusal;
import io.skerry.edge.listener.Route;
import io.skerry.edge.listener.RouteSource;
import io.skerry.edge.listener.RuleKey;
import io.skerry.edge.listener.Slot;
import io.skerry.edge.listener.Steering;
import io.skerry.edge.listener.WantedListener;
import io.skerry.edge.metrics.DropReason;
import io.skerry.edge.metrics.Limit;
import io.skerry.edge.metrics.RuleCounterRegistry;
import io.skerry.edge.metrics.RuleCounters;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.origin.OriginPool;
import io.skerry.edge.tcp.BeforeConnect;
import io.skerry.edge.tcp.TcpListeners;
import io.skerry.edge.toa.Toa;
import io.skerry.edge.toa.ToaWriter;
import io.skerry.edge.transport.EventLoops;
import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.edge.udp.UdpListeners;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.PortProbe;
import io.skerry.shared.content.RuleCounts;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The real traffic of a node: event loops, listeners for TCP and UDP, and what feeds them. On the
/// control context.
final class SocketTraffic implements Traffic {
    private static final Logger LOG = LoggerFactory.getLogger(SocketTraffic.class);
    private static final int LOOPS_CLOSE_MILLIS = 5_000;

    /// With none at all a loop can end before it has closed its sockets (Netty 4.2.18).
    private static final int QUIET_MILLIS = 1;

    private final EventLoops loops;
    private final TcpListeners tcp;
    private final UdpListeners udp;
    private final DescriptorBudget budget;
    private final Steering steering;
    private final SessionMetrics sessions;
    private final LongAdder probesCut = new LongAdder();
    private final Listeners listeners;
    private final InheritedSockets inherited;
    private final RuleCounterRegistry counters;
    private final List<Slot> slots;
    private Set<String> instances = Set.of();

    SocketTraffic(NodeParts parts) {
        EdgeSettings settings = parts.settings();
        sessions = parts.sessions();
        counters = parts.rules();
        slots = settings.slots();
        loops = EventLoops.start(settings.transport().transport(), settings.loopCount());
        tcp =
                new TcpListeners(
                        loops,
                        settings.tcp(),
                        SocketTraffic::header,
                        beforeConnect(parts.toa(), parts.outgoing()),
                        parts.limits(),
                        parts.sessions(),
                        parts.own(),
                        System::nanoTime);
        udp =
                new UdpListeners(
                        loops.group(),
                        parts.own(),
                        parts.limits(),
                        parts.sessions(),
                        settings.udp(),
                        parts.outgoing());
        budget =
                DescriptorBudget.ofProcess(
                        settings.sessionReserve(), settings.origins().checksMax());
        steering = parts.steering();
        listeners =
                new Listeners(
                        parts.vertx(),
                        new ListenerFactories(
                                tcp,
                                udp,
                                settings.slots(),
                                loops.all().size(),
                                budget,
                                steering,
                                parts.toa().missing()),
                        new Routes(parts),
                        parts.own(),
                        System::nanoTime,
                        parts.inherited(),
                        parts.drained());
        inherited = parts.inherited();
    }

    private static BeforeConnect beforeConnect(Toa toa, OutgoingPorts outgoing) {
        BeforeConnect writing = writing(toa);
        return (fd, route, client) -> {
            outgoing.keep(fd);
            return writing.prepare(fd, route, client);
        };
    }

    private static BeforeConnect writing(Toa toa) {
        return switch (toa) {
            // Rules that ask for it are refused.
            case Toa.Missing missing -> BeforeConnect.NOTHING;
            case Toa.Ready(ToaWriter writer) ->
                    (fd, route, client) ->
                            route.rule().spec().clientIp() != ClientIp.TOA
                                    || writer.prepare(fd, client);
        };
    }

    private static @Nullable ByteBuf header(
            Route route,
            InetSocketAddress client,
            InetSocketAddress dialled,
            InetSocketAddress origin) {
        return ClientHeader.tcp(
                route.rule().spec().clientIp(),
                route.rule().spec().headerDestination(),
                client,
                dialled,
                origin,
                ByteBufAllocator.DEFAULT);
    }

    @Override
    public Future<Void> apply(SortedMap<String, InstanceContent> contents) {
        instances = Set.copyOf(contents.keySet());
        return listeners.apply(contents.values());
    }

    @Override
    public Future<Void> retryRefused() {
        return listeners.retryRefused();
    }

    @Override
    public Map<String, Outcome> outcomes() {
        Map<String, Outcome> outcomes = new TreeMap<>();
        instances.forEach(instance ->
                outcomes.put(
                        instance,
                        new Outcome(listeners.refused(instance), listeners.draining(instance))));
        return outcomes;
    }

    @Override
    public Map<String, RuleCounts> counts(Collection<String> rules) {
        return counters.counts(rules);
    }

    @Override
    public long listeners(Protocol protocol) {
        return listeners.count(protocol);
    }

    @Override
    public List<Limit> limits() {
        return List.of(
                new Limit("descriptors", budget::limit, this::descriptorHits),
                new Limit(
                        "edge.steering-ports-max",
                        steering::portsMax,
                        () -> listeners.refusals(Refusal.Code.STEERING_FULL)),
                new Limit("probe_taken", () -> PortProbe.Answer.TAKEN_MAX, probesCut::sum),
                udp.sessionsPerClient());
    }

    private long descriptorHits() {
        return tcp.acceptPauses()
                + sessions.droppedBy(DropReason.DESCRIPTORS)
                + listeners.refusals(Refusal.Code.DESCRIPTORS);
    }

    @Override
    public Future<PortProbe.Answer> probe(PortProbe probe) {
        List<InetAddress> addresses =
                probe.slot() < slots.size()
                        ? slots.get(probe.slot()).addresses(probe.ipv6())
                        : List.of();
        List<ListenerKey> keys = new ArrayList<>();
        for (PortProbe.Ports ports : probe.ports()) {
            if (addresses.isEmpty()) {
                String none = Refusal.Code.NO_SLOT.word() + ": no address for this instance";
                int first = ports.range().first();
                PortProbe.Taken taken = new PortProbe.Taken(ports.protocol(), first, none);
                return Future.succeededFuture(new PortProbe.Answer(List.of(taken)));
            }
            for (int port = ports.range().first(); port <= ports.range().last(); port++) {
                for (InetAddress address : addresses) {
                    keys.add(new ListenerKey(ports.protocol(), address, port));
                }
            }
        }
        return listeners
                .probe(keys)
                .map(refusals ->
                        answer(
                                keys.stream()
                                        .filter(refusals::containsKey)
                                        .map(key -> taken(key, refusals.get(key)))
                                        .toList()));
    }

    private PortProbe.Answer answer(List<PortProbe.Taken> taken) {
        if (taken.size() > PortProbe.Answer.TAKEN_MAX) {
            probesCut.increment();
        }
        return new PortProbe.Answer(taken);
    }

    private static PortProbe.Taken taken(ListenerKey key, @Nullable Refusal refusal) {
        return new PortProbe.Taken(key.protocol(), key.port(), String.valueOf(refusal));
    }

    @Override
    public Future<List<OpenSocket>> sockets() {
        return listeners.sockets();
    }

    @Override
    public Optional<String> lost() {
        return listeners.lost();
    }

    @Override
    public Future<List<OpenSocket>> pause() {
        List<Future<Void>> paused = listeners.open().stream().map(Listener::pause).toList();
        return Future.all(paused)
                .compose(all -> Future.all(tcp.pauseFronts(), udp.pauseFronts()))
                .compose(all -> tcp.pauseSessions())
                .compose(tcpSessions ->
                        udp.pauseSessions()
                                .map(udpSessions ->
                                        Stream.concat(tcpSessions.stream(), udpSessions.stream())
                                                .toList()));
    }

    @Override
    public void resume() {
        resumePorts();
        tcp.resumeSessions();
        udp.resumeSessions();
    }

    @Override
    public void forgetPaused() {
        tcp.forgetSessions();
        udp.forgetSessions();
        tcp.forgetFronts();
        udp.forgetFronts();
        steering.letGo();
    }

    private void resumePorts() {
        listeners.open().forEach(Listener::resume);
        tcp.resumeFronts();
        udp.resumeFronts();
    }

    @Override
    public void adopt(List<OpenSocket> sessions) {
        for (OpenSocket each : sessions) {
            InheritedSockets.Place place = InheritedSockets.Place.parse(each.name()).orElse(null);
            Listener listener = place == null ? null : listeners.at(place.key()).orElse(null);
            if (place == null || listener == null) {
                close(each.descriptor());
                continue;
            }
            ListenerFactory factory =
                    switch (place.key().protocol()) {
                        case TCP -> tcp;
                        case UDP -> udp;
                    };
            factory.adoptSession(listener, place.index(), each);
        }
    }

    @Override
    public void begin() {
        resumePorts();
        List<Integer> unwanted = inherited.takeRest();
        unwanted.forEach(SocketTraffic::close);
        if (!unwanted.isEmpty()) {
            LOG.info("{} sockets of the process before are of no rule here", unwanted.size());
        }
    }

    private static void close(int descriptor) {
        try {
            new FileDescriptor(descriptor).close();
        } catch (IOException failed) {
            LOG.debug("closing a socket failed", failed);
        }
    }

    @Override
    public Future<Void> stop(Duration drain, Future<Void> hurry) {
        return listeners
                .stop(drain, hurry)
                .transform(drained -> {
                    tcp.close();
                    udp.close();
                    Promise<Void> closed = Promise.promise();
                    loops.group()
                            .shutdownGracefully(
                                    QUIET_MILLIS, LOOPS_CLOSE_MILLIS, TimeUnit.MILLISECONDS)
                            .addListener(done -> closed.tryComplete());
                    return closed.future();
                });
    }

    /// Rules find their pools and counters here.
    private static final class Routes implements RouteSource {
        private final NodeParts parts;
        private final Map<RuleKey, Protocol> protocols = new HashMap<>();

        Routes(NodeParts parts) {
            this.parts = parts;
        }

        @Override
        public OriginPool origins(WantedListener wanted) {
            protocols.put(wanted.ruleKey(), wanted.rule().spec().protocol());
            return parts.pools().pool(wanted.rule(), Optional.ofNullable(wanted.group()));
        }

        @Override
        public RuleCounters counters(RuleKey rule) {
            Protocol protocol = protocols.get(rule);
            if (protocol == null) {
                throw new IllegalStateException("origins come first: " + rule);
            }
            return parts.rules().counters(rule.rule(), protocol);
        }

        @Override
        public void forget(RuleKey rule) {
            protocols.remove(rule);
            parts.pools().release(rule.rule());
            parts.rules().release(rule.rule());
        }
    }
}
