-- Imports of customers and deals: the file waits here until it is through, progress moves with each batch's rows.
CREATE TABLE profile.imports (
    tenant_id text NOT NULL,
    import_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('customers', 'deals')),
    source text NOT NULL,
    file bytea,                                      -- NULL once done
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    failure text,                                    -- why the file as a whole could not be read
    columns text[] NOT NULL DEFAULT '{}',            -- headers as they stand in the file
    uploaded_at timestamptz NOT NULL,
    uploaded_by text NOT NULL,
    finished_at timestamptz,
    worker text,
    lease_until timestamptz,
    total_rows int,                                  -- known when the file was read
    done_rows int NOT NULL DEFAULT 0,
    created int NOT NULL DEFAULT 0,
    updated int NOT NULL DEFAULT 0,
    unchanged int NOT NULL DEFAULT 0,
    rejected int NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, import_id)
);
CREATE INDEX imports_by_time ON profile.imports (tenant_id, uploaded_at DESC, import_id DESC);
CREATE INDEX imports_pending ON profile.imports (uploaded_at) WHERE state IN ('waiting', 'running');
SELECT directory.protect('profile', 'imports');

CREATE TABLE profile.import_rejections (
    tenant_id text NOT NULL,
    import_id text NOT NULL,
    line int NOT NULL,                               -- of the file, the header being line 1
    faults jsonb NOT NULL,                           -- [{field, code, message}]
    cells text[] NOT NULL,                           -- the row as it stands in the file
    PRIMARY KEY (tenant_id, import_id, line),
    FOREIGN KEY (tenant_id, import_id) REFERENCES profile.imports ON DELETE CASCADE
);
SELECT directory.protect('profile', 'import_rejections');
