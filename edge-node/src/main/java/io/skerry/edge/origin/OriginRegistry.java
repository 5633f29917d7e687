package io.skerry.edge.origin;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/// The origins that any rule of the node uses, one {@link Origin} each, for as long as a rule uses
/// it. Safe for all threads.
final class OriginRegistry {
    private static final class Entry {
        final Origin origin;
        int users;

        Entry(Origin origin) {
            this.origin = origin;
        }
    }

    private final Map<OriginKey, Entry> entries = new HashMap<>();

    synchronized Origin use(OriginKey key) {
        Entry entry =
                entries.computeIfAbsent(
                        key, k -> new Entry(new Origin(k.address(), new OriginState())));
        entry.users++;
        return entry.origin;
    }

    /// Each use is matched by one release.
    synchronized void release(Collection<OriginKey> keys) {
        for (OriginKey key : keys) {
            Entry entry = entries.get(key);
            if (entry != null && --entry.users == 0) {
                entries.remove(key);
            }
        }
    }
}
