package io.skerry.edge.health;

/// What the checks of one target say. Read by all threads, written by that of the checks.
///
/// A target is up until enough checks in a row have failed, and down until enough in a row were
/// good. Nothing is known of one that is not checked: it counts as up.
public final class Health {
    /// What one more result made of it.
    enum Change {
        NONE,
        WENT_DOWN,
        CAME_UP
    }

    private static final long STEADY = 0;

    private final int failures;
    private final int successes;
    private volatile boolean up;

    /// When it came up again, with the last bit set; {@link #STEADY} where it was never down.
    private volatile long cameUp = STEADY;

    private int inARow;
    private long lastCounted = -1;

    /// @param failures failed checks in a row that make it down
    /// @param successes good checks in a row that make it up again
    /// @param up what is known already
    Health(int failures, int successes, boolean up) {
        this.failures = failures;
        this.successes = successes;
        this.up = up;
    }

    /// Of an origin that nobody checks.
    public static Health unchecked() {
        return new Health(1, 1, true);
    }

    /// Whether new sessions may go there.
    public boolean up() {
        return up;
    }

    /// A weight as it is now: after a recovery it grows from 1 to all of it.
    ///
    /// @param weight at least 1
    /// @param slowStartNanos how long it grows, in nanoseconds; 0: it has all of it at once
    /// @param now of the clock of the checks
    public int grown(int weight, long slowStartNanos, long now) {
        long since = cameUp;
        if (since == STEADY) {
            return weight;
        }
        long age = now - since;
        if (age >= slowStartNanos) {
            return weight;
        }
        return Math.max(1, (int) ((double) weight * Math.max(0, age) / slowStartNanos));
    }

    /// Counts a result. Checks may overlap: one that began before another that is counted already
    /// comes too late and says nothing.
    ///
    /// @param number of the check, in the order they began
    Change count(long number, boolean good, long now) {
        if (number < lastCounted) {
            return Change.NONE;
        }
        lastCounted = number;
        if (good == up) {
            inARow = 0;
            return Change.NONE;
        }
        inARow++;
        if (inARow < (up ? failures : successes)) {
            return Change.NONE;
        }
        inARow = 0;
        if (up) {
            up = false;
            return Change.WENT_DOWN;
        }
        cameUp = now | 1;
        up = true;
        return Change.CAME_UP;
    }

    /// The checks have ended: nothing is known any more.
    void forget() {
        cameUp = STEADY;
        up = true;
    }
}
