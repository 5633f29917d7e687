-- What an origin group said before a revision changed or deleted it; kept as long as the history.
CREATE TABLE group_change (
    group_id text   NOT NULL,
    revision bigint NOT NULL,
    before   jsonb  NOT NULL,
    PRIMARY KEY (group_id, revision)
);

-- For forgetting.
CREATE INDEX group_change_revision ON group_change (revision);
