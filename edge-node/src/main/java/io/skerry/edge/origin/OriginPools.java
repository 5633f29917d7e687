package io.skerry.edge.origin;

import io.skerry.edge.health.CheckTarget;
import io.skerry.edge.health.Health;
import io.skerry.edge.health.HealthChecks;
import io.skerry.edge.name.Names;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.origin.OriginAddress;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.origin.WeightedOrigin;
import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleSpec;
import io.skerry.shared.rule.SessionPersistence;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The pools of all rules of a node. Safe for all threads; nothing here blocks.
///
/// A pool follows the content of its group and the answers for its name. Where the rule itself
/// names another origin it gets a new pool; sessions of the old one keep what they had.
public final class OriginPools {
    /// What a pool was made for; another of these is another pool.
    private record Purpose(
            Protocol protocol, OriginRef origin, PortRange port, SessionPersistence persistence) {}

    /// What a pool follows; where it changes the pool stays.
    private record Content(List<WeightedOrigin> origins, Optional<CheckPlan> check) {}

    private final Map<String, Live> pools = new HashMap<>();
    private final OriginRegistry registry = new OriginRegistry();
    private final Names names;
    private final HealthChecks checks;
    private final RulePool.Ground ground;

    public OriginPools(OriginSettings settings, Names names, HealthChecks checks) {
        this(settings, names, checks, System::nanoTime);
    }

    OriginPools(OriginSettings settings, Names names, HealthChecks checks, LongSupplier clock) {
        this.names = names;
        this.checks = checks;
        this.ground =
                new RulePool.Ground(
                        new PersistenceTable(settings.persistenceEntries()),
                        settings.persistenceIpv6Prefix(),
                        settings.avoidance(),
                        settings.slowStart().toNanos(),
                        clock);
        names.every(SWEEP_SECONDS, () -> ground.persistence().sweep(clock.getAsLong()));
    }

    private static final int SWEEP_SECONDS = 30;

    /// The pool of a rule as it is now. Called again after each change of the rule or its group.
    ///
    /// @param group the rule's group; empty where it has a single origin
    public synchronized OriginPool pool(Rule rule, Optional<OriginGroup> group) {
        RuleSpec spec = rule.spec();
        Purpose purpose =
                new Purpose(spec.protocol(), spec.origin(), spec.originPort(), spec.persistence());
        Content content = content(spec, group);
        Live live = pools.get(rule.id());
        if (live == null || !live.purpose.equals(purpose)) {
            Live next = new Live(rule.id(), purpose);
            pools.put(rule.id(), next);
            next.use(content);
            if (live != null) {
                live.release();
            }
            return next.pool;
        }
        if (!live.content.equals(content)) {
            live.use(content);
        }
        return live.pool;
    }

    /// The rule is no longer served: its names are not resolved any more. Sessions that drain keep
    /// what they had.
    public synchronized void release(String rule) {
        Live live = pools.remove(rule);
        if (live != null) {
            live.release();
        }
    }

    /// Whether each origin in use is used for new sessions now, by protocol, address and port:
    /// neither down by the checks of a rule that uses it nor avoided.
    public Map<String, Boolean> up() {
        long now = ground.clock().getAsLong();
        Map<OriginKey, Boolean> up = new HashMap<>();
        synchronized (this) {
            for (Live live : pools.values()) {
                for (Candidates.Member each : live.candidates.members()) {
                    boolean used = each.health().up() && each.origin().state().usable(now);
                    up.merge(each.key(), used, Boolean::logicalAnd);
                }
            }
        }
        Map<String, Boolean> named = new HashMap<>();
        up.forEach((key, used) -> named.put(key.toString(), used));
        return named;
    }

    /// Clients whose origin is remembered.
    public int persistenceEntries() {
        return ground.persistence().size();
    }

    public int persistenceEntriesMax() {
        return ground.persistence().max();
    }

    /// Clients forgotten before their time because the table was full.
    public long persistenceEvicted() {
        return ground.persistence().evicted();
    }

    private static Content content(RuleSpec spec, Optional<OriginGroup> group) {
        return switch (spec.origin()) {
            case OriginRef.Single(OriginAddress address) ->
                    new Content(
                            List.of(new WeightedOrigin(address, OptionalInt.empty())),
                            Optional.empty());
            case OriginRef.Group(String id) ->
                    group.filter(g -> g.id().equals(id))
                            .map(g -> new Content(g.origins(), CheckPlan.of(spec, g)))
                            .orElseThrow(() -> new IllegalArgumentException("group " + id));
            case OriginRef.GroupNamed(String name) ->
                    throw new IllegalArgumentException("nodes get groups by identity: " + name);
        };
    }

    /// One rule's pool with what feeds it.
    private final class Live {
        final Purpose purpose;
        final RulePool pool;
        Content content = new Content(List.of(), Optional.empty());
        private Candidates candidates = new Candidates(List.of(), new Choice.Resolving());
        private final Map<String, Names.Answer> answers = new ConcurrentHashMap<>();
        private final Map<String, Names.Watch> watches = new HashMap<>();
        private boolean released;

        Live(String rule, Purpose purpose) {
            this.purpose = purpose;
            SessionPersistence persistence = purpose.persistence();
            long keepNanos =
                    persistence.enabled()
                            ? java.time.Duration.ofSeconds(persistence.seconds()).toNanos()
                            : 0;
            this.pool = new RulePool(rule, purpose.protocol(), keepNanos, ground, candidates);
        }

        void use(Content next) {
            content = next;
            Map<String, Names.Watch> old = new HashMap<>(watches);
            for (WeightedOrigin origin : next.origins()) {
                if (origin.address() instanceof OriginAddress.Domain(String name)
                        && old.remove(name) == null) {
                    watches.put(name, names.watch(name, answer -> answered(name, answer)));
                }
            }
            old.forEach((name, watch) -> {
                watch.stop();
                watches.remove(name);
                answers.remove(name);
            });
            rebuild();
        }

        /// On the resolver's thread.
        private void answered(String name, Names.Answer answer) {
            synchronized (OriginPools.this) {
                if (!released) {
                    answers.put(name, answer);
                    rebuild();
                }
            }
        }

        private void rebuild() {
            List<Candidates.Member> members = new ArrayList<>();
            Choice whenEmpty = new Choice.None();
            for (WeightedOrigin origin : content.origins()) {
                switch (origin.address()) {
                    case OriginAddress.Ip(InetAddress address) ->
                            members.add(member(address, origin));
                    case OriginAddress.Domain(String name) -> {
                        whenEmpty = fromName(members, origin, answers.get(name));
                    }
                }
            }
            Candidates next = new Candidates(members, whenEmpty);
            List<Candidates.Member> unneeded = new ArrayList<>(candidates.members());
            unneeded.addAll(next.leftOut());
            pool.use(next);
            candidates = next;
            release(unneeded);
        }

        private Choice fromName(
                List<Candidates.Member> members,
                WeightedOrigin origin,
                Names.@Nullable Answer answer) {
            return switch (answer) {
                case null -> new Choice.Resolving();
                case Names.Pending pending -> new Choice.Resolving();
                case Names.Failed failed -> new Choice.Unresolved();
                case Names.Addresses(List<InetAddress> addresses) -> {
                    addresses.forEach(address -> members.add(member(address, origin)));
                    yield new Choice.None();
                }
            };
        }

        private Candidates.Member member(InetAddress address, WeightedOrigin origin) {
            InetAddress plain = IpText.of(address.getAddress());
            OriginKey key = new OriginKey(purpose.protocol(), plain, purpose.port());
            Optional<CheckTarget> target = content.check().map(plan -> plan.target(plain));
            return new Candidates.Member(
                    key,
                    registry.use(key),
                    origin.share(),
                    origin.maxConnections(),
                    target,
                    target.map(each -> checks.use(each, known(plain)))
                            .orElseGet(Health::unchecked));
        }

        /// What checks have said of an address so far.
        private @Nullable Health known(InetAddress address) {
            int index = candidates.indexOf(address);
            return index < 0 ? null : candidates.members().get(index).health();
        }

        private void release(List<Candidates.Member> members) {
            registry.release(members.stream().map(Candidates.Member::key).toList());
            members.stream().flatMap(each -> each.target().stream()).forEach(checks::release);
        }

        void release() {
            released = true;
            watches.values().forEach(Names.Watch::stop);
            watches.clear();
            release(candidates.members());
        }
    }
}
