-- Policies to come: proposed to a second administrator, or set for a time. One that is due becomes a version in the same
-- transaction, so it is published exactly once whatever is killed meanwhile.
CREATE TABLE router.policy_plans (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    plan_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'scheduled', 'published', 'cancelled', 'outdated')),
    document text NOT NULL,
    mapping json NOT NULL,
    hash text NOT NULL,                               -- SHA-256 of the document
    base_version int NOT NULL,                        -- newest when it was made; another one since makes it outdated
    waiting text NOT NULL CHECK (waiting IN ('apply', 'keep')),
    publish_at bigint,                                -- µs of policy time; NULL: as soon as it is approved
    author text NOT NULL,
    note text NOT NULL DEFAULT '',
    approved_by text,
    settled_by text,                                  -- who cancelled it
    version int,                                      -- what it became
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz,
    PRIMARY KEY (tenant_id, plan_id)
);
CREATE INDEX policy_plans_due ON router.policy_plans (publish_at) WHERE state = 'scheduled';
SELECT directory.protect('router', 'policy_plans', 'SELECT, INSERT, UPDATE');

-- What somebody is writing, kept so that a lost page loses nothing. One a person.
CREATE TABLE router.policy_drafts (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    author text NOT NULL,
    base_version int NOT NULL,
    document text NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, pool_id, author)
);
SELECT directory.protect('router', 'policy_drafts', 'SELECT, INSERT, UPDATE, DELETE');

-- How a version came to be.
ALTER TABLE router.policy_versions
    ADD COLUMN waiting text NOT NULL DEFAULT 'apply' CHECK (waiting IN ('apply', 'keep')),
    ADD COLUMN approved_by text,
    ADD COLUMN restores int,                          -- the older version it is a copy of
    ADD COLUMN request_id text;                       -- Idempotency-Key of the request that published it
CREATE UNIQUE INDEX policy_versions_once ON router.policy_versions (tenant_id, pool_id, request_id);
