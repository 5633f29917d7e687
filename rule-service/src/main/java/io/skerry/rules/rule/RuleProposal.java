package io.skerry.rules.rule;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.rule.RuleSpec;

/// A rule that a caller wants, and where in the request it stands.
///
/// @param place empty for a single rule, `[17]` in an array, `line 17` in a text
/// @param whole whether mistakes name the place only, because it has no fields (a line)
/// @param spec what it says
/// @param wanted whether it is to serve while its instance does
record RuleProposal(String place, boolean whole, RuleSpec spec, boolean wanted) {
    /// One that is to serve.
    RuleProposal(String place, boolean whole, RuleSpec spec) {
        this(place, whole, spec, true);
    }

    /// A mistake in one of its fields.
    Mistake mistake(String field, Code code, String message) {
        return whole
                ? new Mistake(place, code, message)
                : new Mistake(field, code, message).under(place);
    }

    RuleProposal with(RuleSpec other) {
        return new RuleProposal(place, whole, other, wanted);
    }
}
