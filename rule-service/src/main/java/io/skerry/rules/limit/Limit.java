package io.skerry.rules.limit;

import java.util.Locale;

/// Every limit of a rule service by its name, as `skerry_limit` and `skerry_limit_hits_total` show
/// it. Counted are those that turn something away, cut it off or make it forgotten, wherever the
/// rule service is told.
public enum Limit {
    /// Instances of the deployment.
    INSTANCES(true),
    /// Slots of the deployment.
    SLOTS(true),
    /// Rules of an instance, and of a request.
    RULES(true),
    /// Origin groups of the deployment.
    ORIGIN_GROUPS(true),
    /// Nodes of the deployment.
    NODES(true),
    /// Items of one page of a list.
    PAGE_ITEMS(true),
    /// Characters of an `Idempotency-Key`.
    IDEMPOTENCY_KEY_CHARACTERS(true),
    /// Characters of who and from where in an audit record; more are cut off.
    AUDIT_CHARACTERS(true),
    /// Changes that wait for their turn.
    WRITES_WAITING(true),
    /// Seconds that a change waits for its turn.
    WRITE_TURN_SECONDS(true),
    /// Connections to the database. Not counted: who finds all of them busy waits, and is counted
    /// where waiting ends badly.
    DATABASE_CONNECTIONS(false),
    /// Requests that wait for one of them.
    DATABASE_WAITING(true),
    /// Seconds that a request waits for one of them.
    DATABASE_WAIT_SECONDS(true),
    /// Seconds for a read, all in all.
    READ_SECONDS(true),
    /// Seconds for a write, all in all.
    WRITE_SECONDS(true),
    /// Revisions of history.
    HISTORY_REVISIONS(true),
    /// Days of history.
    HISTORY_DAYS(true),
    /// Rules in memory.
    CONTENTS_RULES(true),
    /// Printed contents in memory.
    CONTENTS_PRINTED(true),
    /// Steps in one pull; where there are more, the whole content is sent.
    PULL_STEPS(true),
    /// Rules, and groups, of one step on the event bus; where there are more, nodes pull.
    STEP_RULES(true),
    /// Rules whose new status is told one by one; where there are more, their number is told.
    STATUS_EVENTS(true),
    /// Bytes of a node's report.
    NODE_REPORT_BYTES(true),
    /// Rules that a report counts for one watched instance.
    NODE_COUNTED_RULES(true),
    /// Seconds without a report after which a node is down.
    NODE_SILENCE_SECONDS(true),
    /// Seconds without a byte after which a node's connection is closed. Not counted: the HTTP
    /// server closes it and does not tell why, and nothing is turned away by it.
    NODE_IDLE_SECONDS(false),
    /// Seconds for a node to answer a dry run.
    PROBE_SECONDS(true),
    /// Ports that a node names in its answer to a dry run; the others are not told. Nodes leave
    /// them out themselves and count it; counted here is an answer that names more all the same.
    PROBE_TAKEN(true),
    /// Seconds for canaries to apply a change, and to come back; counted where the change is taken
    /// back for it.
    CANARY_APPLY_SECONDS(true),
    /// Times that canaries are lost until the change is taken back.
    CANARY_LOSSES(true);

    private final boolean counted;

    Limit(boolean counted) {
        this.counted = counted;
    }

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Whether it is counted how often it turned something away, or cut it off or made it
    /// forgotten.
    public boolean isCounted() {
        return counted;
    }
}
