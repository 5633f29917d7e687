package io.skerry.rules.store;

import io.skerry.shared.instance.NodeArea;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An edge node as it was heard of last.
///
/// @param name its name
/// @param boot drawn at its start
/// @param area where it stands
/// @param state whether it serves
/// @param leftBoot its last life that said goodbye before it ended; `null` where none has
/// @param drain whether people want it to serve nobody
/// @param slots per slot its addresses
/// @param labels words by which people choose it
/// @param capabilities what it can do
/// @param missing what it cannot do, with the reason
/// @param listeners open listening ports
/// @param sessions open sessions
/// @param seenAt when it was heard of last, by the database's clock
public record NodeRow(
        String name,
        String boot,
        NodeArea area,
        State state,
        @Nullable String leftBoot,
        boolean drain,
        List<List<String>> slots,
        List<String> labels,
        List<String> capabilities,
        Map<String, String> missing,
        long listeners,
        long sessions,
        OffsetDateTime seenAt) {
    /// Whether it serves and is meant to: its answers count, and its addresses are given out.
    public boolean isServing() {
        return state == State.UP && !drain;
    }

    /// Its state for people: one that is to drain does so, whatever it has said until now.
    public State shown() {
        return state == State.UP && drain ? State.DRAINING : state;
    }

    /// Whether a node serves.
    public enum State {
        UP,
        /// It lets its sessions end and is not required any more.
        DRAINING,
        /// It left, or has not been heard of.
        DOWN;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static State of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }
    }
}
