package io.skerry.edge.origin;

import io.skerry.edge.health.CheckTarget;
import io.skerry.edge.health.Health;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The origins a rule may choose from at one moment, in canonical order: IPv4 before IPv6, then by
/// address bytes. Immutable.
final class Candidates {
    /// More addresses of one name than this are left out.
    static final int MAX = 64;

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    /// Shares are multiplied by this, so that a small one can grow in steps.
    private static final int SHARE_UNIT = 256;

    private static final int NONE_EXEMPT = -1;

    /// One origin before it has its place.
    ///
    /// @param share its weight
    /// @param cap open sessions at most; 0 is no cap
    /// @param target what is checked; empty where nothing is
    /// @param health what the checks say
    record Member(
            OriginKey key,
            Origin origin,
            int share,
            int cap,
            Optional<CheckTarget> target,
            Health health) {}

    private final List<Member> members;
    private final List<Member> leftOut;
    private final Origin[] origins;
    private final int[] shares;
    private final int[] caps;
    private final Health[] healths;
    private final long[] hashes;
    private final Choice whenEmpty;

    /// @param whenEmpty the answer where there are no members
    Candidates(List<Member> members, Choice whenEmpty) {
        List<Member> sorted =
                members.stream()
                        .sorted((a, b) -> compare(a.origin().address(), b.origin().address()))
                        .toList();
        this.members = sorted.subList(0, Math.min(MAX, sorted.size()));
        this.leftOut = sorted.subList(this.members.size(), sorted.size());
        this.origins = this.members.stream().map(Member::origin).toArray(Origin[]::new);
        this.shares = this.members.stream().mapToInt(Member::share).toArray();
        this.caps = this.members.stream().mapToInt(Member::cap).toArray();
        this.healths = this.members.stream().map(Member::health).toArray(Health[]::new);
        this.hashes = Arrays.stream(origins).mapToLong(o -> ClientHash.of(o.address())).toArray();
        this.whenEmpty = whenEmpty;
    }

    static int compare(InetAddress a, InetAddress b) {
        byte[] left = a.getAddress();
        byte[] right = b.getAddress();
        return left.length != right.length
                ? Integer.compare(left.length, right.length)
                : Arrays.compareUnsigned(left, right);
    }

    Choice whenEmpty() {
        return whenEmpty;
    }

    boolean isEmpty() {
        return origins.length == 0;
    }

    List<Member> members() {
        return members;
    }

    /// Those above {@link #MAX}.
    List<Member> leftOut() {
        return leftOut;
    }

    Origin origin(int index) {
        return origins[index];
    }

    /// Where an address stands; -1 where it is no candidate.
    int indexOf(InetAddress address) {
        for (int i = 0; i < origins.length; i++) {
            if (origins[i].address().equals(address)) {
                return i;
            }
        }
        return -1;
    }

    /// Takes a place for a session; false where the origin has become full.
    boolean take(int index) {
        return origins[index].state().take(caps[index]);
    }

    /// The candidates that a new session may go to, one bit each: weight above 0, not tried yet,
    /// not full. Of those the ones that are up and not avoided; where there are none, the ones that
    /// are up; then the ones not avoided; then all (rather a doubtful origin than none).
    long open(Set<Origin> tried, long now) {
        return open(tried, now, NONE_EXEMPT);
    }

    /// Whether a session that has its place may stay.
    boolean keeps(int index, long now) {
        return (open(Set.of(), now, index) >>> index & 1) != 0;
    }

    /// @param exempt a candidate that may be full
    private long open(Set<Origin> tried, long now, int exempt) {
        long allowed = 0;
        long up = 0;
        long clear = 0;
        for (int i = 0; i < origins.length; i++) {
            OriginState state = origins[i].state();
            if (shares[i] > 0
                    && (i == exempt || !state.isFull(caps[i]))
                    && (tried.isEmpty() || !tried.contains(origins[i]))) {
                allowed |= 1L << i;
                up |= (healths[i].up() ? 1L : 0L) << i;
                clear |= (state.usable(now) ? 1L : 0L) << i;
            }
        }
        if ((up & clear) != 0) {
            return up & clear;
        }
        if (up != 0) {
            return up;
        }
        return clear != 0 ? clear : allowed;
    }

    /// The n-th choice among some candidates: points of the golden-ratio sequence fall on the
    /// origins' shares laid end to end, which is even from the first dozen on and needs no lock.
    /// The share of an origin that came up again grows for a while.
    int spread(long open, long n, long slowStartNanos, long now) {
        long total = 0;
        for (int i = 0; i < shares.length; i++) {
            total += (open >>> i & 1) * share(i, slowStartNanos, now);
        }
        long point = ((n * GOLDEN >>> 32) * total) >>> 32;
        int last = -1;
        for (int i = 0; i < shares.length; i++) {
            if ((open >>> i & 1) != 0) {
                last = i;
                point -= share(i, slowStartNanos, now);
                if (point < 0) {
                    break;
                }
            }
        }
        return last;
    }

    private int share(int index, long slowStartNanos, long now) {
        int full = shares[index] * SHARE_UNIT;
        return full == 0 ? 0 : healths[index].grown(full, slowStartNanos, now);
    }

    /// The choice of a client among some candidates, the same on every node.
    int rendezvous(long open, long client) {
        int best = -1;
        double bestDraw = Double.POSITIVE_INFINITY;
        for (int i = 0; i < origins.length; i++) {
            if ((open >>> i & 1) != 0) {
                double draw = ClientHash.draw(client, hashes[i], shares[i]);
                if (draw < bestDraw) {
                    bestDraw = draw;
                    best = i;
                }
            }
        }
        return best;
    }
}
