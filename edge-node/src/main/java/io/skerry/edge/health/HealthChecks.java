package io.skerry.edge.health;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import io.skerry.edge.transport.OutgoingPorts;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The active checks of a node, on a thread of their own. Safe for all threads; nothing blocks.
///
/// A target is checked while somebody uses it. A check begins 90 to 100 % of the interval after the
/// one before began, whether that one is over or not: so an origin that is gone is down after at
/// most interval × failures + timeout, however the two compare.
public final class HealthChecks implements AutoCloseable {
    /// Default of `origin.checks-max`.
    public static final int MAX_DEFAULT = 2_000;

    public static final int MAX_MAX = 100_000;

    /// How much earlier than the interval says a check may begin, so that nodes and targets do not
    /// march in step.
    private static final double JITTER = 0.1;

    /// The first check of a target begins within this time, or the interval where that is shorter.
    private static final long FIRST_MAX_NANOS = Duration.ofSeconds(1).toNanos();

    private static final long CLOSE_QUIET_MILLIS = 1;
    private static final long CLOSE_MILLIS = 1_000;
    private static final Logger log = LoggerFactory.getLogger(HealthChecks.class);

    private final int max;
    private final LongSupplier clock;
    private final Predicate<CheckTarget> ours;
    private final EventLoopGroup group;
    private final EventLoop loop;
    private final ChannelGroup open;
    private final Probe probe;
    private final Map<CheckResult, LongAdder> results = new EnumMap<>(CheckResult.class);
    private final LongAdder hits = new LongAdder();

    /// All targets in use; those above the limit wait in the other set.
    private final Map<CheckTarget, Checked> targets = new HashMap<>();

    private final Set<Checked> waiting = new LinkedHashSet<>();
    private boolean closed;

    /// Checks that have no result yet. On the loop's thread.
    private int underWay;

    /// @param max `origin.checks-max`: targets checked, and checks under way, at the same time
    /// @param outgoing from which local ports checks may leave
    /// @param ours tells a target that is a port of this node: it is not checked, for the check
    ///   would be a session of ours
    public HealthChecks(int max, OutgoingPorts outgoing, Predicate<CheckTarget> ours) {
        this(max, outgoing, ours, System::nanoTime);
    }

    HealthChecks(int max) {
        this(max, new OutgoingPorts(), target -> false, System::nanoTime);
    }

    /// @param clock {@link System#nanoTime()}, or a test's
    public HealthChecks(int max, LongSupplier clock) {
        this(max, new OutgoingPorts(), target -> false, clock);
    }

    private HealthChecks(
            int max, OutgoingPorts outgoing, Predicate<CheckTarget> ours, LongSupplier clock) {
        this.max = max;
        this.ours = ours;
        this.clock = clock;
        for (CheckResult each : CheckResult.values()) {
            results.put(each, new LongAdder());
        }
        this.group =
                new MultiThreadIoEventLoopGroup(
                        1, new DefaultThreadFactory("checks", true), OutgoingPorts.handlers());
        this.loop = group.next();
        this.open = new DefaultChannelGroup(loop);
        this.probe = new Probe(loop, open, outgoing);
    }

    /// Begins to check a target, or shares what is known of it. Each use is matched by one {@link
    /// #release}.
    ///
    /// @param before what was known of the address until now, by other checks; null for nothing
    public synchronized Health use(CheckTarget target, @Nullable Health before) {
        Checked known = targets.get(target);
        if (known == null) {
            known = new Checked(target, before == null || before.up());
            targets.put(target, known);
            begin(known);
        }
        known.users++;
        return known.health;
    }

    public synchronized void release(CheckTarget target) {
        Checked known = targets.get(target);
        if (known == null || --known.users > 0) {
            return;
        }
        targets.remove(target);
        boolean waited = waiting.remove(known);
        if (!closed && !waited) {
            loop.execute(known::stop);
            if (!waiting.isEmpty()) {
                Checked next = waiting.iterator().next();
                waiting.remove(next);
                begin(next);
            }
        }
    }

    private void begin(Checked target) {
        if (closed) {
            return;
        }
        if (targets.size() - waiting.size() > max) {
            waiting.add(target);
            hits.increment();
        } else {
            loop.execute(target::start);
        }
    }

    /// Results of one kind since the start.
    public long count(CheckResult result) {
        return counter(result).sum();
    }

    private LongAdder counter(CheckResult result) {
        return Objects.requireNonNull(results.get(result));
    }

    /// Targets checked at the same time, at most.
    public int max() {
        return max;
    }

    /// Targets that were turned away, and checks that were left out, because of the limit.
    public long hits() {
        return hits.sum();
    }

    /// Targets that are checked now.
    synchronized int size() {
        return targets.size() - waiting.size();
    }

    /// Ends all checks, without waiting; what was known of the targets stays as it is.
    @Override
    public void close() {
        List<Checked> all;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            all = List.copyOf(targets.values());
            targets.clear();
            waiting.clear();
        }
        loop.execute(() -> {
            all.forEach(Checked::cancel);
            var _ = open.close();
        });
        Future<?> closing =
                group.shutdownGracefully(CLOSE_QUIET_MILLIS, CLOSE_MILLIS, TimeUnit.MILLISECONDS);
        closing.addListener(done -> log.debug("health checks closed"));
    }

    /// Whether no thread and no socket is left of it.
    boolean isGone() {
        return group.isTerminated() && open.isEmpty();
    }

    /// A target in use. All but `users` is for the loop's thread.
    private final class Checked {
        final CheckTarget target;
        final Health health;
        int users;
        private long number;
        private boolean stopped;
        private @Nullable ScheduledFuture<?> next;

        Checked(CheckTarget target, boolean up) {
            this.target = target;
            this.health = new Health(target.plan().failures(), target.plan().successes(), up);
        }

        void start() {
            long interval = target.plan().interval().toNanos();
            after((long) (random() * Math.min(interval, FIRST_MAX_NANOS)));
        }

        private void after(long nanos) {
            if (!stopped && !loop.isShuttingDown()) {
                next = loop.schedule(this::check, nanos, TimeUnit.NANOSECONDS);
            }
        }

        private void check() {
            after((long) (target.plan().interval().toNanos() * (1 - JITTER * random())));
            if (ours.test(target)) {
                counter(CheckResult.NOT_MADE).increment();
                return;
            }
            if (underWay >= max) {
                hits.increment();
                counter(CheckResult.NOT_MADE).increment();
                return;
            }
            long own = number++;
            underWay++;
            probe.check(
                    target,
                    result -> {
                        underWay--;
                        if (!stopped) {
                            ended(own, result);
                        }
                    });
        }

        private void ended(long own, CheckResult result) {
            counter(result).increment();
            if (result == CheckResult.NOT_MADE) {
                return;
            }
            switch (health.count(own, result == CheckResult.OK, clock.getAsLong())) {
                case NONE -> log.trace("check of {}: {}", target, result.word());
                case WENT_DOWN ->
                        log.warn("origin {} is down by its checks: {}", target, result.word());
                case CAME_UP -> log.info("origin {} is up again by its checks", target);
            }
        }

        void stop() {
            cancel();
            health.forget();
        }

        void cancel() {
            stopped = true;
            if (next != null) {
                next.cancel(false);
            }
        }

        private static double random() {
            return ThreadLocalRandom.current().nextDouble();
        }
    }
}
