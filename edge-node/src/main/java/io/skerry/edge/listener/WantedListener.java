package io.skerry.edge.listener;

import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.rule.Rule;
import org.jspecify.annotations.Nullable;

/// What a listener is to serve.
///
/// @param instance the rule's instance
/// @param rule what the rule says
/// @param group the rule's origin group; null where it has a single origin
public record WantedListener(String instance, Rule rule, @Nullable OriginGroup group) {
    public RuleKey ruleKey() {
        return new RuleKey(instance, rule.id());
    }
}
