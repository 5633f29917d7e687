package io.skerry.edge.follow;

import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.PullAnswer;
import io.skerry.shared.content.Targets;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Mistake;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a rule service's answer to a pull is good for.
sealed interface Pull {
    /// The content to run.
    record Good(Held held) implements Pull {}

    /// The steps do not lead there: ask for the whole content.
    record NeedsSnapshot() implements Pull {}

    /// The instance is gone, or the answer is no answer.
    record Nothing(String why) implements Pull {}

    /// The content is there but this node cannot read it.
    ///
    /// @param refused its rules, as far as they can be told, each with the reason
    record Unreadable(Map<String, String> refused) implements Pull {}

    /// Judges an answer of status 200.
    ///
    /// @param have what the node runs of the instance
    static Pull judge(
            String instance, Targets.Target target, @Nullable Held have, JsonObject answer) {
        try {
            return switch (PullAnswer.read(answer).orElse(null)) {
                case PullAnswer.Whole(JsonObject content) -> snapshot(instance, target, content);
                case PullAnswer.Steps(JsonArray changes) -> steps(instance, target, have, changes);
                case null -> new Nothing("neither content nor changes");
            };
        } catch (RuntimeException unreadable) {
            return unreadable(instance, answer, String.valueOf(unreadable.getMessage()));
        }
    }

    private static Pull snapshot(String instance, Targets.Target target, JsonObject content) {
        switch (InstanceContent.read(content)) {
            case Checked.Refused<InstanceContent>(List<Mistake> mistakes) -> {
                Mistake first = mistakes.getFirst();
                return unreadable(instance, content, first.field() + " " + first.message());
            }
            case Checked.Ok<InstanceContent>(InstanceContent read) -> {
                Held held = Held.of(read);
                if (!read.instance().equals(instance)) {
                    return new Nothing("content of another instance, " + read.instance());
                }
                if (read.revision() < target.revision()) {
                    return new Nothing("content older than the target, " + read.revision());
                }
                return read.revision() > target.revision() || held.is(target)
                        ? new Good(held)
                        : unreadable(instance, content, "its digest is another one");
            }
        }
    }

    private static Pull steps(
            String instance, Targets.Target target, @Nullable Held have, JsonArray changes) {
        Optional<InstanceContent> at = Optional.ofNullable(have).map(Held::content);
        for (Object each : changes) {
            if (!(ContentChange.read((JsonObject) each)
                            instanceof Checked.Ok<ContentChange>(ContentChange change))
                    || !change.instance().equals(instance)) {
                return new NeedsSnapshot();
            }
            at = change.applyTo(at);
            if (at.isEmpty()) {
                return new NeedsSnapshot();
            }
        }
        return at.map(Held::of)
                .filter(held -> held.is(target) || held.content().revision() > target.revision())
                .<Pull>map(Good::new)
                .orElseGet(NeedsSnapshot::new);
    }

    private static Unreadable unreadable(String instance, JsonObject content, String why) {
        String reason = "unreadable: this node cannot read the rule (is it older?): " + why;
        Map<String, String> refused = new TreeMap<>();
        if (content.getValue("rules") instanceof JsonArray rules) {
            for (Object rule : rules) {
                if (rule instanceof JsonObject json && json.getValue("id") instanceof String id) {
                    refused.put(id, reason);
                }
            }
        }
        if (refused.isEmpty()) {
            refused.put(instance, reason);
        }
        return new Unreadable(refused);
    }
}
