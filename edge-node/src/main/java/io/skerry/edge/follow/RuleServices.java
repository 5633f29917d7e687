package io.skerry.edge.follow;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;

/// Where a node reports and pulls: rule services over HTTP, or the one of its own process.
interface RuleServices {
    /// An answer, whatever it says.
    ///
    /// @param status HTTP status, below 500
    /// @param body empty where the answer is no JSON object
    record Reply(int status, JsonObject body) {}

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
