package io.skerry.shared.bus;

/// Everything a rule service does on request: one constant for each native API call.
///
/// `args` of a {@link RuleRequest} are the names from the path and query, all strings.
public enum Operation {
    /// Body: an instance → 201, the instance.
    CREATE_INSTANCE(true),
    /// `offset`, `limit` → `{"total","items"}`.
    LIST_INSTANCES(false),
    /// `instance`.
    GET_INSTANCE(false),
    /// `instance`; body: merge patch.
    PATCH_INSTANCE(true),
    /// `instance` → 202.
    ENABLE_INSTANCE(true),
    /// `instance` → 202.
    DISABLE_INSTANCE(true),
    /// `instance` → 204.
    DELETE_INSTANCE(true),
    /// `instance`; body `{"to":17}`.
    ROLLBACK_INSTANCE(true),
    /// `instance`, `from`, `to` → `{"added","removed","changed","instance"}`.
    GET_DIFF(false),

    /// `instance` → how its newest change reaches the nodes.
    GET_INSTANCE_ROLLOUT(false),
    /// `instance` → the rollout, held where it is.
    PAUSE_ROLLOUT(true),
    /// `instance` → the rollout, which goes on.
    RESUME_ROLLOUT(true),
    /// `instance`; body: nothing, or `{"revision","reason"}` of a gate that has closed → the
    /// rollout, taken back as a new revision.
    ABORT_ROLLOUT(true),

    /// `instance`; body: a rule or an array of rules → 201.
    CREATE_RULES(true),
    /// `instance`, `offset`, `limit`, `protocol`, `port`, `tag`, `status`.
    LIST_RULES(false),
    /// `instance`, `rule`.
    GET_RULE(false),
    /// `instance`, `rule`; body: merge patch.
    PATCH_RULE(true),
    /// `instance`, `rule` → 202, the rule.
    ENABLE_RULE(true),
    /// `instance`, `rule` → 202, the rule.
    DISABLE_RULE(true),
    /// `instance`, `rule` → 204.
    DELETE_RULE(true),
    /// `instance`, `rule` → `{"revision","nodes"}`.
    GET_ROLLOUT(false),
    /// `instance`, `dryRun`; text.
    IMPORT_RULES(true),
    /// `instance`, `format` (`text` or `json`) → `{"text","lossy"}` or `{"items"}`.
    EXPORT_RULES(false),

    /// Body: a group → 201.
    CREATE_ORIGIN_GROUP(true),
    /// `offset`, `limit`.
    LIST_ORIGIN_GROUPS(false),
    /// `group`.
    GET_ORIGIN_GROUP(false),
    /// `group`; body: a group.
    PUT_ORIGIN_GROUP(true),
    /// `group` → 204.
    DELETE_ORIGIN_GROUP(true),

    /// `offset`, `limit`.
    LIST_NODES(false),
    /// `node` → 204.
    DELETE_NODE(true),
    /// `node` → 202, the node: it is to serve nobody.
    DRAIN_NODE(true),
    /// `node` → 202, the node: it may serve again.
    UNDRAIN_NODE(true),

    /// `offset`, `limit`; newest first.
    LIST_REVISIONS(false),
    /// `revision`.
    GET_REVISION(false),

    /// Nothing → `{"status":"up"}` when the rule service can read and write.
    PING(false);

    private final boolean write;

    Operation(boolean write) {
        this.write = write;
    }

    /// Whether it changes anything, and so has the longer deadline and takes an `Idempotency-Key`.
    public boolean isWrite() {
        return write;
    }

    /// Time a caller waits for the answer, in milliseconds.
    public long deadlineMillis() {
        return write ? 5_000 : 2_000;
    }
}
