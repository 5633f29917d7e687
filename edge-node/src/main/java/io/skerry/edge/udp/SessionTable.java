package io.skerry.edge.udp;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The sessions of one event loop by their key: open addressing, linear probing, at most half full,
/// no tombstones. Used by the loop's thread only.
///
/// @param <S> sessions
final class SessionTable<S extends SessionTable.Keyed> {
    /// What the table holds.
    interface Keyed {
        /// Never changes while it is in the table.
        SessionKey key();
    }

    private static final int CAPACITY_MIN = 64;

    private final long secret;
    private @Nullable S[] slots = array(CAPACITY_MIN);
    private int size;

    SessionTable(RandomGenerator random) {
        secret = random.nextLong() | 1;
    }

    int size() {
        return size;
    }

    int capacity() {
        return slots.length;
    }

    /// The session in a slot below {@link #capacity}.
    @Nullable S at(int slot) {
        return slots[slot];
    }

    @Nullable S find(SessionKey key) {
        int mask = slots.length - 1;
        for (int i = key.hash(secret) & mask; ; i = i + 1 & mask) {
            S session = slots[i];
            if (session == null || session.key().same(key)) {
                return session;
            }
        }
    }

    /// Adds a session whose key is not there.
    void add(S session) {
        if (2 * (size + 1) > slots.length) {
            resize(2 * slots.length);
        }
        put(session);
        size++;
    }

    /// Removes a session that is there.
    @SuppressWarnings("ReferenceEquality") // the very session is looked for, not an equal one
    void remove(S session) {
        int mask = slots.length - 1;
        int hole = session.key().hash(secret) & mask;
        while (slots[hole] != session) {
            if (slots[hole] == null) {
                throw new IllegalStateException("a session that is not in the table");
            }
            hole = hole + 1 & mask;
        }
        slots[hole] = null;
        for (int i = hole + 1 & mask; ; i = i + 1 & mask) {
            S next = slots[i];
            if (next == null) {
                break;
            }
            int home = next.key().hash(secret) & mask;
            if ((i - home & mask) >= (i - hole & mask)) {
                slots[hole] = next;
                slots[i] = null;
                hole = i;
            }
        }
        size--;
        if (slots.length > CAPACITY_MIN && 8 * size < slots.length) {
            resize(slots.length / 2);
        }
    }

    List<S> list(Predicate<S> wanted) {
        List<S> sessions = new ArrayList<>();
        for (S session : slots) {
            if (session != null && wanted.test(session)) {
                sessions.add(session);
            }
        }
        return sessions;
    }

    private void resize(int capacity) {
        @Nullable S[] old = slots;
        slots = array(capacity);
        for (S session : old) {
            if (session != null) {
                put(session);
            }
        }
    }

    private void put(S session) {
        int mask = slots.length - 1;
        int i = session.key().hash(secret) & mask;
        while (slots[i] != null) {
            i = i + 1 & mask;
        }
        slots[i] = session;
    }

    @SuppressWarnings("unchecked") // unchecked: only sessions go in, and the array stays here
    private static <S extends Keyed> @Nullable S[] array(int capacity) {
        return (@Nullable S[]) new Keyed[capacity];
    }
}
