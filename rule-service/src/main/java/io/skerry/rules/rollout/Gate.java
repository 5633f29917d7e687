package io.skerry.rules.rollout;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.store.RolloutRow;
import io.skerry.shared.content.RuleCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToLongFunction;

/// Judges whether a rollout goes on. Pure.
///
/// It closes, and the change is taken back, when a canary
/// - is lost, which means that it went down or restarted without a word, and was so before, or
///   another one was: once may happen to any node, twice is the change,
/// - refuses a rule that the change touched and that no node refused before,
/// - has not applied the change in time,
/// - or when, of the sessions of a touched rule, the share for which no origin could be connected,
///   or that an origin reset, is higher than before by more than {@link #MARGIN}, with at least
///   {@link #FAILURES_MIN} of them.
public final class Gate {
    /// Time for all canaries to apply a change, in seconds.
    public static final double APPLY_SECONDS = 60;

    /// Times that canaries may be lost under one revision until it is taken for the reason.
    public static final int LOSSES = 2;

    /// Fewer failed sessions than this, of one rule on all canaries, close no gate.
    static final long FAILURES_MIN = 5;

    /// By how much the share of failed sessions may be higher than before.
    static final double MARGIN = 0.1;

    /// What is to become of a rollout.
    sealed interface Verdict {
        /// Nothing yet.
        record Wait() implements Verdict {}

        /// All canaries have applied it: the time of observation begins.
        record Observe() implements Verdict {}

        /// Canaries were lost, for the first time: they have {@link #APPLY_SECONDS} to come back.
        record Await(List<String> lost) implements Verdict {}

        /// It goes to every node.
        record Promote() implements Verdict {}

        /// It is taken back.
        ///
        /// @param limit the one that it went beyond, if it was one
        record TakeBack(String reason, Optional<Limit> limit) implements Verdict {
            TakeBack(String reason) {
                this(reason, Optional.empty());
            }

            TakeBack(String reason, Limit limit) {
                this(reason, Optional.of(limit));
            }
        }

        /// No canary is left to watch: others are to be chosen.
        record ChooseAnew() implements Verdict {}
    }

    private Gate() {}

    static Verdict judge(RolloutRow rollout, List<Canary> canaries) {
        List<Canary> present =
                canaries.stream().filter(c -> c.standing() != Canary.Standing.AWAY).toList();
        List<String> lost = names(present, Canary.Standing.LOST);
        Optional<Verdict.TakeBack> closed =
                refusal(rollout, present)
                        .map(Verdict.TakeBack::new)
                        .or(() -> losses(rollout, lost))
                        .or(() -> failures(rollout.touched(), present).map(Verdict.TakeBack::new));
        if (closed.isPresent()) {
            return closed.get();
        }
        if (!lost.isEmpty()) {
            return new Verdict.Await(lost);
        }
        List<String> pending = names(present, Canary.Standing.PENDING);
        List<String> missing = names(present, Canary.Standing.MISSING);
        boolean waits = rollout.stateSeconds() <= APPLY_SECONDS;
        if (present.size() == missing.size()) {
            return !missing.isEmpty() && waits ? new Verdict.Wait() : new Verdict.ChooseAnew();
        }
        return switch (rollout.state()) {
            case CANARY ->
                    waits && !missing.isEmpty() ? new Verdict.Wait() : applying(rollout, pending);
            case OBSERVING ->
                    !pending.isEmpty()
                            ? applied(rollout, pending, rollout.strategy().observeSeconds())
                            : isObserved(rollout, present)
                                    ? new Verdict.Promote()
                                    : new Verdict.Wait();
            case PAUSED, DONE, ABORTED, ROLLED_BACK, OVERTAKEN -> new Verdict.Wait();
        };
    }

    /// Whether the time of observation is over and every canary has been heard of since: one that
    /// went down meanwhile may not be known yet.
    private static boolean isObserved(RolloutRow rollout, List<Canary> present) {
        double observed = rollout.strategy().observeSeconds();
        return rollout.stateSeconds() >= observed
                && present.stream()
                        .filter(each -> each.standing() == Canary.Standing.APPLIED)
                        .allMatch(each -> each.heardSeconds() >= observed);
    }

    private static Verdict applying(RolloutRow rollout, List<String> pending) {
        return pending.isEmpty() ? new Verdict.Observe() : applied(rollout, pending, 0);
    }

    /// @param began when the time to apply it began, in seconds of the state; one that comes back
    ///   while others are watched has until after that, since nobody waits for it before
    private static Verdict applied(RolloutRow rollout, List<String> pending, double began) {
        return rollout.stateSeconds() > began + APPLY_SECONDS
                ? new Verdict.TakeBack(
                        pending.getFirst()
                                + " has not applied it within "
                                + Math.round(APPLY_SECONDS)
                                + " s",
                        Limit.CANARY_APPLY_SECONDS)
                : new Verdict.Wait();
    }

    private static List<String> names(List<Canary> canaries, Canary.Standing standing) {
        return canaries.stream()
                .filter(each -> each.standing() == standing)
                .map(Canary::node)
                .toList();
    }

    private static Optional<Verdict.TakeBack> losses(RolloutRow rollout, List<String> now) {
        List<String> all = new ArrayList<>(rollout.lost());
        all.addAll(now);
        if (now.isEmpty() || all.size() < LOSSES) {
            return Optional.empty();
        }
        List<String> names = all.stream().distinct().toList();
        return Optional.of(
                new Verdict.TakeBack(
                        String.join(" and ", names)
                                + " went down or restarted"
                                + (names.size() < all.size() ? " again" : ""),
                        Limit.CANARY_LOSSES));
    }

    private static Optional<String> refusal(RolloutRow rollout, List<Canary> canaries) {
        for (Canary canary : canaries) {
            for (Map.Entry<String, String> each : canary.refused().entrySet()) {
                String object = each.getKey();
                boolean touched =
                        rollout.touched().contains(object) || object.equals(rollout.instance());
                if (touched && !rollout.refusedBefore().contains(object)) {
                    return Optional.of(
                            canary.node() + " refuses " + object + ": " + each.getValue());
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> failures(Set<String> touched, List<Canary> canaries) {
        for (String rule : touched) {
            RuleCounts before = RuleCounts.NONE;
            RuleCounts after = RuleCounts.NONE;
            for (Canary each : canaries) {
                var counted = each.counted();
                before = before.plus(of(counted.before(), rule));
                after = after.plus(of(counted.latest(), rule).since(of(counted.first(), rule)));
            }
            Optional<String> found =
                    more(rule, "without a connection", before, after, RuleCounts::connectErrors);
            if (found.isEmpty()) {
                found = more(rule, "reset by the origin", before, after, RuleCounts::resets);
            }
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    private static RuleCounts of(Map<String, RuleCounts> counts, String rule) {
        return counts.getOrDefault(rule, RuleCounts.NONE);
    }

    private static Optional<String> more(
            String rule,
            String what,
            RuleCounts before,
            RuleCounts after,
            ToLongFunction<RuleCounts> failed) {
        double was = share(before, failed);
        double is = share(after, failed);
        return failed.applyAsLong(after) >= FAILURES_MIN && is > was + MARGIN
                ? Optional.of(
                        String.format(
                                Locale.ROOT,
                                "%s: %.0f %% of %d sessions %s, %.0f %% before",
                                rule,
                                100 * is,
                                after.sessions(),
                                what,
                                100 * was))
                : Optional.empty();
    }

    private static double share(RuleCounts counts, ToLongFunction<RuleCounts> failed) {
        long failures = failed.applyAsLong(counts);
        return (double) failures / Math.max(1, Math.max(failures, counts.sessions()));
    }
}
