package io.skerry.rules.revision;

import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.RuleRow;
import io.skerry.shared.content.InstanceContent;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What one change does to one instance: collected while the change is under way, then turned into
/// the content's next step and into the images that undo it.
public final class InstanceEdit {
    /// Name of the before-image of an instance's own fields.
    public static final String OWN = "own";

    /// Name of the array of before-images of rules that were changed or deleted.
    public static final String RULES = "rules";

    /// Name of the array of identities that were new.
    public static final String CREATED = "created";

    private final @Nullable InstanceRow before;
    private final Optional<InstanceContent> old;
    private InstanceRow after;
    private final Map<String, RuleRow> put = new TreeMap<>();
    private final Map<String, RuleRow> removed = new TreeMap<>();
    private final List<JsonObject> images = new ArrayList<>();
    private final List<String> created = new ArrayList<>();

    InstanceEdit(@Nullable InstanceRow before, Optional<InstanceContent> old, InstanceRow after) {
        this.before = before;
        this.old = old;
        this.after = after;
    }

    /// The content before the change.
    Optional<InstanceContent> old() {
        return old;
    }

    /// The instance before the change; `null` for a new one.
    @Nullable InstanceRow before() {
        return before;
    }

    public InstanceRow instance() {
        return after;
    }

    /// Changes the instance itself.
    public void instance(InstanceRow changed) {
        after = changed;
    }

    /// Notes a new rule.
    public void create(RuleRow rule) {
        put.put(rule.id(), rule);
        created.add(rule.id());
    }

    /// Notes a changed rule.
    public void change(RuleRow old, RuleRow now) {
        put.put(now.id(), now);
        images.add(old.image());
    }

    /// Notes a deleted rule.
    public void remove(RuleRow rule) {
        removed.put(rule.id(), rule);
        images.add(rule.image());
    }

    /// Identities that are new.
    Set<String> created() {
        return Set.copyOf(created);
    }

    Map<String, RuleRow> put() {
        return put;
    }

    Map<String, RuleRow> removed() {
        return removed;
    }

    /// What a rollback needs to undo this.
    JsonObject images() {
        JsonObject all = new JsonObject();
        if (before != null && !before.spec().equals(after.spec())) {
            all.put(
                    OWN,
                    new JsonObject()
                            .put("ipv6", before.spec().ipv6())
                            .put("crossBorder", before.spec().crossBorder()));
        }
        if (!images.isEmpty()) {
            all.put(RULES, new JsonArray(images));
        }
        if (!created.isEmpty()) {
            all.put(CREATED, new JsonArray(created));
        }
        return all;
    }
}
