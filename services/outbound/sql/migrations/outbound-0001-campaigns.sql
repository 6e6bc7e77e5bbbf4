-- Campaigns, their records and attempts, the ledger every rule counts from, and who owns the dialling of a pool.
-- Times of the domain are µs since 1970 (bigint), as in the contracts; only wall-clock leases are timestamps.
SELECT directory.create_service('outbound');
SELECT directory.create_outbox('outbound');

CREATE TABLE outbound.campaigns (
    tenant_id text NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    title text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('preview', 'progressive', 'power', 'predictive', 'agentless', 'callback')),
    purpose text NOT NULL,
    subject text NOT NULL DEFAULT '',                -- the debt or product caps are counted by
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'ready', 'running', 'paused', 'stopped', 'finished')),
    pool_id text NOT NULL,                           -- of agents
    group_name text NOT NULL,                        -- question group whose agents speak
    business_line text NOT NULL,
    gateway_id text NOT NULL,                        -- which gateway dials
    rulesets text[] NOT NULL,                        -- all of them must allow
    document jsonb NOT NULL,                         -- the rest of what the manager chose (domain/campaigns.py: Choices)
    version bigint NOT NULL DEFAULT 1,
    created_at bigint NOT NULL,
    created_by text NOT NULL,
    changed_at bigint NOT NULL,
    started_at bigint,
    ended_at bigint,
    state_reason text,                               -- who or what stopped, paused or finished it
    PRIMARY KEY (tenant_id, campaign_id)
);
CREATE INDEX campaigns_by_time ON outbound.campaigns (tenant_id, created_at DESC, campaign_id);
CREATE INDEX campaigns_at_work ON outbound.campaigns (tenant_id, pool_id, campaign_id) WHERE state IN ('running', 'paused');
SELECT directory.protect('outbound', 'campaigns', 'SELECT, INSERT, UPDATE');

CREATE TABLE outbound.lists (
    tenant_id text NOT NULL,
    list_id text COLLATE "C" NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    title text NOT NULL,
    source text NOT NULL,                            -- 'import', 'plan', 'api'
    lineage text,                                    -- the analysis or file it comes from
    registry_checked_on date,                        -- when its numbers were last compared with the do-not-call registry
    active boolean NOT NULL DEFAULT true,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, list_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES outbound.campaigns
);
CREATE INDEX lists_of_campaign ON outbound.lists (tenant_id, campaign_id, list_id);
SELECT directory.protect('outbound', 'lists');

-- Whom a campaign calls. `numbers`: [{"number": E.164, "key": number key}], tried in turn; where they are is read off them.
CREATE TABLE outbound.records (
    tenant_id text NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    record_id text COLLATE "C" NOT NULL,
    list_id text COLLATE "C" NOT NULL,
    source_key text COLLATE "C",                     -- the list's own key: the same key is the same record
    person_key text COLLATE "C" NOT NULL,            -- keyed hash of the customer, or of the first number
    customer_id text,
    purpose text,                                    -- where it is not the campaign's: a callback the person asked for
    numbers jsonb NOT NULL,
    number_index smallint NOT NULL DEFAULT 0,        -- which is dialled next
    address_zone text,                               -- IANA zone of the address
    region text,                                     -- of the address, e.g. 'US-FL'
    on_registry boolean NOT NULL DEFAULT false,      -- its numbers stand on a do-not-call registry
    requested_at bigint,                             -- when the person asked for it, or was promised it
    language text,
    turn smallint NOT NULL DEFAULT 2,                -- 0 due personal callback, 1 callback by anyone, 2 the campaign's order
    agent_id text,                                   -- personal callback: whose
    window_until bigint,                             -- callback: the customer's window closes then
    priority smallint NOT NULL DEFAULT 0,
    value bigint NOT NULL DEFAULT 0,                 -- expected, in cents
    score real NOT NULL DEFAULT 0,                   -- value × probability of an answer, as of the last ranking
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'in_hopper', 'dialling', 'resting', 'done', 'suppressed')),
    reason text,                                     -- done: last outcome; suppressed, resting: which rule
    not_before bigint,                               -- resting: until then
    claimed_epoch bigint,                            -- in_hopper, dialling: the lease it was claimed under
    attempts smallint NOT NULL DEFAULT 0,
    contacts smallint NOT NULL DEFAULT 0,            -- conversations so far
    outcomes jsonb NOT NULL DEFAULT '{}',            -- outcome → how often
    last_outcome text,
    last_attempt_at bigint,
    payload jsonb NOT NULL DEFAULT '{}',             -- personal: name, reason, promised … for the agent's page
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, record_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES outbound.campaigns,
    FOREIGN KEY (tenant_id, list_id) REFERENCES outbound.lists
);
-- The hopper: the next n are the first n of this index.
CREATE INDEX records_next ON outbound.records (tenant_id, campaign_id, turn, priority DESC, score DESC, record_id)
    WHERE state = 'waiting';
CREATE INDEX records_resting ON outbound.records (tenant_id, campaign_id, not_before) WHERE state = 'resting';
CREATE INDEX records_claimed ON outbound.records (tenant_id, campaign_id, claimed_epoch) WHERE state = 'in_hopper';
CREATE INDEX records_of_person ON outbound.records (tenant_id, person_key, campaign_id);
CREATE UNIQUE INDEX records_by_source_key ON outbound.records (tenant_id, source_key, campaign_id);
CREATE INDEX records_of_list ON outbound.records (tenant_id, list_id, record_id);
SELECT directory.protect('outbound', 'records');

-- How many records of a campaign are in each state, kept up by the statements that move them: the live view never scans.
CREATE TABLE outbound.record_counts (
    tenant_id text NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    state text NOT NULL,
    records bigint NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, state)
);
SELECT directory.protect('outbound', 'record_counts', 'SELECT, INSERT, UPDATE');

CREATE FUNCTION outbound.count_moved(moved outbound.record_counts[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outbound.record_counts AS c (tenant_id, campaign_id, state, records)
    SELECT tenant_id, campaign_id, state, sum(records) FROM unnest(moved) GROUP BY 1, 2, 3 HAVING sum(records) <> 0 ORDER BY 1, 2, 3
    ON CONFLICT (tenant_id, campaign_id, state) DO UPDATE SET records = c.records + excluded.records
$$;
CREATE FUNCTION outbound.count_new_records() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM outbound.count_moved(ARRAY(
        SELECT (tenant_id, campaign_id, state, count(*))::outbound.record_counts FROM new_rows GROUP BY tenant_id, campaign_id, state));
    RETURN NULL;
END $$;
CREATE FUNCTION outbound.count_gone_records() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM outbound.count_moved(ARRAY(
        SELECT (tenant_id, campaign_id, state, -count(*))::outbound.record_counts FROM old_rows GROUP BY tenant_id, campaign_id, state));
    RETURN NULL;
END $$;
CREATE FUNCTION outbound.count_moved_records() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM outbound.count_moved(ARRAY(
        SELECT (tenant_id, campaign_id, state, sum(n))::outbound.record_counts FROM (
            SELECT tenant_id, campaign_id, state, 1 AS n FROM new_rows
            UNION ALL SELECT tenant_id, campaign_id, state, -1 FROM old_rows) moved GROUP BY tenant_id, campaign_id, state));
    RETURN NULL;
END $$;
CREATE TRIGGER records_come AFTER INSERT ON outbound.records REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbound.count_new_records();
CREATE TRIGGER records_go AFTER DELETE ON outbound.records REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbound.count_gone_records();
CREATE TRIGGER records_move AFTER UPDATE ON outbound.records REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION outbound.count_moved_records();

-- One dial of one number: the intent, written before anything is published, and what became of it.
CREATE TABLE outbound.attempts (
    tenant_id text NOT NULL,
    attempt_id text COLLATE "C" NOT NULL,            -- campaign.record.n
    campaign_id text COLLATE "C" NOT NULL,
    record_id text COLLATE "C" NOT NULL,
    n smallint NOT NULL,
    person_key text COLLATE "C" NOT NULL,
    number_key text COLLATE "C" NOT NULL,
    number_index smallint NOT NULL,
    purpose text NOT NULL,
    subject text NOT NULL,
    mode text NOT NULL,
    first text NOT NULL CHECK (first IN ('customer', 'agent')),
    pool_id text NOT NULL,
    group_name text NOT NULL,
    gateway_id text NOT NULL,
    caller_id text,
    trunk_id text,
    agent_id text,                                   -- whose call it is, then who spoke
    epoch bigint NOT NULL,                           -- of the lease it was authorised under; 0: by an agent's or gateway's request
    state text NOT NULL,                             -- domain/attempts.py: AttemptState
    authorised_at bigint NOT NULL,
    not_after bigint NOT NULL,
    ring_seconds smallint NOT NULL,
    placed_at bigint,
    rang_at bigint,
    answered_at bigint,                              -- the line was opened
    answered_by text,                                -- person, machine, fax
    greeting_began_at bigint,
    greeting_ended_at bigint,
    contact_id text,
    connected_at bigint,                             -- agent and customer hear each other
    ended_at bigint,
    told_at bigint,                                  -- when the gateway was asked what became of it
    closed_at bigint,
    outcome text,
    result text,                                     -- the gateway's word for it
    reason text,
    cause smallint,                                  -- Q.850
    announced boolean NOT NULL DEFAULT false,
    announced_at bigint,
    said_machine boolean,                            -- a person's word on who answered, against the classifier's
    audited boolean NOT NULL DEFAULT false,          -- that word comes from listening to what was taken for a machine
    authorisation jsonb NOT NULL,                    -- rule versions and facts it was allowed by
    PRIMARY KEY (tenant_id, attempt_id)
);
CREATE UNIQUE INDEX attempts_of_record ON outbound.attempts (tenant_id, campaign_id, record_id, n);
-- Nobody is called twice at once, whichever campaigns want them; an attempt that became `unknown` blocks as well.
CREATE UNIQUE INDEX attempts_open_person ON outbound.attempts (tenant_id, person_key) WHERE closed_at IS NULL;
CREATE INDEX attempts_open ON outbound.attempts (tenant_id, campaign_id, authorised_at) WHERE closed_at IS NULL;
CREATE INDEX attempts_by_time ON outbound.attempts (tenant_id, campaign_id, authorised_at DESC, attempt_id);
CREATE INDEX attempts_answered ON outbound.attempts (tenant_id, campaign_id, answered_at) WHERE answered_at IS NOT NULL;
CREATE INDEX attempts_closed ON outbound.attempts (tenant_id, campaign_id, closed_at) WHERE closed_at IS NOT NULL;
SELECT directory.protect('outbound', 'attempts', 'SELECT, INSERT, UPDATE');

-- What every cap counts: calls to a person, by whichever way they were made. Holds no number; outlives campaigns and lists.
CREATE TABLE outbound.ledger (
    tenant_id text NOT NULL,
    attempt_id text COLLATE "C" NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,           -- '': a callback nobody's campaign asked for
    record_id text COLLATE "C" NOT NULL DEFAULT '',
    person_key text COLLATE "C" NOT NULL,
    number_key text COLLATE "C" NOT NULL,
    at bigint NOT NULL,                              -- authorised
    purpose text NOT NULL,
    subject text NOT NULL,
    outcome text,                                    -- NULL: not over yet
    ended_at bigint,
    refused boolean NOT NULL DEFAULT false,          -- they declined in the conversation
    PRIMARY KEY (tenant_id, attempt_id)
);
CREATE INDEX ledger_of_person ON outbound.ledger (tenant_id, person_key, at);
CREATE INDEX ledger_of_number ON outbound.ledger (tenant_id, number_key, at);
SELECT directory.protect('outbound', 'ledger', 'SELECT, INSERT, UPDATE');

-- Our own copy of refusals, so that they bite at once; the profile keeps the record of consent.
CREATE TABLE outbound.refusals (
    tenant_id text NOT NULL,
    refusal_id text COLLATE "C" NOT NULL,
    subject_key text COLLATE "C" NOT NULL,           -- person key or number key
    purpose text NOT NULL DEFAULT '',                -- '': everything but what they asked for themselves
    withdrawn_at bigint NOT NULL,
    source text NOT NULL,
    campaign_id text,
    attempt_id text,
    PRIMARY KEY (tenant_id, refusal_id, subject_key)
);
CREATE INDEX refusals_of_subject ON outbound.refusals (tenant_id, subject_key);
CREATE INDEX refusals_by_time ON outbound.refusals (tenant_id, withdrawn_at DESC, refusal_id);
SELECT directory.protect('outbound', 'refusals', 'SELECT, INSERT, UPDATE');

-- Counters of a campaign by hour, moved in the transaction of what they count: the live view never scans.
CREATE TABLE outbound.campaign_hours (
    tenant_id text NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    hour bigint NOT NULL,                            -- µs of its beginning
    counts jsonb NOT NULL DEFAULT '{}',              -- 'dialled', 'outcome.<Outcome>', 'suppressed.<Suppression>' … → how many
    PRIMARY KEY (tenant_id, campaign_id, hour)
);
SELECT directory.protect('outbound', 'campaign_hours', 'SELECT, INSERT, UPDATE');

-- Adds counts to counts: {"a": 1} + {"a": 2, "b": 1} = {"a": 3, "b": 1}.
CREATE FUNCTION outbound.added(present jsonb, more jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, total), '{}') FROM (
        SELECT key, sum(value::bigint) AS total
          FROM (SELECT * FROM jsonb_each_text(present) UNION ALL SELECT * FROM jsonb_each_text(more)) AS pairs GROUP BY key) sums
$$;

-- Who plans the dialling of a pool of agents: all campaigns that share agents have one planner at a time, fenced by epoch.
CREATE TABLE outbound.dialling_leases (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    owner text NOT NULL,
    epoch bigint NOT NULL,
    lease_until timestamptz NOT NULL,
    pacing jsonb NOT NULL DEFAULT '{}',              -- the last plan and its reasons, by campaign, for the live view
    PRIMARY KEY (tenant_id, pool_id)
);
SELECT directory.protect('outbound', 'dialling_leases', 'SELECT');

-- Our own verified numbers, used in rotation; each is an inbound entry that recognises the latest attempt.
CREATE TABLE outbound.caller_ids (
    tenant_id text NOT NULL,
    number text NOT NULL,                            -- E.164
    pool_name text NOT NULL,
    region text,                                     -- prefer it for numbers of this region
    verified_at bigint,                              -- NULL: not used
    active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (tenant_id, number)
);
SELECT directory.protect('outbound', 'caller_ids');

CREATE TABLE outbound.trunks (
    tenant_id text NOT NULL,
    trunk_id text NOT NULL,
    gateway_id text NOT NULL,
    calls_per_second real NOT NULL CHECK (calls_per_second > 0),
    channels int NOT NULL CHECK (channels > 0),
    PRIMARY KEY (tenant_id, trunk_id)
);
SELECT directory.protect('outbound', 'trunks');

-- What an operator declares and rules ask for; without a row nothing is declared.
CREATE TABLE outbound.operators (
    tenant_id text PRIMARY KEY,
    licence text,                                    -- of a call centre, where one is needed
    records_conversations boolean NOT NULL DEFAULT false,
    keeps_days int NOT NULL DEFAULT 0,               -- attempts, consents and recordings
    rulesets text[] NOT NULL DEFAULT '{}'            -- for callbacks no campaign asked for
);
SELECT directory.protect('outbound', 'operators');

-- What was answered to a gateway that asked before dialling, so that the same question has the same answer.
CREATE TABLE outbound.authorisations (
    tenant_id text NOT NULL,
    attempt_id text COLLATE "C" NOT NULL,
    asked_at bigint NOT NULL,
    allowed boolean NOT NULL,
    answer jsonb NOT NULL,
    PRIMARY KEY (tenant_id, attempt_id)
);
SELECT directory.protect('outbound', 'authorisations', 'SELECT, INSERT, UPDATE');

-- Who changed what: campaigns' states, unknown attempts resolved, manual calls.
CREATE TABLE outbound.audit (
    tenant_id text NOT NULL,
    audit_id bigint GENERATED ALWAYS AS IDENTITY,
    at bigint NOT NULL,
    by_user text NOT NULL,
    action text NOT NULL,
    campaign_id text,
    details jsonb NOT NULL DEFAULT '{}',             -- ids and codes; no numbers, names or text
    PRIMARY KEY (tenant_id, audit_id)
);
SELECT directory.protect('outbound', 'audit', 'SELECT, INSERT');
