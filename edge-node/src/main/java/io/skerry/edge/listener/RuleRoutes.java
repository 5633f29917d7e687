package io.skerry.edge.listener;

import io.skerry.edge.origin.OriginPool;
import java.util.HashMap;
import java.util.Map;

/// Routes of ports. The ports of a rule share its origins, which are made once for each content of
/// the rule. On the control context.
final class RuleRoutes {
    private record Pool(WantedListener wanted, OriginPool origins) {}

    private final RouteSource source;
    private final Map<RuleKey, Pool> pools = new HashMap<>();

    RuleRoutes(RouteSource source) {
        this.source = source;
    }

    Route of(ListenerKey key, WantedListener next) {
        RuleKey ruleKey = next.ruleKey();
        Pool pool = pools.get(ruleKey);
        if (pool == null || !pool.wanted().equals(next)) {
            pool = new Pool(next, source.origins(next));
            pools.put(ruleKey, pool);
        }
        return new Route(
                next.instance(),
                next.rule(),
                next.rule().spec().originPort(key.port()),
                pool.origins(),
                source.counters(ruleKey));
    }

    /// A rule has no port any more.
    void forget(RuleKey rule) {
        if (pools.remove(rule) != null) {
            source.forget(rule);
        }
    }
}
