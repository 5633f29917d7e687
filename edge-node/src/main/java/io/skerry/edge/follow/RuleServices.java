package io.skerry.edge.follow;

import io.skerry.shared.content.Targets;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/// Where a node reports and pulls: rule services over HTTP, or the one of its own process.
interface RuleServices {
    /// An answer, whatever it says.
    ///
    /// @param status HTTP status, below 500
    /// @param body empty where the answer is no JSON object
    record Reply(int status, JsonObject body) {
        /// Strict: an answer without targets must never be taken for one with none, and is null.
        @Nullable Targets targets() {
            try {
                return status == 200
                                && body.getValue("instances") instanceof JsonObject
                                && body.getValue("head") instanceof Number
                        ? Targets.read(body)
                        : null;
            } catch (RuntimeException unreadable) {
                return null;
            }
        }

        /// Why it has no targets.
        IllegalStateException refusal() {
            String said = body.getValue("message") instanceof String m ? ": " + m : "";
            return new IllegalStateException(
                    switch (status) {
                        case 200 -> "an answer without targets";
                        case 401 -> "the node token is refused";
                        case 409 ->
                                "another node of this name is alive, so this one takes nothing new"
                                        + said;
                        default -> "status " + status + said;
                    });
        }
    }

    /// Reports; the answer to a good report is the node's targets.
    Future<Reply> sync(JsonObject report);

    /// Asks for an instance's content, or for the steps from a revision to it.
    ///
    /// @param have the revision the node has; 0 for none
    /// @param want digest of the target, which may be held back from the newest content
    Future<Reply> pull(String instance, long have, String want);

    /// Who answered last, for the log.
    String name();

    Future<Void> close();
}
