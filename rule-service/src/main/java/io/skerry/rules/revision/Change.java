package io.skerry.rules.revision;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.store.HeadTable;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.InstanceTable;
import io.skerry.rules.store.NodeRow;
import io.skerry.rules.store.NodeTable;
import io.skerry.rules.store.PortTable;
import io.skerry.rules.store.RolloutRow;
import io.skerry.rules.store.RuleRow;
import io.skerry.rules.store.RuleTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.rule.Rule;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A change under way: the transaction has the revision lock, and the next number is this change's.
///
/// Features check and note what they want here; {@link #finish} writes it all. A change that notes
/// nothing takes no number.
public final class Change {
    private final Transaction sql;
    private final HeadTable.Head head;
    private final RuleRequest request;
    private final Contents contents;
    private final Map<String, InstanceEdit> edits = new TreeMap<>();
    private final List<ContentChange> steps = new ArrayList<>();
    private final Map<String, InstanceContent> made = new TreeMap<>();
    private final List<String> deleted = new ArrayList<>();
    private final int keepRevisions;
    private @Nullable String object;
    private boolean finished;
    private final Map<String, RolloutRow.State> waves = new TreeMap<>();
    private boolean nodesTouched;
    private boolean forgets;
    private String summary = "";

    Change(
            Transaction sql,
            HeadTable.Head head,
            RuleRequest request,
            Contents contents,
            int keepRevisions) {
        this.keepRevisions = keepRevisions;
        this.sql = sql;
        this.head = head;
        this.request = request;
        this.contents = contents;
    }

    public Transaction sql() {
        return sql;
    }

    /// The number this change gets if it notes anything.
    public long revision() {
        return head.revision() + 1;
    }

    /// The newest number of all.
    public long current() {
        return head.revision();
    }

    /// Where the deployment stands before this change.
    public HeadTable.Head head() {
        return head;
    }

    /// The instance of the request's path, locked; `not_found` where there is none.
    public InstanceRow lockInstance(String id) {
        return InstanceTable.lock(sql, id)
                .orElseThrow(() ->
                        Problem.of(Code.NOT_FOUND, "there is no instance " + id).toException());
    }

    /// Begins to change an instance, or goes on with it; call it before anything of it, or of a
    /// group that it uses, is written.
    public InstanceEdit edit(InstanceRow locked) {
        InstanceEdit begun = edits.get(locked.id());
        if (begun != null) {
            return begun;
        }
        InstanceEdit edit = new InstanceEdit(locked, Optional.of(contents.of(sql, locked)), locked);
        edits.put(locked.id(), edit);
        return edit;
    }

    /// Begins a new instance.
    public InstanceEdit begin(InstanceRow fresh) {
        InstanceEdit edit = new InstanceEdit(null, Optional.empty(), fresh);
        edits.put(fresh.id(), edit);
        return edit;
    }

    /// Notes that an instance is gone.
    public void deleted(String instance) {
        deleted.add(instance);
    }

    /// Notes that nodes must ask again what they are to do, although no content has changed.
    public void nodesTouched() {
        nodesTouched = true;
    }

    /// Notes the new state of an instance's rollout.
    public void wave(String instance, RolloutRow.State state) {
        waves.put(instance, state);
    }

    Map<String, RolloutRow.State> waves() {
        return waves;
    }

    boolean isTouchingNodes() {
        return nodesTouched;
    }

    /// Says what the audit record is about; without it nothing was changed.
    ///
    /// @param identity of the object
    /// @param sentence what was done to it
    public void note(String identity, String sentence) {
        object = identity;
        summary = sentence;
    }

    boolean isNoted() {
        return object != null;
    }

    /// The steps of the instances it touched, after {@link #finish}.
    List<ContentChange> steps() {
        return steps;
    }

    /// The contents it made, by digest.
    Map<String, InstanceContent> made() {
        return made;
    }

    List<String> deleted() {
        return deleted;
    }

    String object() {
        return object == null ? "" : object;
    }

    String summary() {
        return summary;
    }

    /// What it made of its instance, after {@link #finish}; empty where it does nothing.
    Optional<DryRun.Rehearsed> rehearsed() {
        for (InstanceEdit edit : edits.values()) {
            InstanceRow before = edit.before();
            InstanceContent after = made.get(edit.instance().digest());
            if (before != null && after != null) {
                List<NodeRow> required =
                        NodeTable.all(sql).stream()
                                .filter(node -> node.isServing())
                                .filter(node -> node.area().serves(before.spec().area()))
                                .sorted(Comparator.comparing(NodeRow::name))
                                .toList();
                return Optional.of(
                        new DryRun.Rehearsed(
                                before, edit.old().orElseThrow(), after, edit.created(), required));
            }
        }
        return Optional.empty();
    }

    /// Writes everything that was noted, the number, the history and the audit record. Afterwards
    /// the rows are as they will be committed, so that a reply can show them.
    public void finish() {
        if (finished || !isNoted()) {
            return;
        }
        finished = true;
        edits.values().forEach(this::write);
        HeadTable.Audit audit =
                new HeadTable.Audit(
                        revision(),
                        java.time.OffsetDateTime.MIN,
                        request.actor(),
                        request.source(),
                        request.operation().name().toLowerCase(java.util.Locale.ROOT),
                        object(),
                        summary);
        forgets = HeadTable.advance(sql, head, audit, keepRevisions);
    }

    /// Tells, after the commit, whether history had to be forgotten.
    void forgotten(LimitHits hits) {
        if (forgets) {
            hits.hit(Limit.HISTORY_REVISIONS);
        }
    }

    private void write(InstanceEdit edit) {
        InstanceRow before = edit.before();
        writeRules(edit);
        SortedMap<String, Rule> rules = rulesAfter(edit);
        InstanceRow numbered = edit.instance().at(revision(), "");
        InstanceContent now = Contents.build(sql, numbered, rules);
        InstanceRow row = numbered.at(revision(), now.digest());
        if (before == null) {
            InstanceTable.insert(sql, row);
        } else {
            InstanceTable.update(sql, row);
        }
        edit.instance(row);
        ContentChange step = ContentChange.between(edit.old(), now);
        JsonObject kept = step.isSmall() ? step.print() : null;
        HeadTable.addStep(
                sql,
                row.id(),
                new HeadTable.Step(revision(), step.previous(), kept, edit.images()));
        steps.add(step);
        made.put(row.digest(), now);
        RolloutRow.State wave =
                edit.old().map(old -> Waves.decide(sql, request, row, old, now)).orElse(null);
        if (wave != null) {
            waves.put(row.id(), wave);
        }
    }

    private void writeRules(InstanceEdit edit) {
        if (!edit.removed().isEmpty()) {
            RuleTable.delete(sql, edit.removed().keySet());
        }
        if (!edit.put().isEmpty()) {
            RuleTable.put(sql, edit.put().values());
        }
    }

    private SortedMap<String, Rule> rulesAfter(InstanceEdit edit) {
        InstanceRow before = edit.before();
        InstanceRow after = edit.instance();
        boolean sameDesire = before != null && before.wanted() == after.wanted();
        if (!sameDesire || !after.wanted()) {
            return Contents.wanted(sql, after);
        }
        TreeMap<String, Rule> rules = new TreeMap<>();
        edit.old().ifPresent(content -> rules.putAll(content.rules()));
        rules.keySet().removeAll(edit.removed().keySet());
        for (RuleRow rule : edit.put().values()) {
            if (rule.wanted()) {
                rules.put(rule.id(), rule.rule());
            } else {
                rules.remove(rule.id());
            }
        }
        return rules;
    }

    /// Gives up the ports of `old` and takes those of `now`, on the slot of the instance.
    public void movePorts(int slot, List<RuleRow> old, List<RuleRow> now) {
        if (!old.isEmpty()) {
            PortTable.delete(sql, slot, old);
        }
        List<PortTable.Entry> entries = new ArrayList<>();
        now.forEach(rule -> entries.addAll(PortTable.entries(rule)));
        if (!entries.isEmpty()) {
            PortTable.insert(sql, slot, entries);
        }
    }
}
