package io.skerry.edge.listener;

import java.util.Locale;

/// Why a node cannot serve a rule: one word each, the same in reports, logs and documentation
/// (`docs/reference/refusals.md`).
///
/// @param code which of the closed set
/// @param sentence what is wrong and with what, for people
public record Refusal(Code code, String sentence) {
    /// The closed set of reasons.
    public enum Code {
        /// The node cannot send the TOA option.
        TOA_MISSING,
        /// Another program, or Skerry itself, holds a port of the rule.
        PORT_IN_USE,
        /// The rule's ports need more file descriptors than the process may have.
        DESCRIPTORS,
        /// The node steers as many ports as it may.
        STEERING_FULL,
        /// The rule's origin is a listener or control port of this node.
        LOOP,
        /// This node has no addresses for the instance's slot.
        NO_SLOT,
        /// The rule's origin group is not part of the content.
        NO_GROUP,
        /// The system refused to open a port for another reason.
        BIND_FAILED;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /// Whether trying again may help without a change of the rule.
        boolean healsItself() {
            return switch (this) {
                case PORT_IN_USE, DESCRIPTORS, STEERING_FULL, BIND_FAILED, LOOP -> true;
                case TOA_MISSING, NO_SLOT, NO_GROUP -> false;
            };
        }
    }

    /// The form of {@link io.skerry.shared.content.NodeReport.Applied}.
    @Override
    public String toString() {
        return code.word() + ": " + sentence;
    }
}
