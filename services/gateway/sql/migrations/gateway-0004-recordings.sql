-- Recordings of calls: their sound in pieces (a range reads only what it plays), who spoke in them, who listened, how long
-- they are kept.
CREATE TABLE gateway.memberships (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    teams text[] NOT NULL,
    sites text[] NOT NULL,
    PRIMARY KEY (tenant_id, agent_id)
);
SELECT directory.protect('gateway', 'memberships', 'SELECT');

-- Who spoke with a caller, with the teams and sites of that time.
CREATE TABLE gateway.handlings (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    agent_id text NOT NULL,
    group_name text,                                    -- NULL: consulted, or took over after a consultation
    teams text[] NOT NULL,
    sites text[] NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, contact_id, agent_id)
);
CREATE INDEX handlings_of_agent ON gateway.handlings (tenant_id, agent_id, contact_id);
SELECT directory.protect('gateway', 'handlings', 'SELECT');

CREATE TABLE gateway.recordings (
    tenant_id text NOT NULL,
    recording_id text NOT NULL,
    contact_id text NOT NULL,
    gateway_id text NOT NULL,
    started_at bigint NOT NULL,                         -- µs
    ended_at bigint NOT NULL,
    seconds int NOT NULL,
    bytes int NOT NULL,
    consent_played boolean NOT NULL,                    -- the caller was told before it began
    pauses jsonb NOT NULL DEFAULT '[]',                 -- [{"started_at", "ended_at"}]: secure entries, not audible
    hung_up_by text,
    peaks bytea NOT NULL,                               -- 400 loudnesses, 0–255
    delete_after bigint NOT NULL,                       -- µs
    PRIMARY KEY (tenant_id, recording_id)
);
CREATE INDEX recordings_by_time ON gateway.recordings (tenant_id, started_at DESC, recording_id DESC);
CREATE INDEX recordings_of_contact ON gateway.recordings (tenant_id, contact_id);
CREATE INDEX recordings_due ON gateway.recordings (delete_after);
SELECT directory.protect('gateway', 'recordings');

CREATE TABLE gateway.recording_pieces (
    tenant_id text NOT NULL,
    recording_id text NOT NULL,
    piece int NOT NULL,                                 -- 512 KiB each, from 0
    body bytea NOT NULL,
    PRIMARY KEY (tenant_id, recording_id, piece),
    FOREIGN KEY (tenant_id, recording_id) REFERENCES gateway.recordings ON DELETE CASCADE
);
SELECT directory.protect('gateway', 'recording_pieces', 'SELECT, INSERT');

CREATE TABLE gateway.recording_audit (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    recording_id text NOT NULL,                         -- stays when the recording is gone
    contact_id text NOT NULL,
    action text NOT NULL CHECK (action IN ('heard', 'downloaded', 'deleted', 'expired')),
    who text NOT NULL,
    reason text,
    at bigint NOT NULL                                  -- µs
);
CREATE INDEX recording_audit_of ON gateway.recording_audit (tenant_id, recording_id, number);
SELECT directory.protect('gateway', 'recording_audit', 'SELECT, INSERT');

-- A tenant's own rules; absent: the service's settings.
CREATE TABLE gateway.recording_rules (
    tenant_id text PRIMARY KEY,
    days int NOT NULL CHECK (days BETWEEN 1 AND 3650),
    agents_listen boolean NOT NULL                      -- agents may hear their own calls
);
SELECT directory.protect('gateway', 'recording_rules', 'SELECT, INSERT, UPDATE');
