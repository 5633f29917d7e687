-- One row: the newest revision, and the lock that every write takes first.
CREATE TABLE head (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision bigint  NOT NULL,
    -- Newest revision whose history is no longer kept.
    pruned   bigint  NOT NULL
);
INSERT INTO head (revision, pruned) VALUES (0, 0);

CREATE TABLE instance (
    id              text        PRIMARY KEY,
    -- Order of creation.
    position        bigint      NOT NULL UNIQUE,
    name            text        NOT NULL UNIQUE,
    area            text        NOT NULL,
    ipv6            boolean     NOT NULL,
    fixed_ip        boolean     NOT NULL,
    cross_border    boolean     NOT NULL,
    protection      text        NOT NULL,
    slot            integer     NOT NULL,
    access_label    text        NOT NULL UNIQUE,
    -- Whether people want it to serve.
    wanted          boolean     NOT NULL,
    status          text        NOT NULL,
    status_reason   text,
    -- The revision that switched it on or off last.
    switched        bigint      NOT NULL,
    -- The revision that changed the instance itself last; rules do not count.
    own_revision    bigint      NOT NULL,
    revision        bigint      NOT NULL,
    -- Of the content at `revision`, as nodes must have it.
    digest          text        NOT NULL,
    -- Newest revision that every required node has acknowledged.
    settled         bigint      NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX instance_own_slot ON instance (slot) WHERE slot > 0;

CREATE TABLE origin_group (
    id         text        PRIMARY KEY,
    position   bigint      NOT NULL UNIQUE,
    name       text        NOT NULL UNIQUE,
    body       jsonb       NOT NULL,
    revision   bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE rule (
    id            text    PRIMARY KEY,
    instance_id   text    NOT NULL REFERENCES instance ON DELETE CASCADE,
    position      bigint  NOT NULL,
    body          jsonb   NOT NULL,
    protocol      text    NOT NULL,
    tag           text    NOT NULL,
    group_id      text    REFERENCES origin_group,
    wanted        boolean NOT NULL,
    status        text    NOT NULL,
    status_reason text,
    revision      bigint  NOT NULL
);
CREATE UNIQUE INDEX rule_order ON rule (instance_id, position);
CREATE INDEX rule_group ON rule (group_id) WHERE group_id IS NOT NULL;

-- A row for each forwarding port: the key is what keeps two rules off one port. There is no foreign
-- key, since 40,000 look-ups would make a change slow; a rule's ports go in the same transaction.
CREATE TABLE forwarding_port (
    slot     integer NOT NULL,
    protocol text    NOT NULL,
    port     integer NOT NULL CHECK (port BETWEEN 1 AND 64999),
    rule_id  text    NOT NULL,
    PRIMARY KEY (slot, protocol, port)
);

-- The audit record: who changed what, when, from where.
CREATE TABLE revision (
    number    bigint      PRIMARY KEY,
    at        timestamptz NOT NULL,
    actor     text        NOT NULL,
    source    text        NOT NULL,
    operation text        NOT NULL,
    object    text        NOT NULL,
    summary   text        NOT NULL
);

-- What a revision did to one instance: the step for nodes, and the images that undo it.
CREATE TABLE change (
    instance_id text   NOT NULL,
    revision    bigint NOT NULL,
    previous    bigint NOT NULL,
    -- NULL where the step is large: nodes pull the whole content.
    step        jsonb,
    before      jsonb  NOT NULL,
    PRIMARY KEY (instance_id, revision)
);
CREATE INDEX change_revision ON change (revision);

CREATE TABLE node (
    name         text        PRIMARY KEY,
    boot         text        NOT NULL,
    area         text        NOT NULL,
    state        text        NOT NULL,
    slots        jsonb       NOT NULL,
    capabilities jsonb       NOT NULL,
    missing      jsonb       NOT NULL,
    listeners    bigint      NOT NULL,
    sessions     bigint      NOT NULL,
    -- Of everything in the report but the counters: an equal report changes nothing.
    report_hash  text        NOT NULL,
    created_at   timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL
);

CREATE TABLE node_instance (
    node        text   NOT NULL REFERENCES node ON DELETE CASCADE,
    instance_id text   NOT NULL,
    revision    bigint NOT NULL,
    digest      text   NOT NULL,
    refused     jsonb  NOT NULL,
    draining    jsonb  NOT NULL,
    mark        text   NOT NULL,
    PRIMARY KEY (node, instance_id)
);
CREATE INDEX node_instance_instance ON node_instance (instance_id);

CREATE TABLE idempotency (
    key          text        PRIMARY KEY,
    request_hash text        NOT NULL,
    reply        jsonb       NOT NULL,
    at           timestamptz NOT NULL
);
CREATE INDEX idempotency_at ON idempotency (at);
