ALTER TABLE node ADD COLUMN labels jsonb NOT NULL DEFAULT '[]';

-- How changes of the instance reach its nodes; NULL: to all at once.
ALTER TABLE instance ADD COLUMN strategy jsonb;

-- The last rollout in waves of an instance. While it is under way, nodes that are no canaries go on
-- with the held content.
CREATE TABLE rollout (
    instance_id    text        PRIMARY KEY REFERENCES instance ON DELETE CASCADE,
    state          text        NOT NULL,
    -- What an abort goes back to.
    from_revision  bigint      NOT NULL,
    -- The newest revision that takes part.
    revision       bigint      NOT NULL,
    held_revision  bigint      NOT NULL,
    held_digest    text        NOT NULL,
    -- NULL when the rollout is over.
    held_content   jsonb,
    strategy       jsonb       NOT NULL,
    -- Boot by name.
    canaries       jsonb       NOT NULL,
    -- Rules that are not what they are in the held content.
    touched        jsonb       NOT NULL,
    -- Rules that a node refused already before.
    refused_before jsonb       NOT NULL,
    reason         text,
    started_at     timestamptz NOT NULL,
    -- When the state began.
    state_at       timestamptz NOT NULL
);

-- What canaries say became of sessions, by rule: before the change, when they had applied it (or
-- restarted), and lately.
CREATE TABLE rollout_count (
    instance_id text  NOT NULL REFERENCES rollout ON DELETE CASCADE,
    node        text  NOT NULL,
    before      jsonb NOT NULL,
    first       jsonb NOT NULL,
    latest      jsonb NOT NULL,
    PRIMARY KEY (instance_id, node)
);
