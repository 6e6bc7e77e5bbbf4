-- Faxes: what was read on their pages, where they came from, and those on their way out.
CREATE TABLE gateway.page_texts (
    tenant_id text NOT NULL,
    file_id text NOT NULL REFERENCES gateway.files ON DELETE CASCADE,
    page int NOT NULL CHECK (page > 0),
    text text NOT NULL,                             -- '' for a blank page; no row: not read
    confidence real,                                -- 0 to 100; NULL: nothing is written on the page
    turned boolean NOT NULL DEFAULT false,          -- it came upside down and is shown upright
    PRIMARY KEY (file_id, page)
);
CREATE INDEX page_texts_of_tenant ON gateway.page_texts (tenant_id, file_id);
SELECT directory.protect('gateway', 'page_texts', 'SELECT, INSERT');

CREATE TABLE gateway.fax_calls (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    sender text,                                    -- E.164 where it is a number; an answer goes back there
    called text,                                    -- our line
    PRIMARY KEY (tenant_id, contact_id)
);
SELECT directory.protect('gateway', 'fax_calls', 'SELECT, INSERT');

CREATE TABLE gateway.fax_jobs (
    tenant_id text NOT NULL,
    job_id text NOT NULL,                           -- the SendFax command's id: once asked for, once sent
    contact_id text NOT NULL,
    requested_by text NOT NULL,
    number text,                                    -- E.164; NULL: there was none to be had
    title text NOT NULL,
    reference text NOT NULL,                        -- printed on the letter; what a caller quotes
    file_id text,                                   -- the letter; NULL: none could be made
    pages int NOT NULL DEFAULT 0,
    state text NOT NULL CHECK (state IN ('queued', 'sending', 'delivered', 'failed')),
    attempts int NOT NULL DEFAULT 0,
    reason text,                                    -- of the last attempt that failed
    not_after bigint NOT NULL,                      -- µs of policy time: no attempt begins later
    next_at timestamptz NOT NULL DEFAULT now(),
    sender text,                                    -- the process that is sending, and
    heard_at timestamptz,                           -- when it last said so
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, job_id)
);
CREATE INDEX fax_jobs_due ON gateway.fax_jobs (next_at) WHERE state IN ('queued', 'sending');
CREATE INDEX fax_jobs_newest ON gateway.fax_jobs (tenant_id, created_at DESC, job_id DESC);
SELECT directory.protect('gateway', 'fax_jobs', 'SELECT');
