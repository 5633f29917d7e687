package io.skerry.rules.revision;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.store.GroupRow;
import io.skerry.rules.store.GroupTable;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.RuleRow;
import io.skerry.rules.store.RuleTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.content.GroupUse;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.rule.Rule;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// What nodes must run of each instance, kept in memory by (instance, revision).
///
/// The database says which revision an instance has; an entry of another revision is not used. So
/// it does not matter which replica made a change. Confined to the service's context.
public final class Contents {
    /// Rules in memory, over all instances; the least used instances go first.
    public static final int RULES_MAX = 100_000;

    private final LimitHits hits;
    private final Map<String, Entry> kept = new LinkedHashMap<>(16, 0.75f, true);
    private int rules;

    private record Entry(InstanceContent content, String digest) {
        int rules() {
            return content.rules().size();
        }
    }

    public Contents(LimitHits hits) {
        this.hits = hits;
    }

    /// The content of a stored instance at its revision.
    public InstanceContent of(Transaction sql, InstanceRow row) {
        Entry known = kept.get(row.id());
        if (known != null
                && known.content().revision() == row.revision()
                && known.digest().equals(row.digest())) {
            return known.content();
        }
        InstanceContent read = build(sql, row, wanted(sql, row));
        keep(read, row.digest());
        return read;
    }

    /// Keeps what a commit has made true.
    public void keep(InstanceContent content, String digest) {
        forget(content.instance());
        Entry entry = new Entry(content, digest);
        kept.put(content.instance(), entry);
        rules += entry.rules();
        Iterator<Map.Entry<String, Entry>> oldest = kept.entrySet().iterator();
        while (rules > RULES_MAX && kept.size() > 1) {
            rules -= oldest.next().getValue().rules();
            oldest.remove();
            hits.hit(Limit.CONTENTS_RULES);
        }
    }

    public void forget(String instance) {
        Entry gone = kept.remove(instance);
        rules -= gone == null ? 0 : gone.rules();
    }

    /// The rules that are to serve, from the database.
    static SortedMap<String, Rule> wanted(Transaction sql, InstanceRow row) {
        TreeMap<String, Rule> wanted = new TreeMap<>();
        if (row.wanted()) {
            for (RuleRow rule : RuleTable.all(sql, row.id())) {
                if (rule.wanted()) {
                    wanted.put(rule.id(), rule.rule());
                }
            }
        }
        return wanted;
    }

    /// The content of these rules, with their groups as stored now.
    static InstanceContent build(Transaction sql, InstanceRow row, SortedMap<String, Rule> rules) {
        TreeMap<String, OriginGroup> groups = new TreeMap<>();
        for (GroupRow group : GroupTable.findAll(sql, GroupUse.of(rules.values()))) {
            groups.put(group.group().id(), group.group());
        }
        return new InstanceContent(
                row.id(), row.revision(), row.spec().ipv6(), row.slot(), rules, groups);
    }
}
