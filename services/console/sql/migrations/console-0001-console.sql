-- The console: who works here (roster), who is signed in (sessions, leases of open pages), who changed what (audit).
SELECT directory.create_service('console');

CREATE TABLE console.teams (
    tenant_id text NOT NULL,
    team_id text NOT NULL,
    name text NOT NULL,
    version int NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, team_id)
);
SELECT directory.protect('console', 'teams');

CREATE TABLE console.sites (
    tenant_id text NOT NULL,
    site_id text NOT NULL,
    name text NOT NULL,
    district text NOT NULL DEFAULT '',
    number text NOT NULL DEFAULT '',               -- the branch's own published number
    hours jsonb NOT NULL DEFAULT '{}',             -- weekday → list of [from, to]
    version int NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, site_id)
);
SELECT directory.protect('console', 'sites');

CREATE TABLE console.skills (
    tenant_id text NOT NULL,
    skill text NOT NULL,
    name jsonb NOT NULL,                           -- {"zh", "en"}
    kind text NOT NULL,
    version int NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, skill)
);
SELECT directory.protect('console', 'skills');

CREATE TABLE console.skill_profiles (
    tenant_id text NOT NULL,
    profile_id text NOT NULL,
    name text NOT NULL,
    version int NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, profile_id)
);
SELECT directory.protect('console', 'skill_profiles');

CREATE TABLE console.profile_skills (
    tenant_id text NOT NULL,
    profile_id text NOT NULL,
    skill text NOT NULL,
    level int NOT NULL CHECK (level BETWEEN 1 AND 10),
    PRIMARY KEY (tenant_id, profile_id, skill),
    FOREIGN KEY (tenant_id, profile_id) REFERENCES console.skill_profiles ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, skill) REFERENCES console.skills
);
SELECT directory.protect('console', 'profile_skills');

CREATE TABLE console.agents (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    display_name text NOT NULL,
    pool_id text NOT NULL,
    capacity jsonb NOT NULL DEFAULT '{}',          -- channel → most at once; overrides the policy's
    active boolean NOT NULL DEFAULT true,
    version int NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, agent_id),
    FOREIGN KEY (tenant_id, pool_id) REFERENCES directory.pools
);
SELECT directory.protect('console', 'agents');

CREATE TABLE console.agent_skills (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    skill text NOT NULL,
    level int NOT NULL CHECK (level BETWEEN 1 AND 10),
    expires_at timestamptz,
    PRIMARY KEY (tenant_id, agent_id, skill),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES console.agents,
    FOREIGN KEY (tenant_id, skill) REFERENCES console.skills
);
SELECT directory.protect('console', 'agent_skills');

CREATE TABLE console.agent_teams (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    team_id text NOT NULL,
    PRIMARY KEY (tenant_id, agent_id, team_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES console.agents,
    FOREIGN KEY (tenant_id, team_id) REFERENCES console.teams
);
SELECT directory.protect('console', 'agent_teams');

CREATE TABLE console.agent_sites (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    site_id text NOT NULL,
    PRIMARY KEY (tenant_id, agent_id, site_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES console.agents,
    FOREIGN KEY (tenant_id, site_id) REFERENCES console.sites
);
SELECT directory.protect('console', 'agent_sites');

CREATE TABLE console.users (
    tenant_id text NOT NULL,
    user_id text NOT NULL,
    sign_in_name text NOT NULL,
    display_name text NOT NULL,
    password_hash text NOT NULL,                   -- argon2id
    roles text[] NOT NULL,
    agent_id text,
    teams text[] NOT NULL DEFAULT '{}',            -- what a supervisor sees; both empty: everything
    sites text[] NOT NULL DEFAULT '{}',
    language text NOT NULL DEFAULT 'zh',
    active boolean NOT NULL DEFAULT true,
    version int NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES console.agents
);
CREATE UNIQUE INDEX users_sign_in_name ON console.users (tenant_id, lower(sign_in_name));
CREATE UNIQUE INDEX users_agent ON console.users (tenant_id, agent_id) WHERE active;
SELECT directory.protect('console', 'users');

-- Browser sessions. The cookie's secret is stored as a digest; a token is renewed only while its session stands.
CREATE TABLE console.sessions (
    tenant_id text NOT NULL,
    digest text NOT NULL,
    user_id text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, digest),
    FOREIGN KEY (tenant_id, user_id) REFERENCES console.users
);
CREATE INDEX sessions_user ON console.sessions (tenant_id, user_id) WHERE ended_at IS NULL;
SELECT directory.protect('console', 'sessions');

-- The lease of an agent's open page, kept alive by its heartbeat; stage: what was published about it last.
CREATE TABLE console.page_leases (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    session_id text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    stage text NOT NULL DEFAULT 'present' CHECK (stage IN ('present', 'unreachable', 'disconnected')),
    PRIMARY KEY (tenant_id, agent_id)
);
CREATE INDEX page_leases_seen ON console.page_leases (seen_at);
SELECT directory.protect('console', 'page_leases');

CREATE TABLE console.audit (
    tenant_id text NOT NULL,
    audit_id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    before jsonb,
    after jsonb,
    PRIMARY KEY (tenant_id, audit_id)
);
CREATE INDEX audit_subject ON console.audit (tenant_id, subject_kind, subject_id, audit_id DESC);
SELECT directory.protect('console', 'audit', 'SELECT, INSERT');

-- The live projection of a journal partition with the decision sequence it has seen: watermark and state in one row.
CREATE TABLE console.checkpoints (
    partition int PRIMARY KEY,
    sequence bigint NOT NULL,
    epoch bigint NOT NULL,
    shape int NOT NULL,                            -- version of the state's layout; another one is not read
    state bytea NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON console.checkpoints TO ucc_console_worker;

SELECT directory.create_outbox('console');
