-- Reports: what the journal amounts to, in rows a manager can check. All of it is derived and can be counted again.
-- Times and durations are µs; a quarter is the UTC quarter hour a count belongs to. Fields: services/router/domain/reporting.

-- How far a partition's journal is counted. Moved in the transaction of what was counted, and only from where it stood.
CREATE TABLE router.report_watermarks (
    partition int PRIMARY KEY,
    position bigint NOT NULL,
    now bigint NOT NULL,                              -- time of that input (µs): figures are as of then
    definitions int NOT NULL                          -- version of metrics.yaml the rows were counted under
);
GRANT SELECT, INSERT, UPDATE, DELETE ON router.report_watermarks TO ucc_router_worker;
GRANT SELECT ON router.report_watermarks TO ucc_router_api;

CREATE TABLE router.report_targets (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    partition int NOT NULL,
    version int NOT NULL,
    targets json NOT NULL,                            -- group → channel → seconds
    time_zone text,
    PRIMARY KEY (tenant_id, pool_id)
);
SELECT directory.protect('router', 'report_targets', 'SELECT');

CREATE TABLE router.report_contacts (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    partition int NOT NULL,
    contact_id text NOT NULL,
    born bigint NOT NULL,                             -- journal position of the arrival
    channel text NOT NULL,
    business_line text NOT NULL,
    direction text NOT NULL,
    arrived_at bigint NOT NULL,
    queued_at bigint,
    first_group text,
    groups text[] NOT NULL,
    agents text[] NOT NULL,
    tier text,
    customer_id text,
    policy_version int NOT NULL,
    stays int NOT NULL,
    asked_group text,
    transfers int NOT NULL,
    waited bigint NOT NULL,
    connected_at bigint,
    talk bigint NOT NULL,
    hold bigint NOT NULL,
    wrap bigint NOT NULL,
    disposition text,
    reason text,
    ended_at bigint,
    ended text,
    ended_by text,
    open boolean NOT NULL,
    PRIMARY KEY (tenant_id, contact_id, born)
);
CREATE INDEX report_contacts_page ON router.report_contacts (tenant_id, arrived_at, contact_id, born);
CREATE INDEX report_contacts_open ON router.report_contacts (partition) WHERE open;
SELECT directory.protect('router', 'report_contacts', 'SELECT');

CREATE TABLE router.report_stays (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    partition int NOT NULL,
    contact_id text NOT NULL,
    born bigint NOT NULL,
    number int NOT NULL,
    group_id text NOT NULL,
    channel text NOT NULL,
    direction text NOT NULL,
    cause text NOT NULL,
    entered_at bigint NOT NULL,
    target bigint NOT NULL,
    waited bigint NOT NULL,
    left_at bigint,
    outcome text,                                     -- NULL: still waiting
    short boolean NOT NULL,
    PRIMARY KEY (tenant_id, contact_id, born, number)
);
CREATE INDEX report_stays_entry ON router.report_stays (tenant_id, entered_at);
CREATE INDEX report_stays_open ON router.report_stays (partition) WHERE outcome IS NULL;
SELECT directory.protect('router', 'report_stays', 'SELECT');

CREATE TABLE router.report_talks (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    partition int NOT NULL,
    interaction_id text NOT NULL,
    contact_id text NOT NULL,
    born bigint NOT NULL,
    agent_id text NOT NULL,
    group_id text NOT NULL,
    channel text NOT NULL,
    direction text NOT NULL,
    accepted_at bigint NOT NULL,
    waited bigint NOT NULL,
    transferred_in boolean NOT NULL,
    consulted_at bigint,
    consult bigint NOT NULL,
    started_at bigint,
    ended_at bigint,
    why text,
    talk bigint NOT NULL,
    hold bigint NOT NULL,
    parked bigint NOT NULL,
    held_since bigint,
    parked_since bigint,
    wrap_since bigint,
    wrap bigint NOT NULL,
    disposition text,
    reason text,
    by_timeout boolean NOT NULL,
    open boolean NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id)
);
CREATE INDEX report_talks_page ON router.report_talks (tenant_id, accepted_at, interaction_id);
CREATE INDEX report_talks_contact ON router.report_talks (tenant_id, contact_id);
CREATE INDEX report_talks_open ON router.report_talks (partition) WHERE open;
SELECT directory.protect('router', 'report_talks', 'SELECT');

CREATE TABLE router.report_agents (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    partition int NOT NULL,
    agent_id text NOT NULL,
    since bigint NOT NULL,
    presence text NOT NULL,
    reason text NOT NULL,
    work_state text NOT NULL,
    reachable boolean NOT NULL,
    teams text[] NOT NULL,
    sites text[] NOT NULL,
    PRIMARY KEY (tenant_id, pool_id, agent_id)
);
SELECT directory.protect('router', 'report_agents', 'SELECT');

CREATE TABLE router.report_ratings (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    partition int NOT NULL,
    contact_id text NOT NULL,
    agent_id text NOT NULL,
    group_id text NOT NULL,
    channel text NOT NULL,
    invited_at bigint,
    rated_at bigint,
    score int,
    scale int NOT NULL,
    low boolean NOT NULL,
    via text,
    PRIMARY KEY (tenant_id, contact_id, agent_id)
);
SELECT directory.protect('router', 'report_ratings', 'SELECT');

-- Counts of groups; the columns are the measures of metrics.yaml that are `of: group`.
CREATE TABLE router.report_groups (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    partition int NOT NULL,
    group_id text NOT NULL,
    channel text NOT NULL,
    direction text NOT NULL,
    quarter bigint NOT NULL,
    offered bigint NOT NULL, answered bigint NOT NULL, answered_within bigint NOT NULL, abandoned bigint NOT NULL,
    abandoned_within bigint NOT NULL, short_abandons bigint NOT NULL, flowed_out bigint NOT NULL, callback bigint NOT NULL,
    turned_away bigint NOT NULL, failed bigint NOT NULL, wait_answered bigint NOT NULL, wait_abandoned bigint NOT NULL,
    asked bigint NOT NULL, reached bigint NOT NULL, handled bigint NOT NULL, talk bigint NOT NULL, hold bigint NOT NULL,
    wrap bigint NOT NULL, transferred bigint NOT NULL,
    PRIMARY KEY (tenant_id, quarter, group_id, channel, direction, pool_id)
);
SELECT directory.protect('router', 'report_groups', 'SELECT');

-- Counts of agents; the columns are the measures that are `of: agent`.
CREATE TABLE router.report_staff (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    partition int NOT NULL,
    agent_id text NOT NULL,
    quarter bigint NOT NULL,
    signed_in bigint NOT NULL, available bigint NOT NULL, ringing bigint NOT NULL, handling bigint NOT NULL,
    wrapping bigint NOT NULL, not_ready bigint NOT NULL, unreachable bigint NOT NULL, offers bigint NOT NULL,
    accepted bigint NOT NULL, missed bigint NOT NULL, rejected bigint NOT NULL, agent_handled bigint NOT NULL,
    agent_talk bigint NOT NULL, agent_hold bigint NOT NULL, agent_wrap bigint NOT NULL, consulted bigint NOT NULL,
    consult bigint NOT NULL, transfers_in bigint NOT NULL, transfers_out bigint NOT NULL,
    PRIMARY KEY (tenant_id, quarter, agent_id, pool_id)
);
SELECT directory.protect('router', 'report_staff', 'SELECT');

CREATE TABLE router.report_breaks (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    partition int NOT NULL,
    agent_id text NOT NULL,
    reason text NOT NULL,
    quarter bigint NOT NULL,
    passed bigint NOT NULL,
    PRIMARY KEY (tenant_id, quarter, agent_id, reason, pool_id)
);
SELECT directory.protect('router', 'report_breaks', 'SELECT');
