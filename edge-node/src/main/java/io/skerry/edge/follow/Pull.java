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
    /// @param refused the instance and its rules, as far as they can be told, each with the reason
    record Unreadable(Map<String, String> refused) implements Pull {}

    /// The content is another one than its digest says. Whoever is wrong may be right the next
    /// time: it is pulled again with every report.
    ///
    /// @param refused the instance and its rules, as far as they can be told, each with the reason
    record Unvouched(Map<String, String> refused) implements Pull {}

    /// Judges an answer of status 200.
    ///
    /// @param have what the node runs of the instance
    static Pull judge(
            String instance, Targets.Target target, @Nullable Held have, JsonObject answer) {
        try {
            return switch (PullAnswer.read(answer).orElse(null)) {
                case PullAnswer.Whole(JsonObject content, String digest) ->
                        snapshot(instance, target, content, digest);
                case PullAnswer.Steps(JsonArray changes) -> steps(instance, target, have, changes);
                case null -> new Nothing("neither content nor changes");
            };
        } catch (RuntimeException unreadable) {
            return unreadable(instance, answer, String.valueOf(unreadable.getMessage()));
        }
    }

    private static Pull snapshot(
            String instance, Targets.Target target, JsonObject content, @Nullable String digest) {
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
                return vouched(target, held, digest)
                        ? new Good(held)
                        : unvouched(instance, content);
            }
        }
    }

    /// A change may have come since the target was told; what it led to says the answer itself,
    /// where it comes from a peer that says so.
    private static boolean vouched(Targets.Target target, Held held, @Nullable String digest) {
        return held.content().revision() == target.revision()
                ? held.is(target)
                : digest == null || held.digest().equals(digest);
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

    private static Unvouched unvouched(String instance, JsonObject content) {
        return new Unvouched(
                refused(instance, content, "unreadable: the content is not what its digest says"));
    }

    private static Unreadable unreadable(String instance, JsonObject content, String why) {
        return new Unreadable(
                refused(
                        instance,
                        content,
                        "unreadable: this node cannot read the rule (is it older?): " + why));
    }

    /// The instance as a whole, since rules may be missing, and each rule that can be told.
    private static Map<String, String> refused(String instance, JsonObject content, String reason) {
        Map<String, String> refused = new TreeMap<>();
        refused.put(instance, reason);
        if (content.getValue("rules") instanceof JsonArray rules) {
            for (Object rule : rules) {
                if (rule instanceof JsonObject json && json.getValue("id") instanceof String id) {
                    refused.put(id, reason);
                }
            }
        }
        return refused;
    }
}
