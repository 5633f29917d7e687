package io.skerry.shared.content;

import io.vertx.core.json.JsonArray;

/// What became of a rule's sessions on a node since it was first opened there; on the wire an array
/// of the numbers in this order.
///
/// @param sessions sessions begun
/// @param connectErrors sessions for which no origin could be connected
/// @param resets sessions that an origin reset
public record RuleCounts(long sessions, long connectErrors, long resets) {
    public static final RuleCounts NONE = new RuleCounts(0, 0, 0);

    public RuleCounts plus(RuleCounts more) {
        return new RuleCounts(
                sessions + more.sessions, connectErrors + more.connectErrors, resets + more.resets);
    }

    /// What has been added since an earlier count; where that was higher, the node has begun to
    /// count anew in another life, and this is all that is known of it.
    public RuleCounts since(RuleCounts earlier) {
        boolean anew =
                sessions < earlier.sessions
                        || connectErrors < earlier.connectErrors
                        || resets < earlier.resets;
        return anew ? this : minus(earlier);
    }

    private RuleCounts minus(RuleCounts less) {
        return new RuleCounts(
                sessions - less.sessions, connectErrors - less.connectErrors, resets - less.resets);
    }

    public JsonArray print() {
        return new JsonArray().add(sessions).add(connectErrors).add(resets);
    }

    /// Reads what {@link #print()} printed; further numbers are a newer peer's.
    public static RuleCounts read(JsonArray array) {
        return new RuleCounts(array.getLong(0), array.getLong(1), array.getLong(2));
    }
}
