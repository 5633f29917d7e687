package io.skerry.edge.steering;

import io.skerry.edge.listener.ListenerKey;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// How the kernel's table gets from what it holds to what it is to hold. Pure.
sealed interface TableChange {
    /// Up to so many entries are changed in place, one after the other; more are changed at once,
    /// by another table.
    int SINGLES_MAX = 64;

    /// Room of the smallest table.
    int ROOM_MIN = 1_024;

    /// Nothing.
    record None() implements TableChange {}

    /// Entries change in place: first those that are added.
    record Singles(List<ListenerKey> added, List<ListenerKey> removed) implements TableChange {
        public Singles {
            added = List.copyOf(added);
            removed = List.copyOf(removed);
        }
    }

    /// Another table takes the place of this one.
    ///
    /// @param room entries it can hold; some more than it does
    record Whole(Set<ListenerKey> ports, int room) implements TableChange {
        public Whole {
            // Not Set.copyOf: its probing takes a minute for 80,000 keys whose hashes are in a row.
            ports = Collections.unmodifiableSet(new HashSet<>(ports));
        }
    }

    /// @param room entries the table can hold
    static TableChange of(
            Set<ListenerKey> now,
            int room,
            Collection<ListenerKey> closed,
            Collection<ListenerKey> opened) {
        Set<ListenerKey> added = new HashSet<>(opened);
        Set<ListenerKey> removed = new HashSet<>(closed);
        removed.removeAll(added);
        removed.retainAll(now);
        added.removeAll(now);
        int size = now.size() + added.size() - removed.size();
        // Before anything is removed both have to fit.
        boolean fits = now.size() + added.size() <= room;
        if (added.isEmpty() && removed.isEmpty()) {
            return new None();
        }
        if (fits && added.size() + removed.size() <= SINGLES_MAX) {
            return new Singles(List.copyOf(added), List.copyOf(removed));
        }
        Set<ListenerKey> all = HashSet.newHashSet(size);
        all.addAll(now);
        all.removeAll(removed);
        all.addAll(added);
        return new Whole(all, Math.max(ROOM_MIN, Integer.highestOneBit(2 * size)));
    }
}
