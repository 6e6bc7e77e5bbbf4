-- Where records come from: files, call plans of a planner, deals that are followed up.

-- A file on its way into a campaign. It is read, its columns are confirmed by a person, and a worker takes it over in pieces:
-- records, counts and progress of a piece are one transaction.
CREATE TABLE outbound.imports (
    tenant_id text NOT NULL,
    import_id text COLLATE "C" NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    list_id text COLLATE "C" NOT NULL,               -- of the list it becomes
    title text NOT NULL,
    state text NOT NULL DEFAULT 'reading'
        CHECK (state IN ('reading', 'mapping', 'waiting', 'running', 'done', 'failed', 'cancelled')),
    failure text,                                    -- why the file as a whole could not be read
    file_bytes bigint NOT NULL DEFAULT 0,
    columns text[] NOT NULL DEFAULT '{}',            -- headers as they stand in the file
    sample jsonb NOT NULL DEFAULT '[]',              -- the first rows: [[line, [cell …]] …]; gone when it is over
    fields text[] NOT NULL DEFAULT '{}',             -- field of each column, NULL: left out; guessed, then confirmed
    wins text NOT NULL DEFAULT 'first' CHECK (wins IN ('first', 'last')),
    time_zone text,                                  -- where no column says
    registry_checked_on date,
    uploaded_at bigint NOT NULL,
    uploaded_by text NOT NULL,
    started_at bigint,
    finished_at bigint,
    worker text,
    lease_until timestamptz,
    tries smallint NOT NULL DEFAULT 0,               -- by workers that came no further
    total_rows int,                                  -- known when the file was read
    done_rows int NOT NULL DEFAULT 0,
    created int NOT NULL DEFAULT 0,
    updated int NOT NULL DEFAULT 0,
    duplicates int NOT NULL DEFAULT 0,
    rejected int NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, import_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES outbound.campaigns
);
CREATE INDEX imports_by_time ON outbound.imports (tenant_id, uploaded_at DESC, import_id DESC);
CREATE INDEX imports_pending ON outbound.imports (uploaded_at) WHERE state IN ('reading', 'waiting', 'running');
SELECT directory.protect('outbound', 'imports');

CREATE TABLE outbound.import_pieces (                -- of the file; gone when it is over
    tenant_id text NOT NULL,
    import_id text COLLATE "C" NOT NULL,
    place int NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (tenant_id, import_id, place),
    FOREIGN KEY (tenant_id, import_id) REFERENCES outbound.imports ON DELETE CASCADE
);
ALTER TABLE outbound.import_pieces ALTER COLUMN bytes SET STORAGE EXTERNAL;
SELECT directory.protect('outbound', 'import_pieces');

CREATE TABLE outbound.import_rejections (
    tenant_id text NOT NULL,
    import_id text COLLATE "C" NOT NULL,
    line int NOT NULL,                               -- of the file, the header being line 1
    faults jsonb NOT NULL,                           -- [{code, column, facts}]
    cells jsonb NOT NULL,                            -- the row as it stands in the file
    PRIMARY KEY (tenant_id, import_id, line),
    FOREIGN KEY (tenant_id, import_id) REFERENCES outbound.imports ON DELETE CASCADE
);
SELECT directory.protect('outbound', 'import_rejections');

CREATE TABLE outbound.import_presets (
    tenant_id text NOT NULL,
    name text NOT NULL,
    fields jsonb NOT NULL,                           -- header as it is compared → field or null
    kept_at bigint NOT NULL,
    kept_by text NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
SELECT directory.protect('outbound', 'import_presets');

-- Call plans: a plan is one list of one campaign; its pages may come in any order and again.
CREATE TABLE outbound.plans (
    tenant_id text NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    list_id text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    made_at bigint NOT NULL,
    pages int NOT NULL,
    complete_by bigint,
    lineage text,
    received_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, plan_id)
);
CREATE INDEX plans_by_time ON outbound.plans (tenant_id, received_at DESC, plan_id DESC);
SELECT directory.protect('outbound', 'plans', 'SELECT, INSERT');

CREATE TABLE outbound.plan_pages (
    tenant_id text NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    page int NOT NULL,
    calls int NOT NULL,
    created int NOT NULL,
    duplicates int NOT NULL,
    refused jsonb NOT NULL DEFAULT '[]',             -- [{key, code}]: entries that became no record
    PRIMARY KEY (tenant_id, plan_id, page),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES outbound.plans ON DELETE CASCADE
);
SELECT directory.protect('outbound', 'plan_pages', 'SELECT, INSERT');

-- Which deals are followed up, when, by which campaign: a document of the tenant, changed as a whole.
CREATE TABLE outbound.follow_up_rules (
    tenant_id text NOT NULL,
    rules jsonb NOT NULL,
    version bigint NOT NULL,
    changed_at bigint NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (tenant_id)
);
SELECT directory.protect('outbound', 'follow_up_rules');

-- One row for each deal and rule, for good: a deal told again opens nothing again.
CREATE TABLE outbound.follow_ups (
    tenant_id text NOT NULL,
    rule_id text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    deal_key text COLLATE "C" NOT NULL,
    customer_key text NOT NULL,
    revised_at bigint NOT NULL,
    state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'opened', 'dropped')),
    due_at bigint NOT NULL,
    look_again_at bigint NOT NULL,                   -- due: when it is tried (again)
    deal jsonb NOT NULL,                             -- product, status, business line, days: what the words are made of
    campaign_id text COLLATE "C",
    record_id text COLLATE "C",
    reason text,                                     -- due: why not yet; dropped: why not at all
    PRIMARY KEY (tenant_id, rule_id, source, deal_key)
);
CREATE INDEX follow_ups_due ON outbound.follow_ups (look_again_at) WHERE state = 'due';
CREATE INDEX follow_ups_of_deal ON outbound.follow_ups (tenant_id, source, deal_key);
SELECT directory.protect('outbound', 'follow_ups');

CREATE TABLE outbound.followed_deals (               -- the newest revision heard of each deal: an older one is passed over
    tenant_id text NOT NULL,
    source text COLLATE "C" NOT NULL,
    deal_key text COLLATE "C" NOT NULL,
    revised_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, source, deal_key)
);
SELECT directory.protect('outbound', 'followed_deals');
