package io.skerry.shared.content;

import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.Rule;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/// Which origin groups rules use.
public final class GroupUse {
    private GroupUse() {}

    public static Set<String> of(Collection<Rule> rules) {
        Set<String> used = new TreeSet<>();
        for (Rule rule : rules) {
            if (rule.spec().origin() instanceof OriginRef.Group(String id)) {
                used.add(id);
            }
        }
        return used;
    }
}
