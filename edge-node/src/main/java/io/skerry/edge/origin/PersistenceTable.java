package io.skerry.edge.origin;

import java.net.InetAddress;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// Which origin a client used last, per rule, for as long as the rule asks after the client's last
/// session. Local to the node and bounded; a client that is not in it goes where the hash says.
///
/// Asked once per session, never per byte: short sections under one lock per stripe.
final class PersistenceTable {
    private static final int STRIPES = 16;
    private static final int STRIPE_MIN = 64;

    /// How many of the oldest entries are looked at for one without an open session.
    private static final int EVICTION_LOOK = 8;

    private record Key(String rule, InetAddress client) {}

    private static final class Entry {
        InetAddress origin;
        int open;
        long lastEnd;
        final long keepNanos;

        Entry(InetAddress origin, long keepNanos, long now) {
            this.origin = origin;
            this.keepNanos = keepNanos;
            this.lastEnd = now;
        }

        boolean isOver(long now) {
            return open <= 0 && now - lastEnd >= keepNanos;
        }
    }

    private final Stripe[] stripes;
    private final LongAdder evicted = new LongAdder();
    private final int max;

    /// @param max most entries, at least 1
    PersistenceTable(int max) {
        this.max = max;
        int count = max >= STRIPES * STRIPE_MIN ? STRIPES : 1;
        stripes = new Stripe[count];
        for (int i = 0; i < count; i++) {
            stripes[i] = new Stripe((max + i) / count);
        }
    }

    /// The origin the client is to be kept on.
    @Nullable InetAddress pinned(String rule, InetAddress client, long now) {
        Key key = new Key(rule, client);
        return stripe(key).pinned(key, now);
    }

    void opened(String rule, InetAddress client, InetAddress origin, long keepNanos, long now) {
        Key key = new Key(rule, client);
        stripe(key).opened(key, origin, keepNanos, now);
    }

    void closed(String rule, InetAddress client, long now) {
        Key key = new Key(rule, client);
        stripe(key).closed(key, now);
    }

    /// Drops what is over.
    void sweep(long now) {
        for (Stripe stripe : stripes) {
            stripe.sweep(now);
        }
    }

    int max() {
        return max;
    }

    int size() {
        int size = 0;
        for (Stripe stripe : stripes) {
            size += stripe.size();
        }
        return size;
    }

    /// Entries that made room for others before their time.
    long evicted() {
        return evicted.sum();
    }

    private Stripe stripe(Key key) {
        int hash = key.hashCode() * 0x9E3779B9;
        return stripes[(hash >>> 16) % stripes.length];
    }

    private final class Stripe {
        private final int max;
        private final LinkedHashMap<Key, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

        Stripe(int max) {
            this.max = max;
        }

        synchronized @Nullable InetAddress pinned(Key key, long now) {
            Entry entry = entries.get(key);
            return entry == null || entry.isOver(now) ? null : entry.origin;
        }

        synchronized void opened(Key key, InetAddress origin, long keepNanos, long now) {
            Entry old = entries.get(key);
            Entry entry;
            if (old != null && old.keepNanos == keepNanos) {
                entry = old;
            } else {
                entry = new Entry(origin, keepNanos, now);
                entry.open = old == null ? 0 : old.open;
                entries.put(key, entry);
            }
            entry.origin = origin;
            entry.open++;
            if (entries.size() > max) {
                evict(now);
            }
        }

        synchronized void closed(Key key, long now) {
            Entry entry = entries.get(key);
            if (entry != null) {
                entry.open = Math.max(0, entry.open - 1);
                entry.lastEnd = now;
            }
        }

        synchronized void sweep(long now) {
            entries.values().removeIf(entry -> entry.isOver(now));
        }

        synchronized int size() {
            return entries.size();
        }

        private void evict(long now) {
            Iterator<Map.Entry<Key, Entry>> oldest = entries.entrySet().iterator();
            Key victim = entries.firstEntry().getKey();
            for (int i = 0; i < EVICTION_LOOK && oldest.hasNext(); i++) {
                Map.Entry<Key, Entry> each = oldest.next();
                if (each.getValue().open <= 0) {
                    victim = each.getKey();
                    break;
                }
            }
            Entry gone = entries.remove(victim);
            if (gone != null && !gone.isOver(now)) {
                evicted.increment();
            }
        }
    }
}
