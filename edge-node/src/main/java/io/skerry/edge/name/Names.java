package io.skerry.edge.name;

import static io.netty.resolver.dns.DnsNameResolverChannelStrategy.ChannelPerResolution;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.resolver.HostsFileEntriesResolver;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import io.skerry.edge.transport.OutgoingPorts;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Resolves the names of origins, each once however many rules use it, and again before its answer
/// is too old. Works on a thread of its own; safe for all threads.
///
/// An answer, once had, is kept until there is a newer one: name servers may be gone for hours and
/// sessions still find their origins.
public final class Names implements AutoCloseable {
    /// What is known of a name.
    public sealed interface Answer {}

    /// Asked for the first time, no answer yet.
    public record Pending() implements Answer {}

    /// Its addresses, at least one, in no order that means anything.
    public record Addresses(List<InetAddress> addresses) implements Answer {}

    /// There is no such name, or nobody answers; asked again every 2 s.
    public record Failed() implements Answer {}

    /// A use of a name; ends with {@link #stop}.
    public interface Watch {
        void stop();
    }

    private static final Logger log = LoggerFactory.getLogger(Names.class);
    private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(2);

    /// How soon a changed hosts file is noticed, at the latest.
    private static final long HOSTS_SECONDS = 5;

    private final NameSettings settings;
    private final EventLoopGroup group;
    private final EventLoop loop;
    private final DnsNameResolver resolver;
    private final LifetimeNotes lifetimes = new LifetimeNotes();
    private final HostsFile hosts;
    private final Map<String, Name> names = new HashMap<>();

    public Names(NameSettings settings) {
        this(settings, new OutgoingPorts());
    }

    /// @param outgoing from which local ports questions may leave
    public Names(NameSettings settings, OutgoingPorts outgoing) {
        this.settings = settings;
        this.hosts = new HostsFile(settings.hosts());
        this.group =
                new MultiThreadIoEventLoopGroup(
                        1, new DefaultThreadFactory("names", true), OutgoingPorts.handlers());
        this.loop = group.next();
        DnsNameResolverBuilder builder =
                new DnsNameResolverBuilder(loop)
                        .datagramChannelFactory(() -> outgoing.newDatagram(null))
                        // A socket for each question: one that is kept may be in a rule's way.
                        .datagramChannelStrategy(ChannelPerResolution)
                        .socketChannelFactory(() -> outgoing.newSocket(null))
                        .resolvedAddressTypes(ResolvedAddressTypes.IPV4_PREFERRED)
                        .hostsFileEntriesResolver(new NoHosts())
                        .queryTimeoutMillis(QUERY_TIMEOUT.toMillis())
                        .resolveCache(lifetimes);
        if (!settings.servers().isEmpty()) {
            builder.nameServerProvider(
                    new SequentialDnsServerAddressStreamProvider(
                            settings.servers().stream()
                                    .map(s -> new InetSocketAddress(s.address(), s.port()))
                                    .toList()));
        }
        this.resolver = builder.build();
    }

    /// The hosts file is read by {@link HostsFile}, which notices changes.
    private static final class NoHosts implements HostsFileEntriesResolver {
        @Override
        public @Nullable InetAddress address(String name, ResolvedAddressTypes types) {
            return null;
        }
    }

    /// Tells of each answer for a name that differs from the last, on the resolver's thread.
    public Watch watch(String name, Consumer<Answer> listener) {
        loop.execute(() -> {
            Name known = names.computeIfAbsent(name, Name::new);
            known.listeners.add(listener);
            listener.accept(known.answer);
            if (known.listeners.size() == 1) {
                known.ask();
            }
        });
        return () ->
                loop.execute(() -> {
                    Name known = names.get(name);
                    if (known != null
                            && known.listeners.remove(listener)
                            && known.listeners.isEmpty()) {
                        known.forget();
                    }
                });
    }

    /// Does small work every so often on the resolver's thread.
    public void every(long seconds, Runnable work) {
        ScheduledFuture<?> repeated =
                loop.scheduleAtFixedRate(work, seconds, seconds, TimeUnit.SECONDS);
        repeated.addListener(done -> {
            if (done.cause() != null && !done.isCancelled()) {
                log.error("repeated work failed", done.cause());
            }
        });
    }

    /// Stops resolving, without waiting.
    @Override
    public void close() {
        resolver.close();
        Future<?> closing = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        closing.addListener(done -> log.debug("names closed"));
    }

    /// One name in use. On the resolver's thread.
    private final class Name {
        final String text;
        final Set<Consumer<Answer>> listeners = new LinkedHashSet<>();
        Answer answer = new Pending();
        private boolean failing;
        private boolean gone;
        private @Nullable ScheduledFuture<?> next;

        Name(String text) {
            this.text = text;
        }

        void ask() {
            List<InetAddress> local = hosts.addresses(text);
            if (!local.isEmpty()) {
                answered(local, HOSTS_SECONDS);
                return;
            }
            Future<List<InetAddress>> asked = resolver.resolveAll(text);
            asked.addListener(done -> {
                if (asked.isSuccess() && !asked.getNow().isEmpty()) {
                    answered(asked.getNow(), lifetimes.take(text).orElse(0));
                } else {
                    failed(asked.cause());
                }
            });
        }

        private void answered(List<InetAddress> addresses, long seconds) {
            if (gone) {
                return;
            }
            if (failing) {
                failing = false;
                log.info("the name {} has addresses again", text);
            }
            boolean same =
                    answer instanceof Addresses(List<InetAddress> old)
                            && new HashSet<>(old).equals(new HashSet<>(addresses));
            if (!same) {
                tell(new Addresses(List.copyOf(addresses)));
            }
            long bounded =
                    Math.clamp(
                            seconds,
                            settings.lifetimeMin().toSeconds(),
                            settings.lifetimeMax().toSeconds());
            askAfter(Duration.ofSeconds(bounded));
        }

        private void failed(@Nullable Throwable cause) {
            if (gone) {
                return;
            }
            String why = cause == null ? "no address" : String.valueOf(cause.getMessage());
            if (!failing) {
                failing = true;
                log.warn(
                        answer instanceof Addresses
                                ? "the name {} is not answered, the last addresses stay: {}"
                                : "the name {} has no address yet: {}",
                        text,
                        why);
            }
            if (!(answer instanceof Addresses) && !(answer instanceof Failed)) {
                tell(new Failed());
            }
            askAfter(settings.retry());
        }

        private void tell(Answer news) {
            answer = news;
            List.copyOf(listeners).forEach(listener -> listener.accept(news));
        }

        private void askAfter(Duration delay) {
            next = loop.schedule(this::ask, delay.toMillis(), TimeUnit.MILLISECONDS);
        }

        void forget() {
            gone = true;
            names.remove(text);
            if (next != null) {
                next.cancel(false);
            }
        }
    }
}
