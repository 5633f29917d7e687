package io.skerry.edge.origin;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// The origins a rule may choose from at one moment, in canonical order: IPv4 before IPv6, then by
/// address bytes. Immutable.
final class Candidates {
    /// More addresses of one name than this are left out.
    static final int MAX = 64;

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    /// One origin before it has its place.
    record Member(OriginKey key, Origin origin, int share) {}

    private final List<Member> members;
    private final Origin[] origins;
    private final int[] shares;
    private final long[] hashes;
    private final Choice whenEmpty;

    /// @param whenEmpty the answer where there are no members
    Candidates(List<Member> members, Choice whenEmpty) {
        this.members =
                members.stream()
                        .sorted((a, b) -> compare(a.origin().address(), b.origin().address()))
                        .limit(MAX)
                        .toList();
        this.origins = this.members.stream().map(Member::origin).toArray(Origin[]::new);
        this.shares = this.members.stream().mapToInt(Member::share).toArray();
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

    List<OriginKey> keys() {
        return members.stream().map(Member::key).toList();
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

    /// The candidates that a new session may go to, one bit each: weight above 0, not tried yet,
    /// and of those the usable ones; where none is usable, all of them (rather a doubtful origin
    /// than none).
    long open(Set<Origin> tried, long now) {
        long allowed = 0;
        long usable = 0;
        for (int i = 0; i < origins.length; i++) {
            if (shares[i] > 0 && (tried.isEmpty() || !tried.contains(origins[i]))) {
                allowed |= 1L << i;
                if (origins[i].state().usable(now)) {
                    usable |= 1L << i;
                }
            }
        }
        return usable != 0 ? usable : allowed;
    }

    /// The n-th choice among some candidates: points of the golden-ratio sequence fall on the
    /// origins' shares laid end to end, which is even from the first dozen on and needs no lock.
    int spread(long open, long n) {
        long total = 0;
        for (int i = 0; i < shares.length; i++) {
            total += (open >>> i & 1) * shares[i];
        }
        long point = ((n * GOLDEN >>> 32) * total) >>> 32;
        int last = -1;
        for (int i = 0; i < shares.length; i++) {
            if ((open >>> i & 1) != 0) {
                last = i;
                point -= shares[i];
                if (point < 0) {
                    break;
                }
            }
        }
        return last;
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
