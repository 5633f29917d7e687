package io.skerry.rules.rule;

import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.RuleRow;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.skerry.shared.rule.RuleSpec;
import io.skerry.shared.rule.Status;
import org.jspecify.annotations.Nullable;

/// What switching does to a rule, and what a rule's status is right after a change.
///
/// A rule of an offline instance is `offline` with the reason `instance_offline` where it is
/// wanted: it starts when its instance is enabled. Such a rule can be switched off, so that it will
/// not.
final class RuleSwitch {
    /// Status reason of a rule that waits for its instance.
    static final String INSTANCE_OFFLINE = "instance_offline";

    private RuleSwitch() {}

    /// The status of a rule that is wanted, right after a change.
    static Status wantedStatus(InstanceRow instance) {
        return instance.wanted() ? Status.PROGRESS : Status.OFFLINE;
    }

    static @Nullable String wantedReason(InstanceRow instance) {
        return instance.wanted() ? null : INSTANCE_OFFLINE;
    }

    /// The rule after people said something else of it.
    static RuleRow changed(InstanceRow instance, RuleRow rule, RuleSpec spec, long by) {
        return rule.wanted()
                ? rule.with(spec, wantedStatus(instance), wantedReason(instance), by)
                : rule.with(spec, rule.status(), rule.statusReason(), by);
    }

    static RuleRow enabled(InstanceRow instance, RuleRow rule, long by) {
        boolean allowed = instance.wanted() ? rule.status().canEnable() : !rule.wanted();
        if (!allowed) {
            throw wrongState(instance, rule, "enabled");
        }
        return rule.switched(true, wantedStatus(instance), wantedReason(instance), by);
    }

    static RuleRow disabled(InstanceRow instance, RuleRow rule, long by) {
        boolean allowed = instance.wanted() ? rule.status().canDisable() : rule.wanted();
        if (!allowed) {
            throw wrongState(instance, rule, "disabled");
        }
        Status next = instance.wanted() ? Status.STOPPING : Status.OFFLINE;
        return rule.switched(false, next, null, by);
    }

    static void checkDeletable(InstanceRow instance, RuleRow rule) {
        if (!rule.status().canDelete()) {
            throw wrongState(instance, rule, "deleted; disable it and wait for offline");
        }
    }

    private static ProblemException wrongState(InstanceRow instance, RuleRow rule, String verb) {
        String where =
                instance.wanted()
                        ? ""
                        : " and switched "
                                + (rule.wanted() ? "on" : "off")
                                + " in an instance that is "
                                + instance.status().word();
        return Problem.of(
                        Code.WRONG_STATE,
                        "a rule that is " + rule.status().word() + where + " cannot be " + verb)
                .toException();
    }

    /// Notes that the instance takes no changes of its rules now.
    static Mistake closed(InstanceRow instance) {
        return new Mistake(
                "",
                Code.WRONG_STATE,
                "an instance that is "
                        + instance.status().word()
                        + " takes no changes of its rules");
    }
}
