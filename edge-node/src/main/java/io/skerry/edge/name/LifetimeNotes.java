package io.skerry.edge.name;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.resolver.dns.DnsCache;
import io.netty.resolver.dns.DnsCacheEntry;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// A cache that never answers, so that every look-up asks, and only notes how long answers live.
/// For the resolver's thread.
final class LifetimeNotes implements DnsCache {
    private static final int NAMES_MAX = 10_000;

    private record Noted(@Nullable InetAddress address, @Nullable Throwable cause)
            implements DnsCacheEntry {}

    private final Map<String, Long> seconds = new HashMap<>();

    /// The shortest lifetime among the answers for a name since the last call, in seconds.
    OptionalLong take(String name) {
        String key = key(name);
        OptionalLong shortest =
                seconds.entrySet().stream()
                        .filter(each -> isFor(key, each.getKey()))
                        .mapToLong(Map.Entry::getValue)
                        .min();
        seconds.keySet().removeIf(each -> isFor(key, each));
        return shortest;
    }

    /// The name itself, or with a search domain behind it.
    private static boolean isFor(String name, String noted) {
        return noted.equals(name) || noted.startsWith(name + ".");
    }

    private static String key(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }

    @Override
    public void clear() {
        seconds.clear();
    }

    @Override
    public boolean clear(String hostname) {
        return seconds.remove(key(hostname)) != null;
    }

    @Override
    public List<? extends DnsCacheEntry> get(String hostname, DnsRecord[] additionals) {
        return List.of();
    }

    @Override
    public DnsCacheEntry cache(
            String hostname,
            DnsRecord[] additionals,
            InetAddress address,
            long originalTtl,
            EventLoop loop) {
        if (seconds.size() >= NAMES_MAX) {
            seconds.clear();
        }
        seconds.merge(key(hostname), originalTtl, Math::min);
        return new Noted(address, null);
    }

    @Override
    public DnsCacheEntry cache(
            String hostname, DnsRecord[] additionals, Throwable cause, EventLoop loop) {
        return new Noted(null, cause);
    }
}
