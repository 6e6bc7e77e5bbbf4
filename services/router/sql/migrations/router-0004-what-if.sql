-- What-if: call records kept to be tried (nameless), and runs with their results.
CREATE TABLE router.what_if_records (
    tenant_id text NOT NULL,
    record_id text NOT NULL,
    name text NOT NULL,                               -- of the file
    mapping text NOT NULL,                            -- preset, or "own"
    uploaded_by text NOT NULL,
    uploaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    begins bigint NOT NULL,                           -- µs, first call queued
    ends bigint NOT NULL,
    read int NOT NULL,                                -- rows read
    calls int NOT NULL,                               -- of them calls that queued
    rejected int NOT NULL,                            -- rows set aside
    content bytea NOT NULL,                           -- zlib JSON: calls and shifts without names
    PRIMARY KEY (tenant_id, record_id)
);
SELECT directory.protect('router', 'what_if_records', 'SELECT, INSERT, DELETE');

CREATE TABLE router.what_if_runs (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    run_id text NOT NULL,
    title text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    question json NOT NULL,                           -- what is to be run, complete
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    doing text NOT NULL DEFAULT '',
    share real NOT NULL DEFAULT 0,                    -- done, 0 to 1
    tries int NOT NULL DEFAULT 0,
    touched_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- by the router that works on it; silent for long: another begins anew
    fault text,
    result bytea,                                     -- zlib JSON
    PRIMARY KEY (tenant_id, run_id)
);
CREATE INDEX what_if_runs_pending ON router.what_if_runs (asked_at) WHERE state IN ('waiting', 'running');
CREATE INDEX what_if_runs_by_time ON router.what_if_runs (tenant_id, asked_at DESC, run_id DESC);
SELECT directory.protect('router', 'what_if_runs', 'SELECT, INSERT, UPDATE, DELETE');
